-- id = "response_time_p90"
-- beside = "response_time"
-- name_ru = "Скорость обработки заявок, p90"
-- name_en = "Response time, 90th percentile"
-- unit = "min"
-- kind = "p90"
-- direction = "down"
-- rule_ru = "90-й перцентиль минут до первого касания."
-- rule_en = "90th percentile of the minutes to the first touch."
-- empty = "no lead of {period} has a first touch"
select lead_id as record, created_at as moment, rep, team, source, pipeline,
    case when first_touch_at is not null then greatest(0, datediff('second', created_at, first_touch_at) / 60.0) end as num, 1 as den, first_touch_at is null as open,
    case when not exists (select 1 from lead_facts where first_touch_at is not null)
        then 'no lead has a first touch' end as reason
from lead_facts where created_at >= $t0 and created_at < $t1
