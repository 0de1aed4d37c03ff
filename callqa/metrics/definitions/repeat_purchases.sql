-- id = "repeat_purchases"
-- number = 11
-- name_ru = "Повторные покупки"
-- name_en = "Repeat purchases"
-- unit = "%"
-- kind = "share"
-- direction = "up"
-- rule_ru = "Клиенты с ≥ 2 выигрышами в окне W (365 дней) от первого / клиенты, чьё окно закончилось в периоде."
-- rule_en = "Customers with >= 2 wins inside the window W (365 d) from the first / customers whose window ended in the period."
-- empty = "no customer's window of {repeat_days} days ended in {period}"
-- traps = [
--   "Each customer counts in one period: where the window ends, not where it begins",
-- ]
select f.customer_id as record, f.moment + to_days($repeat_days) as moment, f.rep, f.team, f.source, f.pipeline,
    exists (select 1 from wins w where w.customer_id = f.customer_id and w.deal_id <> f.deal_id
        and w.moment >= f.moment and w.moment <= f.moment + to_days($repeat_days))::int as num,
    (f.moment + to_days($repeat_days) <= $as_of)::int as den, f.moment + to_days($repeat_days) > $as_of as open
from first_wins f
where f.moment + to_days($repeat_days) >= $t0 and f.moment + to_days($repeat_days) < $t1
