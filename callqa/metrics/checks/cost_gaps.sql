-- id = "cost_gaps"
-- number = 24
-- title_ru = "Месяцы без расходов"
-- title_en = "Months without costs"
-- harm_ru = "За такой месяц стоимость клиента и отдача пусты, а за год занижены расходы."
-- harm_en = "The cost of a customer and the return are empty for such a month, and a year looks cheaper than it was."
-- cure_ru = "Импортируйте расходы за эти месяцы: маркетинг по каналам, отдел по командам."
-- cure_en = "Import the costs of these months: marketing by channel, the department by team."
-- metrics = ["cac", "marketing_roi", "sales_profitability"]
-- empty = "no leads, deals or calls in the store"
with months as (
    select unnest(generate_series(date_trunc('month', (select min(created_at) from lead_facts)),
        date_trunc('month', (select max(created_at) from lead_facts)), interval 1 month)) as month
), kinds as (select unnest(['marketing', 'department']) as kind)
select strftime(m.month, '%Y-%m') || ' ' || k.kind as record, count(c.cost_id) = 0 as found, k.kind as part
from months m cross join kinds k left join costs c on c.kind = k.kind and date_trunc('month', c.day) = m.month
group by m.month, k.kind
