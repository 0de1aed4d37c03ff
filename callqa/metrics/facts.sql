-- What the definitions read, made once a store: `local` times, base money (whole hundredths), dimensions on every row.
-- Histories seldom tell the order of stages; the end comes after every stage.
update stage_history h set stage_order = s.stage_order from stages s, deals d
where h.stage_order is null and d.deal_id = h.deal_id and s.pipeline = d.pipeline and s.stage = h.stage;
update stage_history set stage_order = 32767 where stage_order is null and final is not null;

-- Every entry into a final state: by the stage history, where a row may tell of another change while the state stays
-- (Salesforce); else what the CRM reported, unless that is a plan.
create table finals as
select deal_id, entered_at as moment, final, lag(stage) over path as lost_stage
from stage_history window path as (partition by deal_id order by entered_at, stage_order, stage)
qualify final in ('won', 'lost') and final is distinct from lag(final) over path;
insert into finals
select deal_id, closed_reported_at, final, null from deals
where final in ('won', 'lost') and closed_reported_at is not null and not coalesce(close_planned, false)
    and deal_id not in (select deal_id from finals);

create table rep_teams as select person_id as rep, team from people;

create table deal_facts as
select d.deal_id, d.created_at, d.owner_id as rep, t.team, coalesce(d.source, l.source) as source, d.pipeline,
    d.customer_id, coalesce(d.lead_id, l.lead_id) as lead_id, d.amount, d.gross_cost,
    coalesce(d.currency, getvariable('base')) as currency, d.loss_reason, d.upsell, d.final
from deals d
left join (select deal_id, any_value(lead_id order by lead_id) as lead_id, any_value(source order by lead_id) as source
    from leads where deal_id is not null group by deal_id) l using (deal_id)
left join rep_teams t on t.rep = d.owner_id
where not coalesce(d.template, false);

-- calls are those of the CRM, where it has any, else the recordings
create table deal_calls as
select deal_id, moment from call_deals where deal_id is not null and moment is not null
    and kind = case when exists (select 1 from activities where kind = 'call') then 'activity' else 'recording' end;

-- an outcome is one entry into a final state; money at that day's rate, no_rate says that there is none; before_at: the
-- entry before it; calls: how many there had been
create table outcomes as
with called as (
    select f.deal_id, f.moment, count(*) as calls
    from (select distinct deal_id, moment from finals) f join deal_calls c on c.deal_id = f.deal_id and c.moment <= f.moment
    group by 1, 2
), rated as (
    select f.moment, f.final as outcome, f.lost_stage, d.* exclude (final), coalesce(calls, 0) as calls,
        lag(f.moment) over (partition by f.deal_id order by f.moment, f.final) as before_at,
        case when d.currency = getvariable('base') then 1.0 else r.rate end as rate
    from finals f join deal_facts d using (deal_id) left join called c on c.deal_id = f.deal_id and c.moment = f.moment
    asof left join rates r on d.currency = r.currency and f.moment >= r.day
)
select * exclude (amount, gross_cost, rate),
    round(amount * rate)::bigint as money,
    round(coalesce(amount - gross_cost, amount * getvariable('margin')) * rate)::bigint as profit,
    case when rate is null and amount is not null
        then 'no rate of ' || currency || ' to ' || getvariable('base') || ' by ' || moment::date end as no_rate
from rated;
create table wins as select * from outcomes where outcome = 'won';
create table first_wins as
select * from wins where customer_id is not null
qualify row_number() over (partition by customer_id order by moment, deal_id) = 1;

create table cost_facts as
select c.cost_id, c.day::timestamp as moment, c.kind, c.channel, c.team,
    round(c.amount * case when coalesce(c.currency, getvariable('base')) = getvariable('base') then 1.0
        else r.rate end)::bigint as money,
    case when coalesce(c.currency, getvariable('base')) <> getvariable('base') and r.rate is null
        then 'no rate of ' || c.currency || ' to ' || getvariable('base') || ' by ' || c.day end as no_rate
from costs c asof left join rates r on coalesce(c.currency, getvariable('base')) = r.currency and c.day >= r.day;

-- targets in base money, at the rate of the month's first day
create table target_facts as
select t.* exclude (amount),
    case when coalesce(t.currency, getvariable('base')) = getvariable('base') then t.amount
        else round(t.amount * r.rate)::bigint end as amount,
    case when coalesce(t.currency, getvariable('base')) <> getvariable('base') and r.rate is null
        then 'no rate of ' || t.currency || ' to ' || getvariable('base') || ' by ' || t.month || '-01' end as no_rate
from (select *, try_cast(month || '-01' as date) as first from targets) t
asof left join rates r on t.currency = r.currency and t.first >= r.day;

-- leads with the first win of any deal of theirs; where a CRM has no leads, its deals stand for them
create table lead_deals as
select lead_id, deal_id from deal_facts where lead_id is not null
union select lead_id, deal_id from leads where deal_id is not null;
create view touches as
select * from activities where kind in ('call', 'message', 'meeting') and coalesce(actor, 'person') = 'person';
create table lead_facts as
select l.lead_id, l.created_at, l.owner_id as rep, t.team, l.source, l.pipeline,
    coalesce(l.first_touch_at, a.moment) as first_touch_at, l.sql_at, w.won_at
from leads l left join rep_teams t on t.rep = l.owner_id
left join (select ld.lead_id, min(wins.moment) as won_at from lead_deals ld join wins using (deal_id) group by 1) w
    on w.lead_id = l.lead_id
left join (select lead_id, min(moment) as moment from touches where lead_id is not null group by 1) a
    on a.lead_id = l.lead_id
union all
select d.deal_id, d.created_at, d.rep, d.team, d.source, d.pipeline, a.moment, null, w.won_at
from deal_facts d
left join (select deal_id, min(moment) as won_at from wins group by 1) w using (deal_id)
left join (select deal_id, min(moment) as moment from touches group by 1) a using (deal_id)
where not exists (select 1 from leads);

create table activity_facts as
select a.*, a.owner_id as rep, t.team, d.source, d.pipeline
from activities a left join rep_teams t on t.rep = a.owner_id left join deal_facts d using (deal_id);

-- the first entry of every deal into every stage; advanced_at: when it first entered a later stage, or was won, after
-- that, which is most often the next entry; ended_at: its last entry into a final state
create table stage_facts as
with first as (
    select deal_id, stage, min(stage_order) as stage_order, max(final) as final, min(entered_at) as moment
    from stage_history group by 1, 2
), followed as (
    select *, lead(moment) over path as next_at, lead(stage_order) over path as next_order, lead(final) over path as next_final
    from first window path as (partition by deal_id order by moment)
), stepped as (
    select deal_id, stage, stage_order, final, moment, next_at,
        case when next_at > moment and (next_order > stage_order and next_final is distinct from 'lost' or next_final = 'won')
            then next_at end as step_at
    from followed
), leapt as (
    select e.deal_id, e.stage, min(n.moment) as leap_at from stepped e join first n on n.deal_id = e.deal_id
        and n.moment > e.moment and (n.stage_order > e.stage_order and n.final is distinct from 'lost' or n.final = 'won')
    where e.step_at is null and e.next_at is not null group by 1, 2
)
select e.deal_id, e.stage, e.stage_order, e.final, e.moment, coalesce(e.step_at, l.leap_at) as advanced_at, f.ended_at,
    d.deal_id is not null as known, d.rep, d.team, d.source, d.pipeline
from stepped e left join leapt l using (deal_id, stage) left join deal_facts d using (deal_id)
left join (select deal_id, max(moment) as ended_at from finals group by 1) f using (deal_id);
create view entries as select deal_id, stage, stage_order, final, moment from stage_facts;

create table call_facts as
select c.*, t.team, d.source, d.pipeline
from call_deals c left join rep_teams t using (rep) left join deal_facts d using (deal_id);

create table score_facts as
select s.call_id, s.moment, s.rep, t.team, d.source, d.pipeline, s.score, s.coverage, s.eligible, s.blocks
from call_scores s left join rep_teams t using (rep) left join deal_facts d using (deal_id);

create table reps as
select person_id as rep, team, hired_at, left_at from people
where role is null or list_contains(getvariable('rep_roles'), lower(role));
create table catalogue as select unnest(getvariable('action_names')::varchar[]) as action,
    unnest(getvariable('action_minutes')::double[]) as minutes;

-- minutes of working time since a Monday long ago: whole weeks, whole days of this week, this day
create macro day_number(t) as datediff('day', date '1970-01-05', t::date);
create macro day_minutes() as getvariable('closes') - getvariable('opens');
create macro working_minutes(t) as
    (day_number(t) // 7) * len(getvariable('workdays')) * day_minutes()
    + len(list_filter(getvariable('workdays'), lambda w: w <= day_number(t) % 7)) * day_minutes()
    + case when list_contains(getvariable('workdays'), day_number(t) % 7 + 1)
        then least(greatest(datediff('second', t::date::timestamp, t) / 60.0 - getvariable('opens'), 0), day_minutes())
        else 0 end;
