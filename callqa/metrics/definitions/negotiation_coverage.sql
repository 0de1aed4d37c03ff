-- id = "negotiation_coverage"
-- beside = "negotiation_quality"
-- name_ru = "Полнота оценки переговоров"
-- name_en = "Coverage of the scores"
-- unit = "0-100"
-- kind = "mean"
-- direction = "up"
-- rule_ru = "Средняя доля карты, на которую хватило данных."
-- rule_en = "Mean share of the scorecard that had evidence."
-- empty = "no scored call in {period}"
-- traps = [
--   "A share times 100",
-- ]
select call_id as record, moment, rep, team, source, pipeline, 100 * coverage as num, 1 as den, false as open
from score_facts where eligible and moment >= $t0 and moment < $t1
