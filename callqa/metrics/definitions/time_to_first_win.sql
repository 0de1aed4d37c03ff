-- id = "time_to_first_win"
-- beside = "onboarding_speed"
-- name_ru = "Время до первой победы"
-- name_en = "Time to first win"
-- unit = "days"
-- kind = "survival"
-- direction = "down"
-- rule_ru = "Медиана Каплана-Мейера дней от найма до первой выигранной сделки; ушедшие цензурированы."
-- rule_en = "Kaplan-Meier median of days from hire to the first deal won; leavers are censored."
-- empty = "no rep hired in the {newcomer_days} days before the end of {period}"
-- tables = ["people", "deals"]
with newcomers as (
    select rep, team, hired_at, least(coalesce(left_at, $t1), $t1, $as_of) as until
    from reps where hired_at >= $t1 - to_days($newcomer_days) and hired_at < least($t1, $as_of)
), first as (
    select n.rep, min(w.moment) as won_at from newcomers n join wins w on w.rep = n.rep and w.moment >= n.hired_at and w.moment < n.until
    group by 1
)
select rep as record, hired_at as moment, rep, team, null as source, null as pipeline,
    round(datediff('second', hired_at, coalesce(won_at, until)) / 86400.0, 4) as num, 1 as den, won_at is null as open
from newcomers left join first using (rep)
