-- id = "no_activity"
-- number = 7
-- title_ru = "Сделки без единого действия"
-- title_en = "Deals without any activity"
-- harm_ru = "Ни звонка, ни встречи, ни письма: работа идёт мимо CRM, и звонков на сделку и скорости ответа не посчитать."
-- harm_en = "No call, meeting or message: the work is done outside the CRM, so contacts and response times cannot be told."
-- cure_ru = "Подключите телефонию и почту к CRM; импортируйте activities и записи звонков."
-- cure_en = "Connect telephony and mail to the CRM; import activities and the recorded calls."
-- metrics = ["contacts_per_day", "response_time", "calls_per_deal"]
-- empty = "no activities and no calls in the store"
with acted as (
    select deal_id from activities where deal_id is not null
    union select deal_id from call_deals where deal_id is not null
    union select ld.deal_id from activities a join lead_deals ld using (lead_id)
)
select d.deal_id as record, a.deal_id is null as found, coalesce(d.final, 'open') as part
from deal_facts d left join acted a using (deal_id)
where exists (select 1 from activities) or exists (select 1 from call_deals)
