-- id = "won_revenue"
-- beside = "closed_deals"
-- name_ru = "Сумма закрытых сделок"
-- name_en = "Won revenue"
-- unit = "money"
-- kind = "total"
-- direction = "up"
-- rule_ru = "Сумма сделок, чьё первое финальное состояние в периоде — выигрыш."
-- rule_en = "Sum of the deals whose first final state in the period is won."
-- empty = "no deal won in {period} has an amount"
-- tables = ["deals"]
-- traps = [
--   "A deal reopened and won again in another period counts in both",
-- ]
-- money = ["num"]
select deal_id as record, moment, rep, team, source, pipeline, money as num, 1 as den, false as open, no_rate as reason
from closed where outcome = 'won'
