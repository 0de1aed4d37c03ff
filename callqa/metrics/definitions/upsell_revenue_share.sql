-- id = "upsell_revenue_share"
-- beside = "upsell_share"
-- name_ru = "Доля выручки допродаж"
-- name_en = "Upsell share of revenue"
-- unit = "%"
-- kind = "percent"
-- direction = "up"
-- rule_ru = "Сумма допродаж / сумма выигранных сделок периода."
-- rule_en = "Amount of upsells / amount of won deals of the period."
-- empty = "no deals won in {period} are known to be upsell or not"
-- money = ["num", "den"]
with earlier as (select customer_id, moment as first_at from first_wins), judged as (
    select c.*, coalesce(c.upsell, case
        when c.customer_id is null or e.first_at is null then null
        when e.first_at >= c.moment then false
        when exists (select 1 from products p where p.deal_id = c.deal_id) then true end) as flagged
    from closed c left join earlier e using (customer_id) where outcome = 'won'
)
select deal_id as record, moment, rep, team, source, pipeline, flagged::int * money as num, money as den, false as open, no_rate as reason
from judged
