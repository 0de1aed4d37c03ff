-- id = "touch_before_lead"
-- number = 29
-- title_ru = "Первый ответ раньше самого лида"
-- title_en = "First answers before the lead itself"
-- harm_ru = "Скорость ответа у них отрицательная и занижает медиану."
-- harm_en = "Their response time is negative and pulls the median down."
-- cure_ru = "Проверьте часовые пояса выгрузок; у вернувшихся клиентов заводите новый лид."
-- cure_en = "Check the time zones of the exports; enter a new lead when a customer comes back."
-- metrics = ["response_time", "response_within_5min"]
-- empty = "no lead has a first answer"
select lead_id as record, first_touch_at < created_at as found, strftime(created_at, '%Y-%m') as part
from lead_facts where first_touch_at is not null
