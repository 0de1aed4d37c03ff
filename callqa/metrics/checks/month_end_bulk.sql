-- id = "month_end_bulk"
-- number = 6
-- title_ru = "Закрыты пачкой в конце месяца"
-- title_en = "Closed in bulk at the month's end"
-- harm_ru = "Три и больше сделок одного сотрудника закрыты за полчаса в последний день месяца: это уборка, а не продажи. Срок сделки и доля отказов этого месяца искажены."
-- harm_en = "Three or more deals of one person were closed within half an hour on a month's last day: that is tidying up, not selling. The cycle and the loss rate of that month are bent."
-- cure_ru = "Договоритесь закрывать сделку в день решения; сравнивайте месяцы по когорте (loss_rate_cohort)."
-- cure_en = "Agree to close a deal on the day it is decided; compare months by the cohort (loss_rate_cohort)."
-- metrics = ["loss_rate", "deal_cycle", "closed_deals"]
-- empty = "no closing has a time of day"
with ends as (
    select deal_id, moment, rep, moment::date = last_day(moment) as last from closings where not day_alone
), runs as (
    select *, count(*) over (partition by rep, last order by moment
            range between interval 30 minutes preceding and current row) as before,
        count(*) over (partition by rep, last order by moment
            range between current row and interval 30 minutes following) as behind
    from ends
)
select deal_id || ' ' || strftime(moment, '%Y-%m-%d %H:%M') as record,
    last and rep is not null and max(greatest(before, behind)) over (partition by rep, last order by moment
        range between interval 30 minutes preceding and interval 30 minutes following) >= 3 as found,
    strftime(moment, '%Y-%m') as part
from runs
