-- id = "close_in_future"
-- number = 2
-- title_ru = "Сделки, закрытые в будущем"
-- title_en = "Deals closed in the future"
-- harm_ru = "Закрытие позже последней записи в данных: это план, введённый как факт, и он попадёт не в тот месяц."
-- harm_en = "They closed later than anything else in the data: plans entered as facts, counted in the wrong month."
-- cure_ru = "Если дата закрытия в вашей CRM плановая, укажите в описании источника close_planned = { const = true }."
-- cure_en = "If the close date of your CRM is a plan, say close_planned = { const = true } in the source's mapping."
-- metrics = ["closed_deals", "deal_cycle", "won_revenue"]
-- empty = "no closed deals in the store"
select f.deal_id as record, f.moment > getvariable('reaches') + interval 1 day as found, strftime(f.moment, '%Y-%m') as part
from finals f join deal_facts d using (deal_id)
