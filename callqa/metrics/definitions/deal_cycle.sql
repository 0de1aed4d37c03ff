-- id = "deal_cycle"
-- number = 2
-- name_ru = "Время закрытия сделки"
-- name_en = "Deal cycle"
-- unit = "days"
-- kind = "median"
-- direction = "down"
-- rule_ru = "Медиана дней от создания до выигрыша по сделкам, выигранным в периоде."
-- rule_en = "Median days from creation to the win, of deals won in the period."
-- empty = "no deals won in {period}"
-- traps = [
--   "Only deals that ended count: slow ones are still open, see deal_cycle_survival",
--   "A CRM's close date is often a plan: the stage history is preferred",
-- ]
select deal_id as record, moment, rep, team, source, pipeline,
    case when moment >= created_at then round(datediff('second', created_at, moment) / 86400.0, 4) end as num, 1 as den, false as open
from closed where outcome = 'won'
