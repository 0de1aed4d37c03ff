-- id = "skipped_stages"
-- number = 8
-- title_ru = "Пропущенные этапы"
-- title_en = "Skipped stages"
-- harm_ru = "Сделка перескочила через этап своей воронки: конверсия этапов считает без неё, и узкое место видно не там."
-- harm_en = "The deal jumped over a stage of its pipeline: stage conversion does not count it there and shows the narrow place elsewhere."
-- cure_ru = "Сделайте этап обязательным в CRM или уберите из воронки этап, который все пропускают."
-- cure_en = "Make the stage a must in the CRM, or drop a stage that everybody skips."
-- metrics = ["stage_conversion", "demo_success"]
-- empty = "no stage history with an order of stages"
with ladder as (
    select distinct d.pipeline, e.stage_order, e.stage
    from entries e join deal_facts d using (deal_id) where e.final is null and e.stage_order is not null
), steps as (
    select e.deal_id, d.pipeline, e.stage_order, e.final, e.moment,
        max(e.stage_order) over (partition by e.deal_id order by e.moment, e.stage_order
            rows between unbounded preceding and 1 preceding) as reached
    from entries e join deal_facts d using (deal_id)
    where e.stage_order is not null and e.final is distinct from 'lost'
), missed as (
    select s.deal_id, min_by(l.stage, l.stage_order) as stage from steps s join ladder l
        on l.pipeline is not distinct from s.pipeline and l.stage_order > s.reached and l.stage_order < s.stage_order
    group by 1
)
select distinct s.deal_id as record, m.deal_id is not null as found, m.stage as part
from steps s left join missed m using (deal_id) where s.reached is not null
