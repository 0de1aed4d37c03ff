-- id = "marketing_roi"
-- number = 8
-- name_ru = "ROI маркетинга"
-- name_en = "Marketing ROI"
-- unit = "%"
-- kind = "return"
-- direction = "up"
-- rule_ru = "(Валовая прибыль выигранных сделок из платных каналов − расходы на маркетинг) / расходы на маркетинг; по каналам."
-- rule_en = "(Gross profit of won deals from paid channels - marketing cost) / marketing cost; by channel."
-- empty = "marketing cost of {period} is zero"
-- money = ["num", "den"]
-- needs = { cost = "no marketing cost rows for {period}" }
-- traps = [
--   "The source is the one the CRM keeps: first or last touch, as the team set it",
--   "Deals won today were paid for earlier",
-- ]
select deal_id as record, moment, rep, team, source, pipeline, profit as num, 0 as den, false as open,
    coalesce(no_rate, case when profit is null then 'won deals without a gross cost; set margin' end) as reason, 'win' as part
from closed where outcome = 'won' and source in (
    select channel from cost_facts where kind = 'marketing' group by channel having sum(money) > 0)
union all
select cost_id, moment, null, null, channel, null, 0, money, false, no_rate, 'cost'
from cost_facts where kind = 'marketing' and moment >= $t0 and moment < $t1
