-- id = "close_differs"
-- number = 4
-- title_ru = "Дата закрытия расходится с историей этапов"
-- title_en = "The close date differs from the stage history"
-- harm_ru = "callqa верит истории этапов; в отчёте CRM те же сделки стоят в другом месяце, и цифры не сойдутся."
-- harm_en = "callqa believes the stage history; the CRM's own report has these deals in another month, so the figures will differ."
-- cure_ru = "Сверяйте отчёты по истории этапов или пометьте дату закрытия плановой."
-- cure_en = "Compare by the stage history, or mark the close date as planned."
-- metrics = ["closed_deals", "won_revenue", "deal_cycle"]
-- empty = "no deal has both a close date and a stage history"
with ended as (select deal_id, max(entered_at) as moment from stage_history where final is not null group by 1)
select d.deal_id as record, abs(datediff('day', d.closed_reported_at, e.moment)) > 1 as found,
    case when coalesce(d.close_planned, false) then 'planned' else 'actual' end as part
from deals d join ended e using (deal_id)
where d.closed_reported_at is not null and d.final is not null and not coalesce(d.template, false)
