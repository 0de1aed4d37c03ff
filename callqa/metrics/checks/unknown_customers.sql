-- id = "unknown_customers"
-- number = 19
-- title_ru = "Сделки клиентов, которых нет среди клиентов"
-- title_en = "Deals of customers who are not among the customers"
-- harm_ru = "Телефона такого клиента нет, и звонок с его номера ничьим и останется."
-- harm_en = "Nothing is known of such a customer's number, so a call from it stays nobody's."
-- cure_ru = "Выгрузите контакты и компании целиком, той же датой, что и сделки."
-- cure_en = "Export all contacts and companies, on the same day as the deals."
-- metrics = ["calls_matched"]
-- empty = "no customers in the store"
select d.deal_id as record, d.customer_id not in (select customer_id from clients) as found, null as part
from deal_facts d where d.customer_id is not null and exists (select 1 from clients)
