"""One company as five systems would export it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

from amocrm import amocrm
from bitrix24 import bitrix24
from forms import as_csv, cells, iso, point
from hubspot import hubspot
from people import STAGES
from salesforce import salesforce
from world import Row

# our own column names; it has what no CRM exports: people, costs, targets, rates, the order of the stages
PLAIN = {
    "people": "person_id name team manager_id role hired_at left_at",
    "customers": "customer_id source_system name phone email created_at source",
    "leads": (
        "lead_id created_at source campaign pipeline owner_id customer_id first_touch_at sql_at status reject_reason "
        "deal_id"
    ),
    "deals": (
        "deal_id lead_id customer_id owner_id pipeline source title amount currency gross_cost created_at "
        "closed_reported_at stage final loss_reason upsell template"
    ),
    "stage_history": "deal_id entered_at stage stage_order final actor",
    "stages": "pipeline stage stage_order",
    "products": "deal_id product line quantity amount currency",
    "costs": "cost_id day kind channel team amount currency",
    "targets": "target_id person_id team month metric amount currency",
    "activities": (
        "activity_id kind at seconds connected held direction owner_id customer_id deal_id lead_id next_step_agreed "
        "actor action"
    ),
    "rates": "currency day rate",
}


def write(tables: Mapping[str, list[Row]], source: str, folder: Path) -> list[Path]:
    """The company's files in that system's form; the same rows give the same bytes."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for name, document in EXPORTS[source](tables):
        path = folder / name
        path.write_bytes(document)
        written.append(path)
    return written


def plain(tables: Mapping[str, list[Row]]) -> Iterator[tuple[str, bytes]]:
    stages = [
        {"pipeline": pipeline, "stage": stage, "stage_order": n}
        for pipeline, names in STAGES.items()
        for n, stage in enumerate(names, start=1)
    ]
    for table, columns in PLAIN.items():
        told = [(name, _plainly(name)) for name in columns.split()]
        rows = stages if table == "stages" else tables[table]
        yield f"{table}.csv", as_csv(cells(told, rows, iso, "true", "false"))


def _plainly(name: str) -> str | Callable[[Row], str]:
    if name in ("amount", "gross_cost"):
        return lambda row: point(row[name])
    return (lambda row: f"{row[name]:.4f}") if name == "rate" else name


EXPORTS = {"plain": plain, "amocrm": amocrm, "bitrix24": bitrix24, "hubspot": hubspot, "salesforce": salesforce}
