-- id = "response_within_5min"
-- beside = "response_time"
-- name_ru = "Обработаны в течение 5 минут"
-- name_en = "Touched within 5 minutes"
-- unit = "%"
-- kind = "share"
-- direction = "up"
-- rule_ru = "Лиды периода, тронутые в течение 5 минут, ко всем лидам периода; нетронутые входят в знаменатель."
-- rule_en = "Leads of the period touched within 5 minutes / all leads of the period, never-touched ones included."
-- empty = "no leads created in {period}"
select lead_id as record, created_at as moment, rep, team, source, pipeline,
    coalesce(first_touch_at <= created_at + interval 5 minute, false)::int as num, 1 as den, first_touch_at is null and created_at + interval 5 minute > $as_of as open,
    case when not exists (select 1 from lead_facts where first_touch_at is not null)
        then 'no lead has a first touch' end as reason
from lead_facts where created_at >= $t0 and created_at < $t1
