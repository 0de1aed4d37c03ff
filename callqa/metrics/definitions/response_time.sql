-- id = "response_time"
-- number = 3
-- name_ru = "Скорость обработки заявок"
-- name_en = "Response time"
-- unit = "min"
-- kind = "median"
-- direction = "down"
-- rule_ru = "Медиана минут от создания лида до первого касания по лидам периода; нетронутые считаются отдельно (open)."
-- rule_en = "Median minutes from a lead's creation to its first touch, leads created in the period; never-touched ones apart (open)."
-- empty = "no lead of {period} has a first touch"
-- traps = [
--   "A touch before the lead's own record counts as 0 minutes",
--   "Calendar minutes, nights and weekends included: see response_time_working",
-- ]
select lead_id as record, created_at as moment, rep, team, source, pipeline,
    case when first_touch_at is not null then greatest(0, datediff('second', created_at, first_touch_at) / 60.0) end as num, 1 as den, first_touch_at is null as open,
    case when not exists (select 1 from lead_facts where first_touch_at is not null)
        then 'no lead has a first touch' end as reason
from lead_facts where created_at >= $t0 and created_at < $t1
