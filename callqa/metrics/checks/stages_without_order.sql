-- id = "stages_without_order"
-- number = 9
-- title_ru = "Этапы, у которых нет порядка"
-- title_en = "Stages without an order"
-- harm_ru = "Неизвестно, дальше этот этап или ближе: конверсия этапов по таким сделкам пуста."
-- harm_en = "Nobody can tell whether such a stage is further or nearer: stage conversion stays empty."
-- cure_ru = "Импортируйте порядок этапов (stage_order) таблицей источника plain."
-- cure_en = "Import the order of stages (stage_order) with the source plain."
-- metrics = ["stage_conversion", "demo_success"]
-- empty = "no stage history in the store"
select e.stage as record, count(e.stage_order) = 0 as found, null as part
from entries e where e.final is null group by 1
