-- id = "no_amount"
-- number = 26
-- title_ru = "Выигранные сделки без суммы"
-- title_en = "Won deals without an amount"
-- harm_ru = "Сделка считается, а денег в ней нет: средний чек и выручка занижены."
-- harm_en = "The deal counts, its money does not: the average deal and the revenue are too low."
-- cure_ru = "Сделайте сумму обязательной для выигрыша; проверьте колонку суммы в описании источника."
-- cure_en = "Make the amount a must for winning; check the amount's column in the source's mapping."
-- metrics = ["average_deal", "won_revenue", "marketing_roi"]
-- empty = "no won deals in the store"
select deal_id as record, coalesce(amount, 0) <= 0 as found, currency as part
from deal_facts where final = 'won' or deal_id in (select deal_id from finals where final = 'won')
