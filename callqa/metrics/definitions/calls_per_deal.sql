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
select deal_id as record, moment, rep, team, source, pipeline, calls as num, 1 as den, false as open, outcome,
    case when not exists (select 1 from call_facts) then 'no calls in the store' end as reason
from closed
