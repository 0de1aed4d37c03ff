-- id = "calls_per_deal"
-- beside = "contacts_per_day"
-- name_ru = "Звонков на сделку"
-- name_en = "Calls per deal"
-- unit = "count"
-- kind = "mean"
-- direction = "none"
-- rule_ru = "Звонки сделки до её решения, в среднем на сделку, закрытую в периоде; по исходу."
-- rule_en = "Calls of a deal up to its decision, mean over the deals closed in the period; by outcome."
-- empty = "no deals closed in {period}"
-- cuts = ["outcome"]
-- traps = [
--   "Calls after the decision do not count; nor do calls whose deal was not found, see calls_matched",
--   "The CRM's calls count, and recordings only where the CRM has no calls: both may tell of one call",
-- ]
with counted as (
    select c.deal_id, c.moment from call_deals c where c.deal_id is not null
        and c.kind = case when exists (select 1 from activities where kind = 'call') then 'activity' else 'recording' end
)
select d.deal_id as record, d.moment, d.rep, d.team, d.source, d.pipeline, count(c.moment) as num, 1 as den,
    false as open, d.outcome,
    case when not exists (select 1 from call_deals) then 'no calls in the store' end as reason
from closed d left join counted c on c.deal_id = d.deal_id and c.moment <= d.moment
group by all
