"""What callqa knows of a sales department: the entities, their fields and what kind of value each holds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

# kinds of values: how text becomes each is told in values.py
CHOICES = {
    "final": ("won", "lost"),
    "activity": ("call", "meeting", "demo", "task", "message"),
    "cost": ("marketing", "department"),
    "actor": ("person", "automation"),
    "direction": ("inbound", "outbound"),
}


@dataclass(frozen=True, slots=True)
class Entity:
    """``required``: a row without these is none; ``made``: an id that is made of the row where the export has none,
    and of which fields (none named: of all)."""

    name: str
    fields: Mapping[str, str]
    required: tuple[str, ...]
    made: tuple[str, tuple[str, ...]] | None = None

    @property
    def needed(self) -> tuple[str, ...]:
        """What a mapping must say where to find."""
        return tuple(name for name in self.required if not self.made or name != self.made[0])


def _fields(line: str) -> dict[str, str]:
    """ "deal_id amount:money" as {"deal_id": "id", "amount": "money"}."""
    pairs = (word.partition(":") for word in line.split())
    return {name: kind or ("id" if name.endswith("_id") else "text") for name, _, kind in pairs}


ENTITIES = {
    entity.name: entity
    for entity in (
        Entity(
            "customers",
            _fields("customer_id source_system name phone:phone email created_at:time source"),
            ("customer_id",),
        ),
        Entity(
            "people", _fields("person_id name team manager_id:person role hired_at:day left_at:day"), ("person_id",)
        ),
        Entity(
            "leads",
            _fields(
                "lead_id created_at:time source campaign pipeline owner_id:person customer_id first_touch_at:time "
                "sql_at:time status reject_reason deal_id"
            ),
            ("lead_id", "created_at"),
        ),
        Entity(
            "deals",
            _fields(
                "deal_id lead_id customer_id owner_id:person pipeline source title amount:money currency:currency "
                "gross_cost:money created_at:time closed_reported_at:time close_planned:truth stage final:final "
                "loss_reason upsell:truth template:truth"
            ),
            ("deal_id", "created_at"),
        ),
        Entity(
            "stage_history",
            _fields("deal_id entered_at:time stage stage_order:whole final:final actor:actor"),
            ("deal_id", "entered_at", "stage"),
        ),
        Entity(
            "stages",
            _fields("pipeline stage stage_order:whole"),
            ("pipeline", "stage", "stage_order"),
        ),
        Entity(
            "products",
            _fields("deal_id product line:whole quantity:number amount:money currency:currency"),
            ("deal_id", "product", "line"),
            ("line", ("deal_id", "product")),
        ),
        Entity(
            "costs",
            _fields("cost_id day:day kind:cost channel team amount:money currency:currency"),
            ("cost_id", "day", "kind", "amount"),
            ("cost_id", ()),
        ),
        Entity(
            "targets",
            _fields("target_id person_id:person team month:month metric amount:money currency:currency"),
            ("target_id", "month", "metric", "amount"),
            ("target_id", ("person_id", "team", "month", "metric")),
        ),
        Entity(
            "activities",
            _fields(
                "activity_id kind:activity at:time seconds:lasting connected:truth held:truth direction:direction "
                "owner_id:person customer_id deal_id lead_id phone:phone next_step_agreed:truth actor:actor action"
            ),
            ("activity_id", "kind", "at"),
            ("activity_id", ()),
        ),
        Entity("rates", _fields("currency:currency day:day rate:number"), ("currency", "day", "rate")),
    )
}
