-- id = "channel_cost_gaps"
-- number = 25
-- title_ru = "Каналы, где есть лиды, но нет расходов месяца"
-- title_en = "Channels with leads but no costs of the month"
-- harm_ru = "В другие месяцы за канал платили, а за этот расходов нет: он выглядит бесплатным."
-- harm_en = "The channel was paid for in other months and has no costs in this one: it looks free."
-- cure_ru = "Дополните расходы; бесплатному каналу расходы не нужны вовсе."
-- cure_en = "Complete the costs; a free channel needs none at all."
-- metrics = ["cac", "marketing_roi"]
-- empty = "no marketing costs by channel in the store"
with paid as (select distinct channel, date_trunc('month', day)::date as month from costs where kind = 'marketing'),
led as (select distinct source as channel, date_trunc('month', created_at)::date as month from lead_facts)
select l.channel || ' ' || strftime(l.month, '%Y-%m') as record, p.channel is null as found, l.channel as part
from led l left join paid p using (channel, month) where l.channel in (select channel from paid)
