-- id = "connect_rate"
-- beside = "contacts_per_day"
-- name_ru = "Доля дозвонов"
-- name_en = "Connect rate"
-- unit = "%"
-- kind = "share"
-- direction = "up"
-- rule_ru = "Состоявшиеся звонки / все звонки периода."
-- rule_en = "Connected calls / all calls of the period."
-- empty = "no calls in {period}"
select activity_id as record, moment, rep, team, source, pipeline,
    (coalesce(connected, true) and coalesce(seconds >= $connected_seconds, connected))::int as num, 1 as den, false as open
from activity_facts where kind = 'call' and moment >= $t0 and moment < $t1
