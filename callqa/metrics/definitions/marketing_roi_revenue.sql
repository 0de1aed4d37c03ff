-- id = "marketing_roi_revenue"
-- beside = "marketing_roi"
-- name_ru = "ROI маркетинга по выручке"
-- name_en = "Marketing ROI by revenue"
-- unit = "%"
-- kind = "return"
-- direction = "up"
-- rule_ru = "(Сумма выигранных сделок из платных каналов − расходы на маркетинг) / расходы на маркетинг; по каналам."
-- rule_en = "(Amount of won deals from paid channels - marketing cost) / marketing cost; by channel."
-- empty = "marketing cost of {period} is zero"
-- money = ["num", "den"]
-- needs = { cost = "no marketing cost rows for {period}" }
-- traps = [
--   "What the goods cost is left out: it flatters, see marketing_roi",
--   "The source is the one the CRM keeps: first or last touch, as the team set it",
--   "Deals won today were paid for earlier",
-- ]
select deal_id as record, moment, rep, team, source, pipeline, money as num, 0 as den, false as open,
    no_rate as reason, 'win' as part
from closed where outcome = 'won' and source in (
    select channel from cost_facts where kind = 'marketing' group by channel having sum(money) > 0)
union all
select cost_id, moment, null, null, channel, null, 0, money, false, no_rate, 'cost'
from cost_facts where kind = 'marketing' and moment >= $t0 and moment < $t1
