-- id = "ltv"
-- number = 6
-- name_ru = "LTV"
-- name_en = "LTV"
-- unit = "money"
-- kind = "ratio"
-- direction = "up"
-- rule_ru = "Средний чек × покупок в год × срок жизни в годах: сумма выигранного / число ушедших клиентов; клиент ушёл, если repeat_days дней не покупал. С lifetime_years: сумма / годы клиентов × срок жизни."
-- rule_en = "Average deal x purchases a year x lifetime in years. Lifetime = customer-years / customers gone (no win for repeat_days), which makes it sum won / customers gone; with lifetime_years set: sum won / customer-years x lifetime_years."
-- empty = "no customer has gone yet (none silent for {repeat_days} days); set lifetime_years"
-- money = ["num"]
-- traps = [
--   "All wins until the period's end, not of the period alone",
--   "Rests on few customers gone in a young company: look at n and at ltv_historic",
--   "Without gross costs it is revenue, no profit",
-- ]
with customers_won as (
    select customer_id, min(moment) as first_at, max(moment) as last_at, sum(money) as money, min(no_rate) as reason,
        arg_min(rep, moment) as rep, arg_min(team, moment) as team, arg_min(source, moment) as source, arg_min(pipeline, moment) as pipeline
    from wins where customer_id is not null and moment < $t1 group by 1
), lived as (
    select *, last_at + to_days($repeat_days) <= least($t1, $as_of) as gone,
        datediff('second', first_at, least($t1, $as_of, last_at + to_days($repeat_days))) / 31557600.0 as years
    from customers_won
)
select customer_id as record, first_at as moment, rep, team, source, pipeline, money * coalesce($lifetime_years, 1) as num,
    case when $lifetime_years is null then gone::int else years end as den, not gone as open, reason
from lived where money is not null
