-- id = "contacts_per_day"
-- number = 9
-- name_ru = "Звонки и встречи"
-- name_en = "Calls and meetings"
-- unit = "count"
-- kind = "ratio"
-- direction = "up"
-- rule_ru = "Состоявшиеся звонки (от 20 с) и встречи на сотрудника в рабочий день."
-- rule_en = "Connected calls (>= 20 s) and held meetings per rep and working day."
-- empty = "no working day of a rep in {period}"
-- tables = ["people", "activities"]
-- traps = [
--   "Work on a day off counts above the line and not below it",
--   "Cuts by source and pipeline have no working days: null",
-- ]
with days as (
    select unnest(generate_series($t0, $t1 - interval 1 day, interval 1 day)) as day
), rep_days as (
    select r.rep, r.team, d.day from reps r, days d
    where list_contains(getvariable('workdays'), isodow(d.day)) and d.day::date not in (select unnest(getvariable('holidays')::date[]))
        and d.day <= $as_of and (r.hired_at is null or r.hired_at <= d.day) and (r.left_at is null or r.left_at > d.day)
)
select a.activity_id as record, a.moment, a.rep, a.team, a.source, a.pipeline, 1 as num, 0 as den, false as open
from activity_facts a semi join reps using (rep)
where a.moment >= $t0 and a.moment < $t1 and coalesce(a.actor, 'person') = 'person'
    and (a.kind = 'call' and coalesce(a.connected, true) and coalesce(a.seconds >= $connected_seconds, a.connected)
    or a.kind in ('meeting', 'demo') and a.held)
union all
select rep, day, rep, team, null, null, 0, 1, false from rep_days
