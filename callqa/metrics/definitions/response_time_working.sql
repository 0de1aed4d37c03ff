-- id = "response_time_working"
-- beside = "response_time"
-- name_ru = "Скорость обработки заявок, рабочие часы"
-- name_en = "Response time, working hours"
-- unit = "min"
-- kind = "median"
-- direction = "down"
-- rule_ru = "Медиана рабочих минут до первого касания."
-- rule_en = "Median working minutes to the first touch."
-- empty = "no lead of {period} has a first touch"
-- traps = [
--   "Holidays count as working days here",
-- ]
select lead_id as record, created_at as moment, rep, team, source, pipeline,
    case when first_touch_at is not null
        then greatest(0, working_minutes(first_touch_at) - working_minutes(created_at)) end as num, 1 as den, first_touch_at is null as open,
    case when not exists (select 1 from lead_facts where first_touch_at is not null)
        then 'no lead has a first touch' end as reason
from lead_facts where created_at >= $t0 and created_at < $t1
