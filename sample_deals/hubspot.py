"""The company as HubSpot exports it: deals, contacts (the leads), line items, calls, meetings, tasks, emails, and the
history of the property Deal Stage. Records have no templates; the account has properties of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from forms import Column, always, as_csv, cells, coded, deals_of, histories, names, nothing, numbered, point
from people import LOST, STAGES, WON
from world import Row

FINAL = {WON: "Closed Won", LOST: "Closed Lost"}
STATUS = {"new": "New", "in_work": "In Progress", "sql": "Open Deal", "rejected": "Unqualified"}
ACTORS = {"person": "CRM UI", "automation": "Automation Platform"}


def hubspot(tables: Mapping[str, list[Row]]) -> Iterator[tuple[str, bytes]]:
    ids = _Ids(tables)
    yield "hubspot-crm-exports-all-contacts.csv", _document(_contacts(ids), tables["leads"])
    yield "hubspot-crm-exports-all-deals.csv", _document(_deals(ids, tables), deals_of(tables))
    yield "hubspot-property-history-dealstage.csv", _document(_history(ids), tables["stage_history"])
    yield "hubspot-crm-exports-line-items.csv", _document(_lines(ids), tables["products"])
    for name, kinds, columns in (
        ("calls", ("call",), _calls()),
        ("meetings", ("meeting", "demo"), _meetings()),
        ("tasks", ("task",), _tasks()),
        ("emails", ("message",), _emails()),
    ):
        rows = [row for row in tables["activities"] if row["kind"] in kinds]
        yield f"hubspot-crm-exports-{name}.csv", _document([*columns, *_links(ids)], rows)


def _document(columns: list[Column], rows: Iterable[Row]) -> bytes:
    return as_csv(cells(columns, rows, _portal_time, "true", "false"), encoding="utf-8-sig")


def _portal_time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%d %H:%M")


class _Ids:
    """Record IDs. A contact is a lead, whether or not it became a customer."""

    def __init__(self, tables: Mapping[str, list[Row]]) -> None:
        self.lead = numbered(tables["leads"], "lead_id", 51_200_000_101)
        self.contact = {row["customer_id"]: self.lead[row["lead_id"]] for row in tables["leads"] if row["customer_id"]}
        self.deal = numbered(tables["deals"], "deal_id", 18_300_000_201)
        self.owner = names(tables)
        self.customers = {row["customer_id"]: row for row in tables["customers"]}

    def contact_of(self, row: Row) -> Any:
        return self.contact.get(row["customer_id"]) or self.lead.get(row["lead_id"])


def _contacts(ids: _Ids) -> list[Column]:
    def customer(key: str) -> Callable[[Row], Any]:
        return lambda row: ids.customers.get(row["customer_id"], {}).get(key)

    return [
        ("Record ID", coded("lead_id", ids.lead)),
        ("First Name", customer("name")),
        ("Last Name", nothing),
        ("Email", customer("email")),
        ("Phone Number", customer("phone")),
        ("Contact owner", coded("owner_id", ids.owner)),
        ("Lead Status", coded("status", STATUS)),
        ("Create Date", "created_at"),
        ("Lead Source", "source"),
        ("utm_campaign", "campaign"),
        ("First outreach date", "first_touch_at"),
        ('Date entered "Sales Qualified Lead (Lifecycle Stage Pipeline)"', "sql_at"),
        ("Disqualification reason", "reject_reason"),
        ("Associated Deal IDs", lambda row: row["deal_id"] and ids.deal[row["deal_id"]]),
    ]


def _deals(ids: _Ids, tables: Mapping[str, list[Row]]) -> list[Column]:
    paths = histories(tables)

    def entered(stage: str, pipeline: str) -> Callable[[Row], datetime | None]:
        # HubSpot keeps the last entry alone
        def last(row: Row) -> datetime | None:
            if row["pipeline"] != pipeline:
                return None
            return next((r["entered_at"] for r in reversed(paths[row["deal_id"]]) if r["stage"] == stage), None)

        return last

    columns: list[Column] = [
        ("Record ID", coded("deal_id", ids.deal)),
        ("Deal Name", "title"),
        ("Pipeline", "pipeline"),
        ("Deal Stage", coded("stage", FINAL)),
        ("Amount", lambda row: point(row["amount"])),
        ("Currency", "currency"),
        ("Close Date", "closed_reported_at"),
        ("Create Date", "created_at"),
        ("Deal owner", coded("owner_id", ids.owner)),
        ("Deal Type", lambda row: "New Business" if row["lead_id"] else "Existing Business"),
        ("Closed Lost Reason", "loss_reason"),
        ("Lead Source", "source"),
        ("Gross cost", lambda row: point(row["gross_cost"])),
        ("Upsell", "upsell"),
        ("Associated Contact IDs", ids.contact_of),
    ]
    for pipeline, stages in STAGES.items():
        for stage in (*stages, WON, LOST):
            columns.append((f'Date entered "{FINAL.get(stage, stage)} ({pipeline})"', entered(stage, pipeline)))
    return columns


def _history(ids: _Ids) -> list[Column]:
    return [
        ("Record ID", coded("deal_id", ids.deal)),
        ("Property", always("Deal Stage")),
        ("Value", coded("stage", FINAL)),
        ("Timestamp", "entered_at"),
        ("Source", coded("actor", ACTORS)),
    ]


def _lines(ids: _Ids) -> list[Column]:
    return [
        ("Record ID", lambda row: f"{ids.deal[row['deal_id']]}{row['line']}"),
        ("Name", "product"),
        ("Quantity", "quantity"),
        ("Net price", lambda row: point(row["amount"])),
        ("Currency", "currency"),
        ("Associated Deal IDs", coded("deal_id", ids.deal)),
    ]


def _calls() -> list[Column]:
    return [
        ("Record ID", "activity_id"),
        ("Call Title", nothing),
        ("Activity date", "at"),
        ("Call duration", lambda row: row["seconds"] * 1000),
        ("Call outcome", lambda row: "Connected" if row["connected"] else "No answer"),
        ("Call direction", lambda row: row["direction"].title()),
    ]


def _meetings() -> list[Column]:
    return [
        ("Record ID", "activity_id"),
        ("Meeting name", nothing),
        ("Meeting start time", "at"),
        ("Call and meeting type", lambda row: "Demo" if row["kind"] == "demo" else "Meeting"),
        ("Meeting outcome", lambda row: "Completed" if row["held"] else "No show"),
    ]


def _tasks() -> list[Column]:
    return [("Record ID", "activity_id"), ("Task Title", nothing), ("Due date", "at"), ("Action", "action")]


def _emails() -> list[Column]:
    return [("Record ID", "activity_id"), ("Email subject", nothing), ("Activity date", "at"), ("Action", "action")]


def _links(ids: _Ids) -> list[Column]:
    """What all activities have."""
    return [
        ("Activity assigned to", coded("owner_id", ids.owner)),
        ("Record source", coded("actor", ACTORS)),
        ("Next step agreed", "next_step_agreed"),
        ("Associated Contact IDs", ids.contact_of),
        ("Associated Deal IDs", lambda row: row["deal_id"] and ids.deal[row["deal_id"]]),
    ]
