-- id = "unknown_owners"
-- number = 20
-- title_ru = "Ответственные, которых нет среди людей"
-- title_en = "Owners who are not among the people"
-- harm_ru = "У них нет команды, даты найма и ухода: в разрезе команд они стоят как «не указан», в рабочих днях их нет."
-- harm_en = "They have no team and no dates of hire and leave: by team they stand as \"not given\", and they have no working days."
-- cure_ru = "Импортируйте people с теми же номерами или именами, что стоят у сделок."
-- cure_en = "Import people by the same ids or names as the deals have."
-- metrics = ["contacts_per_day", "kpi_attainment", "onboarding_speed"]
-- empty = "no deal or lead has an owner"
with owners as (
    select owner_id, 'deals' as place from deals union select owner_id, 'leads' from leads
    union select owner_id, 'activities' from activities union select rep, 'calls' from call_deals
)
select owner_id as record, bool_and(p.person_id is null) as found, string_agg(place, ', ' order by place) as part
from owners left join people p on p.person_id = owner_id where owner_id is not null group by 1
