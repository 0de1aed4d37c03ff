-- id = "sales_profitability"
-- number = 13
-- name_ru = "Рентабельность отдела"
-- name_en = "Sales profitability"
-- unit = "%"
-- kind = "return"
-- direction = "up"
-- rule_ru = "(Валовая прибыль выигранных сделок − расходы отдела) / расходы отдела."
-- rule_en = "(Gross profit of won deals - cost of the department) / cost of the department."
-- empty = "department cost of {period} is zero"
-- money = ["num", "den"]
-- needs = { cost = "no department cost rows for {period}" }
select deal_id as record, moment, rep, team, source, pipeline, profit as num, 0 as den, false as open,
    coalesce(no_rate, case when profit is null then 'won deals without a gross cost; set margin' end) as reason, 'win' as part
from closed where outcome = 'won'
union all
select cost_id, moment, null, team, null, null, 0, money, false, no_rate, 'cost'
from cost_facts where kind = 'department' and moment >= $t0 and moment < $t1
