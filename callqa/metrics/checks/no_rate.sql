-- id = "no_rate"
-- number = 18
-- title_ru = "Деньги в валюте без курса"
-- title_en = "Money in a currency without a rate"
-- harm_ru = "Без курса сумму не привести к основной валюте: метрика с такой сделкой пуста."
-- harm_en = "Without a rate an amount cannot be told in the base currency: a metric with such a deal is empty."
-- cure_ru = "Импортируйте курсы: таблица rates источника plain (currency, day, rate)."
-- cure_en = "Import rates: the table rates of the source plain (currency, day, rate)."
-- metrics = ["won_revenue", "average_deal", "cac", "sales_profitability", "kpi_attainment"]
-- empty = "no deals with an amount"
with money as (
    select 'deal ' || deal_id as record, currency, coalesce(closed_reported_at, created_at) as moment from deals
    where amount is not null and not coalesce(template, false)
    union all
    select 'cost ' || cost_id, currency, day from costs
    union all
    select 'target ' || target_id, currency, try_cast(month || '-01' as date) from targets
), placed as (select *, coalesce(currency, getvariable('base')) as code from money)
select p.record, p.code <> getvariable('base') and r.rate is null as found, p.code as part
from placed p asof left join rates r on p.code = r.currency and p.moment >= r.day
