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
select c.kind || ' ' || c.call_id as record, c.moment, c.rep, t.team, d.source, d.pipeline,
    (c.deal_id is not null)::int as num, 1 as den, false as open, c.made_by
from call_deals c left join rep_teams t using (rep) left join deal_facts d using (deal_id)
where c.moment >= $t0 and c.moment < $t1
