-- id = "deal_cycle_survival"
-- beside = "deal_cycle"
-- name_ru = "Время закрытия сделки с открытыми (Каплан-Мейер)"
-- name_en = "Deal cycle with open deals (Kaplan-Meier)"
-- unit = "days"
-- kind = "survival"
-- direction = "down"
-- rule_ru = "Медиана Каплана-Мейера времени до выигрыша по сделкам, созданным за survival_days до конца периода; проигранные и открытые цензурированы."
-- rule_en = "Kaplan-Meier median time to the win of deals created in the survival_days before the period's end; lost and open ones are censored."
-- empty = "no deals created in the {survival_days} days before the end of {period}"
-- traps = [
--   "A lost deal counts as one that was last seen open; where most are lost the median may not be reached",
-- ]
with ended as (
    select deal_id, min(moment) as ended_at, arg_min(outcome, moment) as outcome from outcomes
    where moment < least($t1, $as_of + interval 1 second) group by 1
)
select deal_id as record, created_at as moment, rep, team, source, pipeline,
    round(datediff('second', created_at, coalesce(ended_at, least($t1, $as_of))) / 86400.0, 4) as num, 1 as den,
    coalesce(outcome <> 'won', true) as open
from deal_facts left join ended using (deal_id)
where created_at >= $t1 - to_days($survival_days) and created_at < least($t1, $as_of)
    and coalesce(ended_at, $as_of) >= created_at
