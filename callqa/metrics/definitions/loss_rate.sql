-- id = "loss_rate"
-- number = 4
-- name_ru = "Уровень отказов"
-- name_en = "Loss rate"
-- unit = "%"
-- kind = "share"
-- direction = "down"
-- rule_ru = "Проигранные / (выигранные + проигранные) в периоде, по первому финальному состоянию в периоде."
-- rule_en = "Lost / (won + lost) in the period, by the first final state in the period."
-- empty = "no deals closed in {period}"
-- splits = ["loss_reason", "lost_stage"]
-- traps = [
--   "Biased while deals are open: quick losses come before slow wins, see loss_rate_cohort",
--   "A part by reason is over all closed deals: the parts sum to the loss rate",
-- ]
select deal_id as record, moment, rep, team, source, pipeline, (outcome = 'lost')::int as num, 1 as den, false as open,
    case when outcome = 'lost' then coalesce(loss_reason, 'not given') end as loss_reason,
    case when outcome = 'lost' then coalesce(lost_stage, 'not known') end as lost_stage
from closed
