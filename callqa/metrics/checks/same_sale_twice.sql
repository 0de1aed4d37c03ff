-- id = "same_sale_twice"
-- number = 10
-- title_ru = "Похоже, одна продажа заведена дважды"
-- title_en = "One sale entered twice, it seems"
-- harm_ru = "Тот же клиент, та же сумма, тот же день: выручка и число сделок завышены, средний чек и повторные покупки тоже."
-- harm_en = "The same customer, amount and day: revenue and deals count double, and so do repeat purchases."
-- cure_ru = "Объедините сделки в CRM; пробные и служебные отсейте в описании источника (skip)."
-- cure_en = "Merge the deals in the CRM; leave out test deals in the source's mapping (skip)."
-- metrics = ["closed_deals", "won_revenue", "repeat_purchases", "ltv"]
-- empty = "no deals with a customer and an amount"
select deal_id as record,
    count(*) over (partition by customer_id, amount, currency, created_at::date) > 1 as found, coalesce(final, 'open') as part
from deal_facts where customer_id is not null and amount > 0
