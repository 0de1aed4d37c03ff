-- id = "lead_conversion"
-- number = 1
-- name_ru = "Конверсия лидов"
-- name_en = "Lead conversion"
-- unit = "%"
-- kind = "share"
-- direction = "up"
-- rule_ru = "Лиды, созданные в периоде, у которых есть выигранная сделка не позже A дней (90), ко всем лидам периода (когорта)."
-- rule_en = "Leads created in the period with a deal won within A days (90) / leads created in the period (cohort)."
-- empty = "no leads created in {period}"
-- traps = [
--   "A young cohort looks worse than it is: open counts the leads that still have time",
--   "Where a CRM has no leads its deals stand for them",
--   "A lead whose deal was won nobody knows when is left out and counted as unknown",
-- ]
with undated as (
    select coalesce(lead_id, deal_id) as lead_id from deal_facts
    where final = 'won' and deal_id not in (select deal_id from finals)
), judged as (select *, won_at is null and lead_id in (select lead_id from undated) as unknown from lead_facts)
select lead_id as record, created_at as moment, rep, team, source, pipeline,
    case when not unknown then coalesce(won_at <= created_at + to_days($age_days), false)::int end as num, 1 as den,
    not unknown and won_at is null and created_at + to_days($age_days) > $as_of as open
from judged where created_at >= $t0 and created_at < $t1
