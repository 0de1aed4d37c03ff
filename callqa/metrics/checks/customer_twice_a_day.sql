-- id = "customer_twice_a_day"
-- number = 11
-- title_ru = "Несколько сделок одного клиента за день"
-- title_en = "Several deals of one customer in a day"
-- harm_ru = "Одна заявка, видимо, заведена несколько раз: лидов больше, чем людей, конверсия ниже, чем есть."
-- harm_en = "One request was entered several times, it seems: more leads than people, a conversion lower than it is."
-- cure_ru = "Включите в CRM поиск дублей при создании; повторы объедините."
-- cure_en = "Let the CRM look for doubles when a deal is created; merge what is there."
-- metrics = ["lead_conversion", "loss_rate", "sql_share"]
-- empty = "no deals with a customer"
select deal_id as record, count(*) over (partition by customer_id, pipeline, created_at::date) > 1 as found, source as part
from deal_facts where customer_id is not null
