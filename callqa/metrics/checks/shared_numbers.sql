-- id = "shared_numbers"
-- number = 14
-- title_ru = "Один телефон у нескольких клиентов"
-- title_en = "One telephone number of several customers"
-- harm_ru = "Один человек заведён как несколько: новых клиентов больше, чем есть, повторных покупок меньше; звонок не понять, чей."
-- harm_en = "One person stands as several: more new customers than there are, fewer repeat purchases, and a call cannot tell whose it is."
-- cure_ru = "Объедините карточки клиентов в CRM."
-- cure_en = "Merge the customers in the CRM."
-- metrics = ["cac", "repeat_purchases", "ltv", "calls_matched"]
-- empty = "no customers with a telephone number"
with known as (select customer_id, phone_key(phone) as number from clients)
select customer_id as record, count(*) over (partition by number) > 1 as found, null as part
from known where number is not null
