-- id = "never_touched"
-- beside = "response_time"
-- name_ru = "Нетронутые лиды"
-- name_en = "Never touched"
-- unit = "%"
-- kind = "share"
-- direction = "down"
-- rule_ru = "Лиды периода без единого касания ко всем лидам периода."
-- rule_en = "Leads of the period without any touch / leads of the period."
-- empty = "no leads created in {period}"
-- traps = [
--   "A lead of the last hours counts as never touched",
-- ]
select lead_id as record, created_at as moment, rep, team, source, pipeline,
    (first_touch_at is null)::int as num, 1 as den, false as open,
    case when not exists (select 1 from lead_facts where first_touch_at is not null)
        then 'no lead has a first touch' end as reason
from lead_facts where created_at >= $t0 and created_at < $t1
