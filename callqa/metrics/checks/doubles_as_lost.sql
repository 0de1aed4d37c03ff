-- id = "doubles_as_lost"
-- number = 12
-- title_ru = "Дубли, закрытые как отказ"
-- title_en = "Doubles closed as lost"
-- harm_ru = "Повторная заявка не отказ клиента, но в уровень отказов она входит."
-- harm_en = "A repeated request is no refusal, yet it counts in the loss rate."
-- cure_ru = "Объединяйте дубли, а не проигрывайте их; или отсейте эту причину в описании источника (skip)."
-- cure_en = "Merge doubles instead of losing them, or leave that reason out in the source's mapping (skip)."
-- metrics = ["loss_rate", "lead_conversion"]
-- empty = "no lost deals in the store"
select deal_id as record, coalesce(regexp_matches(lower(loss_reason), 'дубл|duplicat|повтор'), false) as found,
    loss_reason as part
from deal_facts where final = 'lost' or deal_id in (select deal_id from finals where final = 'lost')
