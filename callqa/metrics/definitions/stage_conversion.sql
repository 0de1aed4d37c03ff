-- id = "stage_conversion"
-- number = 17
-- name_ru = "Конверсия этапов"
-- name_en = "Stage conversion"
-- unit = "%"
-- kind = "share"
-- direction = "up"
-- rule_ru = "Сделки, впервые вошедшие в этап в периоде и вошедшие позже в более поздний этап за A дней (90), ко всем вошедшим в этап; по этапам."
-- rule_en = "Deals entering a stage in the period (first entry) that later enter a later stage within A days (90) / deals entering it; by stage."
-- empty = "no deal entered a stage in {period}"
-- cuts = ["stage"]
-- tables = ["stage_history"]
-- traps = [
--   "A stage that a deal skipped was not entered: it is in neither count",
--   "Still there counts as open",
-- ]
select deal_id || ' ' || stage as record, moment, rep, team, source, pipeline,
    coalesce(advanced_at <= moment + to_days($age_days), false)::int as num, 1 as den,
    num = 0 and moment + to_days($age_days) > $as_of and ended_at is null as open, stage,
    case when stage_order is null then 'stage ' || stage || ' has no order' end as reason
from stage_facts where known and final is null and moment >= $t0 and moment < $t1
