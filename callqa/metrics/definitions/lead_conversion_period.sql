-- id = "lead_conversion_period"
-- beside = "lead_conversion"
-- name_ru = "Конверсия лидов за период"
-- name_en = "Lead conversion of the period"
-- unit = "%"
-- kind = "percent"
-- direction = "up"
-- rule_ru = "Сделки, выигранные в периоде, к лидам, созданным в периоде (разные лиды)."
-- rule_en = "Deals won in the period / leads created in the period (not the same leads)."
-- empty = "no leads created in {period}"
-- traps = [
--   "Can be over 100 % when fewer leads come than before: no interval is given",
-- ]
select lead_id as record, created_at as moment, rep, team, source, pipeline, 0 as num, 1 as den, false as open
from lead_facts where created_at >= $t0 and created_at < $t1
union all
select deal_id, moment, rep, team, source, pipeline, 1, 0, false from closed where outcome = 'won'
