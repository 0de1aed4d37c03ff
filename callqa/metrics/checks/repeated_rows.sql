-- id = "repeated_rows"
-- number = 16
-- title_ru = "Один номер несколько раз в файле"
-- title_en = "One id several times in a file"
-- harm_ru = "Из таких строк осталась последняя. Если это разные записи, часть потеряна."
-- harm_en = "Of such rows the last one was kept. If they are different records, some are lost."
-- cure_ru = "Проверьте, какая колонка служит номером (callqa crm sources)."
-- cure_en = "Check which column serves as the id (callqa crm sources)."
-- metrics = ["closed_deals", "lead_conversion"]
-- empty = "nothing was imported"
with latest as (
    select *, row_number() over (partition by sha256, source, entity order by import_id::integer) as nth from imports
)
select entity || ' ' || i as record, i <= repeated::integer as found, entity as part
from latest, unnest(generate_series(1, taken::integer + updated::integer + unchanged::integer + repeated::integer)) as t(i)
where nth = 1
