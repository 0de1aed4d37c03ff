-- id = "stage_conversion"
-- number = 17
-- name_ru = "Конверсия этапов"
-- name_en = "Stage conversion"
-- unit = "%"
-- kind = "share"
-- direction = "up"
-- rule_ru = "Сделки, впервые вошедшие в этап в периоде и вошедшие позже в более поздний этап за A дней (90), ко всем вошедшим в этап; по этапам."
-- rule_en = "Deals entering a stage in the period (first entry) that later enter a later stage within A days (90) / deals entering it; by stage."
-- empty = "no deal entered a stage in {period}"
-- cuts = ["stage"]
-- tables = ["stage_history"]
-- traps = [
--   "A stage that a deal skipped was not entered: it is in neither count",
--   "Still there counts as open",
-- ]
select e.deal_id || ' ' || e.stage as record, e.moment, d.rep, d.team, d.source, d.pipeline,
    (nxt.moment is not null)::int as num, 1 as den,
    nxt.moment is null and e.moment + to_days($age_days) > $as_of and f.moment is null as open, e.stage,
    case when e.stage_order is null then 'stage ' || e.stage || ' has no order' end as reason
from entries e join deal_facts d using (deal_id)
left join lateral (
    select min(n.moment) as moment from entries n where n.deal_id = e.deal_id and n.moment > e.moment
        and n.moment <= e.moment + to_days($age_days) and (n.stage_order > e.stage_order and n.final is distinct from 'lost' or n.final = 'won')
) nxt on true
left join (select deal_id, max(moment) as moment from finals group by 1) f on f.deal_id = e.deal_id
where e.final is null and e.moment >= $t0 and e.moment < $t1
