-- id = "calls_matched"
-- beside = "contacts_per_day"
-- name_ru = "Звонки, связанные со сделкой"
-- name_en = "Calls matched to deals"
-- unit = "%"
-- kind = "share"
-- direction = "up"
-- rule_ru = "Звонки (записи и звонки CRM), у которых найдена сделка / все звонки периода; по тому, как она найдена."
-- rule_en = "Calls (recordings and calls of the CRM) whose deal was found / all calls of the period; by what it was found by."
-- empty = "no calls in {period}"
-- splits = ["made_by"]
-- traps = [
--   "A lead that became no deal has calls that are of none: `callqa crm links` tells why each has none",
-- ]
select kind || ' ' || call_id as record, moment, rep, team, source, pipeline,
    (deal_id is not null)::int as num, 1 as den, false as open, made_by
from call_facts where moment >= $t0 and moment < $t1
