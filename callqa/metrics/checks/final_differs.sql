-- id = "final_differs"
-- number = 5
-- title_ru = "Итог сделки расходится с историей этапов"
-- title_en = "The outcome differs from the stage history"
-- harm_ru = "В карточке сделка выиграна, а последний этап говорит иное (или наоборот): метрики идут за историей."
-- harm_en = "The deal's record says one outcome, its last stage another: the metrics follow the history."
-- cure_ru = "Импортируйте свежие сделки и историю этапов одной датой выгрузки."
-- cure_en = "Import deals and stage history exported on the same day."
-- metrics = ["closed_deals", "loss_rate", "lead_conversion"]
-- empty = "no stage history in the store"
with latest as (
    select deal_id, arg_max(coalesce(final, ''), (entered_at, coalesce(stage_order, 0), stage)) as final
    from stage_history group by 1
)
select d.deal_id as record, coalesce(d.final, '') <> l.final as found,
    coalesce(d.final, 'open') || ' / ' || coalesce(nullif(l.final, ''), 'open') as part
from deals d join latest l using (deal_id) where not coalesce(d.template, false)
    -- a history that tells of no end at all differs in nothing: when the deal closed is unknown
    and (d.final is null or deal_id in (select deal_id from stage_history where final is not null))
