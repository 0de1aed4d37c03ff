-- id = "upsell_share"
-- number = 12
-- name_ru = "Upsell / cross-sell"
-- name_en = "Upsell / cross-sell"
-- unit = "%"
-- kind = "share"
-- direction = "up"
-- rule_ru = "Выигранные сделки с пометкой допродажи (или: у клиента был выигрыш раньше и есть строки товаров) / выигранные сделки периода."
-- rule_en = "Won deals flagged as upsell (or with an earlier win of the customer and product rows) / won deals of the period."
-- empty = "no deals won in {period} are known to be upsell or not"
-- traps = [
--   "A later win without flag and without product rows is unknown and left out",
-- ]
with earlier as (select customer_id, moment as first_at from first_wins), judged as (
    select c.*, coalesce(c.upsell, case
        when c.customer_id is null or e.first_at is null then null
        when e.first_at >= c.moment then false
        when exists (select 1 from products p where p.deal_id = c.deal_id) then true end) as flagged
    from closed c left join earlier e using (customer_id) where outcome = 'won'
)
select deal_id as record, moment, rep, team, source, pipeline, flagged::int as num, 1 as den, false as open from judged
