-- id = "average_deal"
-- number = 5
-- name_ru = "Средний чек"
-- name_en = "Average deal"
-- unit = "money"
-- kind = "mean"
-- direction = "up"
-- rule_ru = "Сумма выигранных / число выигранных сделок периода."
-- rule_en = "Sum of won amounts / won deals of the period."
-- empty = "no deals with an amount won in {period}"
-- money = ["num"]
-- traps = [
--   "Deals without an amount are left out and counted as unknown",
--   "Money at the rate of the day of the win",
-- ]
select deal_id as record, moment, rep, team, source, pipeline, money as num, 1 as den, false as open, no_rate as reason
from closed where outcome = 'won'
