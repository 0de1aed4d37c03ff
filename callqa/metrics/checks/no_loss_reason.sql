-- id = "no_loss_reason"
-- number = 28
-- title_ru = "Проигранные сделки без причины"
-- title_en = "Lost deals without a reason"
-- harm_ru = "Разбивка отказов по причинам говорит лишь о тех, где причину указали."
-- harm_en = "Losses by reason tell only of those where one was given."
-- cure_ru = "Сделайте причину отказа обязательной при закрытии."
-- cure_en = "Make the reason a must when a deal is closed as lost."
-- metrics = ["loss_rate"]
-- empty = "no lost deals in the store"
select deal_id as record, loss_reason is null as found, rep as part
from deal_facts where final = 'lost' or deal_id in (select deal_id from finals where final = 'lost')
