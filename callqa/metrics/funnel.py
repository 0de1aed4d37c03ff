"""The funnel of each pipeline: how many deals entered a stage in the period, and how many went on from it."""

from __future__ import annotations

import re
from dataclasses import dataclass

from callqa.metrics.registry import Definition
from callqa.metrics.settings import Period
from callqa.metrics.warehouse import Warehouse


@dataclass(frozen=True, slots=True)
class Step:
    """A stage of a pipeline: of the deals that ``entered`` it, ``passed`` went on, ``open`` ones are still there."""

    pipeline: str | None
    stage: str
    entered: int
    passed: int
    open: int


def funnel(warehouse: Warehouse, conversion: Definition, period: Period) -> list[Step]:
    """The rows of stage conversion by pipeline, the busiest first, and by stage in the pipeline's own order."""
    asked = set(re.findall(r"\$(\w+)", conversion.sql))
    values = {name: value for name, value in warehouse.values(period).items() if name in asked}
    rows = warehouse.duck.execute(
        f"""with steps as (
            select pipeline, stage, count(*) as entered, sum(num)::bigint as passed, count(*) filter (open) as still
            from ({conversion.sql}) where num is not null group by 1, 2
        ), ordered as (
            select d.pipeline, e.stage, min(e.stage_order) as place
            from entries e join deal_facts d using (deal_id) group by 1, 2
        )
        select s.* from steps s
        left join ordered o on o.stage = s.stage and o.pipeline is not distinct from s.pipeline
        order by sum(s.entered) over (partition by s.pipeline) desc, s.pipeline nulls last, o.place nulls last, s.stage
        """,
        values,
    ).fetchall()
    return [Step(*row) for row in rows]
