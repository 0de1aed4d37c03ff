-- id = "channels_without_leads"
-- number = 23
-- title_ru = "Каналы с расходами, но без лидов"
-- title_en = "Channels with costs but no leads"
-- harm_ru = "Деньги потрачены, а лиды, видимо, записаны на другой источник: отдача этого канала выглядит как -100 %."
-- harm_en = "Money was spent while its leads seem to stand under another source: the return of this channel looks like -100 %."
-- cure_ru = "Сверьте имена каналов в расходах с источниками лидов."
-- cure_en = "Compare the channels' names in the costs with the leads' sources."
-- metrics = ["marketing_roi", "cac"]
-- empty = "no marketing costs by channel in the store"
select c.channel as record, bool_and(l.source is null) as found, null as part
from costs c left join (select distinct source from lead_facts) l on l.source = c.channel
where c.kind = 'marketing' and c.channel is not null group by 1
