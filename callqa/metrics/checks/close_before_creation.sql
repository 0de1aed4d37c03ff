-- id = "close_before_creation"
-- number = 3
-- title_ru = "Сделки, закрытые раньше, чем созданы"
-- title_en = "Deals closed before they were created"
-- harm_ru = "Срок сделки у них отрицательный и занижает медиану; чаще всего сделку завели задним числом."
-- harm_en = "Their cycle is negative and pulls the median down; most were entered after the fact."
-- cure_ru = "Исправьте даты в CRM и импортируйте сделки ещё раз; у дат без времени проверьте часовой пояс источника."
-- cure_en = "Correct the dates in the CRM and import the deals again; for dates without a time check the source's time zone."
-- metrics = ["deal_cycle", "deal_cycle_survival", "lead_conversion"]
-- empty = "no closed deals in the store"
select deal_id as record, case when day_alone then moment::date < created_at::date else moment < created_at end as found,
    strftime(moment, '%Y-%m') as part
from closings
