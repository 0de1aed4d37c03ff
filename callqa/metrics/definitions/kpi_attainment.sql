-- id = "kpi_attainment"
-- number = 14
-- name_ru = "Выполнение KPI"
-- name_en = "KPI attainment"
-- unit = "%"
-- kind = "share"
-- direction = "up"
-- rule_ru = "Сотрудники с выполнением плана ≥ 100 % / сотрудники с планом."
-- rule_en = "Reps with attainment >= 100 % / reps with a target."
-- empty = "no targets of reps for {period}"
-- traps = [
--   "Targets are monthly: only the months wholly inside the period count",
--   "A rep with several targets has reached what the least of them says",
--   "Targets may be on revenue, closed_deals and contacts",
--   "In a month that is not over its target is not due yet",
--   "A target in another currency is taken at the rate of the month's first day",
-- ]
with targeted as (
    select t.person_id as rep, p.team, t.metric, sum(t.amount) as target, min(t.month || '-01')::timestamp as moment,
        min(t.no_rate) as no_rate
    from target_facts t left join people p on p.person_id = t.person_id
    where t.person_id is not null and (t.amount > 0 or t.no_rate is not null) and list_contains($months, t.month)
        and t.metric in ('revenue', 'won_revenue', 'closed_deals', 'contacts') group by 1, 2, 3
), done as (
    select rep, 'money' as what, sum(money) as amount, min(no_rate) as reason from closed where outcome = 'won' group by 1
    union all select rep, 'closed_deals', 100 * count(*), null from closed where outcome = 'won' group by 1
    union all select rep, 'contacts', 100 * count(*), null from activity_facts
    where moment >= $t0 and moment < $t1 and (kind = 'call' and coalesce(connected, true) and coalesce(seconds >= $connected_seconds, connected)
        or kind in ('meeting', 'demo') and held) group by 1
), attained as (
    select t.* exclude (no_rate), coalesce(d.amount, 0) / t.target as attainment, coalesce(t.no_rate, d.reason) as reason
    from targeted t left join done d on d.rep = t.rep
        and d.what = case when t.metric in ('revenue', 'won_revenue') then 'money' else t.metric end
), by_rep as (
    select rep, team, min(moment) as moment, min(attainment) as attainment, min(reason) as reason from attained group by 1, 2
)
select rep as record, moment, rep, team, null as source, null as pipeline, (attainment >= 1)::int as num, 1 as den, false as open,
    reason, attainment
from by_rep
