-- id = "close_unknown"
-- number = 1
-- title_ru = "Закрытые сделки, о которых неизвестно, когда они закрыты"
-- title_en = "Closed deals of which nobody knows when they closed"
-- harm_ru = "Даты закрытия нет или она лишь план, а в истории этапов закрытия нет: ни в выручку, ни в потери они не входят."
-- harm_en = "There is no close date, or only a plan, and no closing in the stage history: they count as neither won nor lost in any period."
-- cure_ru = "Выгрузите историю этапов (в Битрикс24 и Salesforce это отдельная выгрузка) и импортируйте её."
-- cure_en = "Export the stage history (an export of its own in Bitrix24 and Salesforce) and import it."
-- metrics = ["closed_deals", "loss_rate", "deal_cycle", "average_deal"]
-- empty = "no closed deals in the store"
select d.deal_id as record, f.deal_id is null as found, d.final as part
from deals d left join (select distinct deal_id from finals) f using (deal_id)
where d.final is not null and not coalesce(d.template, false)
