-- id = "loss_rate_cohort"
-- beside = "loss_rate"
-- name_ru = "Не конвертированы к возрасту A"
-- name_en = "Not converted by age A"
-- unit = "%"
-- kind = "share"
-- direction = "down"
-- rule_ru = "Сделки, созданные в периоде, не выигранные за A дней (90), ко всем созданным, кому уже A дней или кто выигран."
-- rule_en = "Deals created in the period not won within A days (90) / those that are A days old, or won."
-- empty = "no deal created in {period} is {age_days} days old"
-- traps = [
--   "Those still open and younger than A days are in neither count",
--   "A deal won nobody knows when is left out and counted as unknown",
-- ]
with won as (select deal_id, min(moment) as won_at from wins group by 1), aged as (
    select *, won_at <= created_at + to_days($age_days) as converted, won_at is null and final is not distinct from 'won' as unknown,
        won_at is null and final is distinct from 'won' and created_at + to_days($age_days) > $as_of as open
    from deal_facts left join won using (deal_id) where created_at >= $t0 and created_at < $t1
)
select deal_id as record, created_at as moment, rep, team, source, pipeline, case when not unknown then (not open and not coalesce(converted, false))::int end as num,
    (not open)::int as den, open
from aged
