-- id = "median_deal"
-- beside = "average_deal"
-- name_ru = "Медианный чек"
-- name_en = "Median deal"
-- unit = "money"
-- kind = "median"
-- direction = "up"
-- rule_ru = "Медиана сумм выигранных сделок периода."
-- rule_en = "Median amount of the deals won in the period."
-- empty = "no deals with an amount won in {period}"
-- money = ["num"]
-- traps = [
--   "Deals without an amount are left out and counted as unknown",
--   "Money at the rate of the day of the win",
-- ]
select deal_id as record, moment, rep, team, source, pipeline, money as num, 1 as den, false as open, no_rate as reason
from closed where outcome = 'won'
