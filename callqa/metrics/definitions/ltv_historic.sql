-- id = "ltv_historic"
-- beside = "ltv"
-- name_ru = "Историческая выручка на клиента"
-- name_en = "Historic value per customer"
-- unit = "money"
-- kind = "ratio"
-- direction = "up"
-- rule_ru = "Сумма всех выигранных сделок / клиенты с выигрышем, до конца периода."
-- rule_en = "Sum of all won amounts / customers with a win, until the period's end."
-- empty = "no customer with a win before the end of {period}"
-- money = ["num"]
with customers_won as (
    select customer_id, min(moment) as first_at, max(moment) as last_at, sum(money) as money, min(no_rate) as reason,
        arg_min(rep, moment) as rep, arg_min(team, moment) as team, arg_min(source, moment) as source, arg_min(pipeline, moment) as pipeline
    from wins where customer_id is not null and moment < $t1 group by 1
)
select customer_id as record, first_at as moment, rep, team, source, pipeline, money as num, 1 as den, false as open, reason
from customers_won where money is not null
