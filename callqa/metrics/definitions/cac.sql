-- id = "cac"
-- number = 7
-- name_ru = "CAC"
-- name_en = "CAC"
-- unit = "money"
-- kind = "ratio"
-- direction = "down"
-- rule_ru = "Расходы на продажи и маркетинг за период / клиенты, впервые купившие в периоде."
-- rule_en = "Sales and marketing cost of the period / customers first won in the period."
-- empty = "no customer first won in {period}"
-- money = ["num"]
-- needs = { cost = "no cost rows for {period}" }
-- traps = [
--   "Costs come before the customers they bring: cac_lag_days shifts them",
--   "By source only what is booked on a channel counts, by team only what is booked on a team",
-- ]
select cost_id as record, moment, null as rep, team, channel as source, null as pipeline, money as num, 0 as den,
    false as open, no_rate as reason, 'cost' as part
from cost_facts where moment >= $t0 - to_days($cac_lag_days) and moment < $t1 - to_days($cac_lag_days)
union all
select customer_id, moment, rep, team, source, pipeline, 0, 1, false, null, 'customer' from first_wins where moment >= $t0 and moment < $t1
