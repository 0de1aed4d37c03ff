-- What several checks read.
-- closing dates do not say how far the data reach: some of them are plans
set variable reaches = (
    select max(moment) from (
        select created_at as moment from leads union all select created_at from deals
        union all select entered_at from stage_history where final is null union all select moment from call_scores
    )
);
-- a time of day that a fifth of all closings share is none: the CRM gave a date alone
create temp table closings as
with told as (
    select f.deal_id, f.moment, f.final, d.created_at, d.rep, count(*) over () as all_of_them,
        count(*) over (partition by f.moment::time) as at_that_time
    from finals f join deal_facts d using (deal_id)
)
select * exclude (all_of_them, at_that_time),
    moment::time = time '00:00' or all_of_them >= 50 and at_that_time * 5 > all_of_them as day_alone
from told;
