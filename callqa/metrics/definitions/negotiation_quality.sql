-- id = "negotiation_quality"
-- number = 10
-- name_ru = "Качество переговоров"
-- name_en = "Negotiation quality"
-- unit = "0-100"
-- kind = "mean"
-- direction = "up"
-- rule_ru = "Средняя оценка оценённых звонков периода."
-- rule_en = "Mean score of the eligible calls of the period."
-- empty = "no scored call in {period}"
-- traps = [
--   "Calls without enough evidence are left out and counted as unknown",
-- ]
select call_id as record, moment, rep, team, source, pipeline, score as num, 1 as den, false as open
from score_facts where eligible and moment >= $t0 and moment < $t1
