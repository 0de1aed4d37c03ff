-- id = "test_records"
-- number = 13
-- title_ru = "Пробные записи"
-- title_en = "Test records"
-- harm_ru = "Проверки форм и рекламы считаются лидами: конверсия ниже, чем есть."
-- harm_en = "Trials of forms and campaigns count as leads: the conversion looks lower than it is."
-- cure_ru = "Отсейте их в описании источника: skip = { \"Источник\" = [\"Test\"] }."
-- cure_en = "Leave them out in the source's mapping: skip = { \"Source\" = [\"Test\"] }."
-- metrics = ["lead_conversion", "response_time", "cac"]
-- empty = "no leads and no deals in the store"
select lead_id as record, coalesce(regexp_matches(lower(source), '(^|[^a-zа-я])(test|тест|проверка)($|[^a-zа-я])'), false)
    as found, source as part
from lead_facts
