-- id = "source_spellings"
-- number = 22
-- title_ru = "Один источник в разных написаниях"
-- title_en = "One source in several spellings"
-- harm_ru = "«YouTube Ads» у лидов и «Youtube Ads» в расходах для расчёта разные каналы: один без расходов, другой без продаж."
-- harm_en = "\"YouTube Ads\" of leads and \"Youtube Ads\" of costs are two channels to the figures: one without costs, one without sales."
-- cure_ru = "Приведите имена к одному в CRM или в описании источника (values)."
-- cure_en = "Bring the names together in the CRM or in the source's mapping (values)."
-- metrics = ["marketing_roi", "cac", "lead_conversion"]
-- empty = "no source is named"
with named as (
    select source as name, 'leads' as place from lead_facts union select source, 'deals' from deal_facts
    union select channel, 'costs' from costs
)
select name as record, count(distinct name) over (partition by regexp_replace(lower(name), '[\s_.-]', '', 'g')) > 1 as found,
    string_agg(distinct place, ', ' order by place) as part
from named where name is not null group by 1
