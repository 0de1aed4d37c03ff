-- id = "deal_call_quality"
-- beside = "negotiation_quality"
-- name_ru = "Качество переговоров по закрытым сделкам"
-- name_en = "Negotiation quality of closed deals"
-- unit = "0-100"
-- kind = "mean"
-- direction = "up"
-- rule_ru = "Средняя оценка звонков до решения по сделкам, закрытым в периоде; по исходу."
-- rule_en = "Mean score of the calls up to the decision of deals closed in the period; by outcome."
-- empty = "no scored call of a deal closed in {period}"
-- cuts = ["outcome"]
-- traps = [
--   "Calls after the decision are left out: they tell of it, not what led to it",
--   "A difference between won and lost is no proof that the calls made it",
-- ]
select s.call_id as record, d.moment, d.rep, d.team, d.source, d.pipeline, s.score as num, 1 as den, false as open,
    d.outcome
from closed d join call_scores s on s.deal_id = d.deal_id and s.moment <= d.moment where s.eligible
