-- id = "demo_show_rate"
-- beside = "demo_success"
-- name_ru = "Доходимость до демо"
-- name_en = "Demo show rate"
-- unit = "%"
-- kind = "share"
-- direction = "up"
-- rule_ru = "Состоявшиеся демо / назначенные демо периода."
-- rule_en = "Held demos / demos planned for the period."
-- empty = "no demo planned for {period}"
select a.activity_id as record, a.moment, a.rep, a.team, a.source, a.pipeline, a.held::int as num, 1 as den,
    a.moment > $as_of as open
from activity_facts a
where a.kind = 'demo' and a.moment >= $t0 and a.moment < $t1
