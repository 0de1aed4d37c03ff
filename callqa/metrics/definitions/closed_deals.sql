-- id = "closed_deals"
-- number = 20
-- name_ru = "Закрытые сделки"
-- name_en = "Closed deals"
-- unit = "count"
-- kind = "total"
-- direction = "up"
-- rule_ru = "Сделки, чьё первое финальное состояние в периоде — выигрыш."
-- rule_en = "Deals whose first final state in the period is won."
-- empty = "no deal won in {period} has an amount"
-- tables = ["deals"]
-- traps = [
--   "A deal reopened and won again in another period counts in both",
-- ]
select deal_id as record, moment, rep, team, source, pipeline, 1 as num, 1 as den, false as open
from closed where outcome = 'won'
