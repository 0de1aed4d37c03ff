-- id = "onboarding_speed"
-- number = 15
-- name_ru = "Скорость онбординга"
-- name_en = "Onboarding speed"
-- unit = "days"
-- kind = "survival"
-- direction = "down"
-- rule_ru = "Медиана Каплана-Мейера дней от найма до конца первого из двух подряд окон (4 недели, шаг неделя), в которых выручка новичка ≥ 80 % медианы опытных за то же окно; ушедшие и не дошедшие цензурированы."
-- rule_en = "Kaplan-Meier median of days from hire to the end of the first of two windows in a row (4 weeks, a week apart) in which the newcomer's won amount is >= 80 % of the tenured median of the same window; leavers and those not there yet are censored."
-- empty = "no rep hired in the {newcomer_days} days before the end of {period}"
-- tables = ["people", "deals"]
-- traps = [
--   "Reps are tenured after tenured_days; people without a hire date are neither",
--   "Where nobody is tenured nobody is ramped",
-- ]
with newcomers as (
    select rep, team, hired_at, least(coalesce(left_at, $t1), $t1, $as_of) as until
    from reps where hired_at >= $t1 - to_days($newcomer_days) and hired_at < least($t1, $as_of)
), windows as (
    select n.*, k, n.hired_at + to_days(7 * k::int) as ends from newcomers n, range(4, 105) as w(k)
    where n.hired_at + to_days(7 * k::int) <= n.until
), daily as (select rep, moment::date as day, sum(money) as money from wins group by 1, 2
), everyone as (
    select w.rep as newcomer, w.k, r.rep, w.rep = r.rep as own,
        coalesce((select sum(d.money) from daily d where d.rep = r.rep and d.day >= (w.ends - to_days(28))::date
            and d.day < w.ends::date), 0) as money
    from windows w join reps r on r.rep = w.rep or (r.hired_at <= w.ends - to_days(28 + $tenured_days)
        and (r.left_at is null or r.left_at >= w.ends))
), held as (
    select newcomer, k, max(money) filter (own) >= 0.8 * median(money) filter (not own)
        and median(money) filter (not own) > 0 as holds
    from everyone group by 1, 2
), ramped as (
    select newcomer, min(7 * k) as days from (
        select *, lead(holds) over (partition by newcomer order by k) as holds_next from held
    ) where holds and holds_next group by 1
)
select rep as record, hired_at as moment, rep, team, null as source, null as pipeline,
    coalesce(days, datediff('second', hired_at, until) / 86400.0) as num, 1 as den, days is null as open
from newcomers left join ramped on newcomer = rep
