-- id = "sql_share"
-- number = 16
-- name_ru = "Доля SQL"
-- name_en = "SQL share"
-- unit = "%"
-- kind = "share"
-- direction = "up"
-- rule_ru = "Лиды периода, ставшие SQL не позже A дней (90), ко всем лидам периода."
-- rule_en = "Leads created in the period that reached SQL within A days (90) / leads created in the period."
-- empty = "no leads created in {period}"
select lead_id as record, created_at as moment, rep, team, source, pipeline,
    coalesce(sql_at <= created_at + to_days($age_days), false)::int as num, 1 as den,
    sql_at is null and created_at + to_days($age_days) > $as_of as open,
    case when not exists (select 1 from lead_facts where sql_at is not null)
        then 'no lead has a qualification time (sql_at)' end as reason
from lead_facts where created_at >= $t0 and created_at < $t1
