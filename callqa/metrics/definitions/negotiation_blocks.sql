-- id = "negotiation_blocks"
-- beside = "negotiation_quality"
-- name_ru = "Качество переговоров по блокам"
-- name_en = "Negotiation quality by block"
-- unit = "0-100"
-- kind = "mean"
-- direction = "up"
-- rule_ru = "Средняя оценка блока по оценённым звонкам."
-- rule_en = "Mean score of a block over the eligible calls."
-- empty = "no scored call in {period}"
-- cuts = ["block"]
select call_id as record, moment, rep, team, source, pipeline, b.value as num, 1 as den, false as open, b.key as block
from score_facts, unnest(map_entries(blocks)) as u(b)
where eligible and moment >= $t0 and moment < $t1
