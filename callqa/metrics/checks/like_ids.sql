-- id = "like_ids"
-- number = 15
-- title_ru = "Номера сделок, что отличаются лишь написанием"
-- title_en = "Deal ids that differ only in how they are written"
-- harm_ru = "«D-0012» и «d12» стали двумя сделками: так бывает, когда выгрузки сделаны разными средствами."
-- harm_en = "\"D-0012\" and \"d12\" became two deals: that happens when exports were made in different ways."
-- cure_ru = "Выгружайте номера одинаково; лишнюю сделку уберите."
-- cure_en = "Export ids in one form; remove the double."
-- metrics = ["closed_deals", "won_revenue"]
-- empty = "no deals in the store"
select deal_id as record, count(*) over (partition by
        regexp_replace(regexp_replace(lower(deal_id), '[\s_#№-]', '', 'g'), '(^|\D)0+', '\1', 'g')) > 1 as found, null as part
from deal_facts
