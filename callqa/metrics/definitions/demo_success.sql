-- id = "demo_success"
-- number = 18
-- name_ru = "Успешные презентации"
-- name_en = "Demo success"
-- unit = "%"
-- kind = "share"
-- direction = "up"
-- rule_ru = "Состоявшиеся демо, после которых за 14 дней сделка продвинулась или согласован следующий шаг, ко всем состоявшимся демо."
-- rule_en = "Held demos followed by a stage advance or an agreed next step within 14 d / held demos."
-- empty = "no demo held in {period}"
with demos as (
    select * from activity_facts where kind = 'demo' and moment >= $t0 and moment < $t1 and held
), moves as (
    select deal_id, entered_at as moment, final, stage_order,
        max(stage_order) over (partition by deal_id order by entered_at rows between unbounded preceding and 1 preceding) as before
    from stage_history where deal_id in (select deal_id from demos)
), judged as (
    select a.*, coalesce(a.next_step_agreed, false) or exists (
        select 1 from activities n where n.deal_id = a.deal_id and n.next_step_agreed
            and n.moment > a.moment and n.moment <= a.moment + to_days($advance_days)
    ) or exists (
        select 1 from moves m where m.deal_id = a.deal_id and m.moment > a.moment and m.moment <= a.moment + to_days($advance_days)
            and m.final is distinct from 'lost' and (m.stage_order > m.before or m.final = 'won')) as success
    from demos a
)
select activity_id as record, moment, rep, team, source, pipeline, success::int as num, 1 as den,
    not success and moment + to_days($advance_days) > $as_of as open
from judged
