-- id = "no_customer"
-- number = 27
-- title_ru = "Выигранные сделки без клиента"
-- title_en = "Won deals without a customer"
-- harm_ru = "Нельзя узнать, новый ли это клиент и покупал ли он снова."
-- harm_en = "Nobody can tell whether the customer is new and whether he bought again."
-- cure_ru = "Связывайте сделку с контактом или компанией; проверьте колонку клиента в описании источника."
-- cure_en = "Tie deals to a contact or company; check the customer's column in the source's mapping."
-- metrics = ["cac", "ltv", "repeat_purchases"]
-- empty = "no won deals in the store"
select deal_id as record, customer_id is null as found, pipeline as part
from deal_facts where final = 'won' or deal_id in (select deal_id from finals where final = 'won')
