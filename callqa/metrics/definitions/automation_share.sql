-- id = "automation_share"
-- number = 19
-- name_ru = "Автоматизация"
-- name_en = "Automation share"
-- unit = "%"
-- kind = "percent"
-- direction = "up"
-- rule_ru = "Минуты действий, сделанных автоматикой / минуты всех действий из каталога (стандартные минуты)."
-- rule_en = "Standard minutes of automatic actions / standard minutes of all actions of the catalogue."
-- empty = "no action of the catalogue in {period}"
-- cuts = ["action"]
-- traps = [
--   "Actions that are not in the catalogue of metrics.toml do not count",
-- ]
select activity_id as record, moment, rep, team, source, pipeline, case actor when 'automation' then minutes when 'person' then 0 end as num,
    minutes as den, false as open, action
from activity_facts join catalogue using (action) where moment >= $t0 and moment < $t1
