-- Which deal a call is of, or why of none: `call_deals`, one row a call; docs/crm.md has the rules in words.
-- Reads `asking` (recordings, and the CRM's calls that name no deal), `clients` (customers with their phones) and deals.

-- a deal's end: when it came into the final state it is in; a planned date only helps to choose
create view decisions as
with turns as (
    select deal_id, entered_at, final, lag(final) over path as before
    from stage_history window path as (partition by deal_id order by entered_at, stage_order, stage)
    qualify final is distinct from before
), latest as (
    select deal_id, max(entered_at) filter (final is not null) as ended,
        max(entered_at) filter (final is null) as opened
    from turns group by 1
)
select d.deal_id, d.customer_id, d.owner_id, d.created_at, d.final,
    case when e.ended is not null then case when e.opened > e.ended then null else e.ended end
        when d.final is not null and not coalesce(d.close_planned, false) then d.closed_reported_at end as decided_at,
    coalesce(decided_at, case when d.final is not null then d.closed_reported_at end) as over_at
from deals d left join latest e using (deal_id) where not coalesce(d.template, false);

-- the digits that make a number the same number: with the country's code, without 8, 00, 8 10, extensions; null: none
create macro bare_digits(said) as
    regexp_replace(regexp_replace(lower(said), '(доб|вн|ext|[x#,;/@]).*$', ''), '\D', '', 'g');
create macro dialled(d) as case
    when d like '00%' then substr(d, 3)
    when d like '810%' and length(d) > 11 then substr(d, 4)
    else d end;
create macro with_country(d, plus) as case
    when length(d) = 11 and (d like '7%' or d like '89%' or d like '8%' and not plus) then '7' || substr(d, 2)
    when length(d) = 10 and not plus then '7' || d
    when length(d) between 11 and 15 or plus and length(d) between 8 and 15 then d end;
-- seven equal digits at the end were typed by somebody in a hurry
create macro phone_key(said) as (
    select case when length(replace(right(k, 7), right(k, 1), '')) > 0 then k end
    from (select bare_digits(said) as d, with_country(dialled(d), ltrim(said) like '+%' or dialled(d) <> d) as k)
);

-- over all deals only where somebody asks: it takes a while over millions of stages
create temp table ended as from decisions where getvariable('asking');
create temp table numbers as
with known as (
    select phone_key(phone) as phone, customer_id from clients where phone is not null
)
select distinct phone, customer_id,
    count(distinct customer_id) over (partition by phone) > getvariable('shared_phone') as shared
from known where phone is not null;
create temp table asked as select * exclude (phone), phone as said, phone_key(phone) as phone from asking;

-- the deals of the surest key that has any
create temp table candidates as
with found as (
    select kind, call_id, 1 as sure, 'deal_id' as made_by, d.* from asked c join ended d using (deal_id)
    union
    select kind, call_id, 2, 'lead_id', d.* from asked c
    join (select lead_id, deal_id from deals union select lead_id, deal_id from leads) l using (lead_id)
    join ended d on d.deal_id = l.deal_id where c.deal_id is null
    union
    select kind, call_id, 3, 'customer_id', d.* from asked c join ended d using (customer_id) where c.deal_id is null
    union
    select kind, call_id, 4, 'phone', d.* from asked c join numbers n using (phone)
    join ended d on d.customer_id = n.customer_id where c.deal_id is null and not n.shared
)
select *, count(*) over (partition by kind, call_id, sure) as among
from found qualify sure = min(sure) over (partition by kind, call_id);

-- first deals open at the call's time, then the nearest that it brought or came after; a day's difference is none
create temp table chosen as
with placed as (
    select k.*, c.rep, c.moment, k.sure = 1 or k.sure = 2 and k.among = 1 as named,
        case when c.moment < k.created_at then k.created_at - c.moment
            when c.moment > k.over_at then c.moment - k.over_at else interval 0 second end as gap,
        to_days(case when c.moment < k.created_at then getvariable('brought_days') else getvariable('after_days') end)
            as reach
    from candidates k join asked c using (kind, call_id)
), near as (
    select *, gap = interval 0 second as open_then,
        gap < min(gap) over (partition by kind, call_id) + interval 1 day as nearest
    from placed where named or moment is not null and (sure = 2 or gap <= reach)
), best as (
    select * from near
    qualify named or case when bool_or(open_then) over (partition by kind, call_id) then open_then else nearest end
)
select *, count(*) over (partition by kind, call_id) as rivals,
    count(*) filter (owner_id = rep) over (partition by kind, call_id) as own
from best;

create temp table linked as
select kind, call_id, deal_id, made_by,
    case when named then 'named' when rivals > 1 then 'rep' when open_then then 'open' else 'nearest' end as chosen,
    case when named then 'high' when sure < 4 and rivals = 1 and open_then then 'high'
        when sure < 4 or rivals = 1 and open_then then 'medium' else 'low' end as confidence
from chosen where rivals = 1 or own = 1 and owner_id = rep;

create temp table known_clients as
select customer_id from clients semi join asked using (customer_id)
union select customer_id from deals semi join asked using (customer_id)
union select customer_id from leads semi join asked using (customer_id);
create temp table known_leads as select lead_id from leads semi join asked using (lead_id);
create table loose_links as
select a.kind, a.call_id, a.moment, a.rep, l.deal_id, l.made_by, l.chosen, l.confidence,
    case when l.deal_id is not null then null
        when a.deal_id is not null then 'no_such_deal'
        when c.rivals > 1 then 'ambiguous'
        when k.call_id is not null then case when a.moment is null then 'no_time' else 'out_of_reach' end
        when n.shared then 'shared_phone'
        when a.customer_id in (from known_clients) or a.lead_id in (from known_leads) or n.phone is not null
            then 'no_deal'
        when coalesce(a.customer_id, a.lead_id, a.phone) is not null then 'unknown_customer'
        when a.said is not null then 'no_number'
        else 'nothing_named' end as reason
from asked a
left join linked l using (kind, call_id)
left join (select distinct kind, call_id from candidates) k using (kind, call_id)
left join (select kind, call_id, max(rivals) as rivals from chosen group by 1, 2) c using (kind, call_id)
left join (select distinct phone, shared from numbers) n on n.phone = a.phone;

create view call_deals as
from loose_links
union all
select 'activity', a.activity_id, a.moment, a.owner_id, d.deal_id, case when d.deal_id is not null then 'deal_id' end,
    case when d.deal_id is not null then 'named' end, case when d.deal_id is not null then 'high' end,
    case when d.deal_id is null then 'no_such_deal' end
from activities a left join (select deal_id from deals where not coalesce(template, false)) d using (deal_id)
where a.kind = 'call' and a.deal_id is not null
    and a.activity_id not in (select call_id from loose_links where kind = 'activity');

-- before and after the deal's decision, kept apart
create view call_links as
select e.*, case when e.deal_id is null then null
    when d.decided_at is null then case when d.final is null then 'open' else 'unknown' end
    when e.moment is null then 'unknown' when e.moment <= d.decided_at then 'before' else 'after' end as phase
from call_deals e left join decisions d using (deal_id);

-- from here on a call's deal is the one it was found to be of
update activities set deal_id = l.deal_id from loose_links l
where l.kind = 'activity' and l.call_id = activity_id and l.deal_id is not null;
update call_scores s set deal_id = l.deal_id from loose_links l where l.kind = 'recording' and l.call_id = s.call_id;
