"""The company as Data Loader takes it out of Salesforce: one CSV for each object, ids of eighteen letters.

OpportunityHistory has a row for every change of an amount or a date as well, with the stage as it was. The org has
fields of its own (`__c`); Close Date is a plan.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta

from forms import Column, as_csv, cells, coded, deals_of, names, nothing, point
from people import LOST, REPEAT, WON
from world import Row

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"
FINAL = {WON: "Closed Won", LOST: "Closed Lost"}
STATUS = {
    "new": "Open - Not Contacted",
    "in_work": "Working - Contacted",
    "sql": "Closed - Converted",
    "rejected": "Closed - Not Converted",
}
SUBTYPES = {"call": "Call", "task": "Task", "message": "Email"}


def salesforce(tables: Mapping[str, list[Row]]) -> Iterator[tuple[str, bytes]]:
    ids = _Ids(tables)
    tasks = [row for row in tables["activities"] if row["kind"] in SUBTYPES]
    events = [row for row in tables["activities"] if row["kind"] not in SUBTYPES]
    yield "Account.csv", _document(_accounts(ids), tables["customers"])
    yield "Lead.csv", _document(_leads(ids), tables["leads"])
    yield "Opportunity.csv", _document(_opportunities(ids), deals_of(tables))
    yield "OpportunityHistory.csv", _document(_history(ids), _changes(tables["stage_history"]))
    yield "OpportunityLineItem.csv", _document(_lines(ids), tables["products"])
    yield "Task.csv", _document(_tasks(ids), tasks)
    yield "Event.csv", _document(_events(ids), events)


def _document(columns: list[Column], rows: Iterable[Row]) -> bytes:
    return as_csv(cells(columns, rows, _time, "true", "false"))


def _time(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")


def salesforce_id(prefix: str, number: int) -> str:
    """Fifteen letters that mind their case, and three that tell the case."""
    short = f"{prefix}5g0000{number:06}"
    ends = ("".join("1" if letter.isupper() else "0" for letter in reversed(short[n : n + 5])) for n in (0, 5, 10))
    return short + "".join(LETTERS[int(bits, 2)] for bits in ends)


class _Ids:
    """Ids by object: an account is a customer (a person account), an opportunity a deal."""

    def __init__(self, tables: Mapping[str, list[Row]]) -> None:
        def made(table: str, key: str, prefix: str) -> dict[str, str]:
            return {row[key]: salesforce_id(prefix, n) for n, row in enumerate(tables[table], start=1)}

        self.lead = made("leads", "lead_id", "00Q")
        self.deal = made("deals", "deal_id", "006")
        self.account = made("customers", "customer_id", "001")
        self.user = made("people", "person_id", "005")
        self.names = names(tables)


def _owner(ids: _Ids) -> list[Column]:
    return [("OwnerId", coded("owner_id", ids.user)), ("Owner.Name", coded("owner_id", ids.names))]


def _accounts(ids: _Ids) -> list[Column]:
    return [
        ("Id", coded("customer_id", ids.account)),
        ("Name", "name"),
        ("Phone", "phone"),
        ("PersonEmail", "email"),
        ("AccountSource", "source"),
        ("CreatedDate", "created_at"),
    ]


def _leads(ids: _Ids) -> list[Column]:
    return [
        ("Id", coded("lead_id", ids.lead)),
        ("Status", coded("status", STATUS)),
        ("LeadSource", "source"),
        *_owner(ids),
        ("CreatedDate", "created_at"),
        ("FirstCallDateTime", "first_touch_at"),
        ("IsConverted", lambda row: row["deal_id"] is not None),
        ("ConvertedAccountId", coded("customer_id", ids.account)),
        ("ConvertedOpportunityId", coded("deal_id", ids.deal)),
        ("Campaign__c", "campaign"),
        ("Qualified_At__c", "sql_at"),
        ("Reject_Reason__c", "reject_reason"),
    ]


def _opportunities(ids: _Ids) -> list[Column]:
    def kind(row: Row) -> str:
        if row["pipeline"] != REPEAT:
            return "New Customer"
        return f"Existing Customer - {'Upgrade' if row['upsell'] else 'Replacement'}"

    return [
        ("Id", coded("deal_id", ids.deal)),
        ("AccountId", coded("customer_id", ids.account)),
        ("RecordType.Name", "pipeline"),
        ("Name", "title"),
        ("StageName", coded("stage", FINAL)),
        ("Amount", lambda row: point(row["amount"])),
        ("CurrencyIsoCode", "currency"),
        ("CloseDate", lambda row: row["closed_reported_at"].date()),
        ("Type", kind),
        ("LeadSource", "source"),
        ("IsClosed", lambda row: row["final"] is not None),
        ("IsWon", lambda row: row["final"] == "won"),
        *_owner(ids),
        ("CreatedDate", "created_at"),
        ("Gross_Cost__c", lambda row: point(row["gross_cost"])),
        ("Loss_Reason__c", "loss_reason"),
    ]


def _changes(history: list[Row]) -> Iterator[Row]:
    """The stages, and after every ninth of them a change of something else."""
    last = max(row["entered_at"] for row in history)
    for n, row in enumerate(history):
        yield row
        again = row["entered_at"] + timedelta(minutes=10)
        if n % 9 == 0 and again < last:
            yield row | {"entered_at": again}


def _history(ids: _Ids) -> list[Column]:
    return [
        ("OpportunityId", coded("deal_id", ids.deal)),
        ("StageName", coded("stage", FINAL)),
        ("CreatedDate", "entered_at"),
        ("CreatedBy.Name", lambda row: "Automated Process" if row["actor"] == "automation" else "Sales User"),
    ]


def _lines(ids: _Ids) -> list[Column]:
    return [
        ("OpportunityId", coded("deal_id", ids.deal)),
        ("Product2.Name", "product"),
        ("Quantity", "quantity"),
        ("TotalPrice", lambda row: point(row["amount"])),
        ("CurrencyIsoCode", "currency"),
    ]


def _links(ids: _Ids) -> list[Column]:
    """What tasks and events have: whom they are with (a lead), what they are about (an opportunity)."""
    return [
        ("WhoId", lambda row: ids.lead.get(row["lead_id"])),
        ("WhatId", lambda row: ids.deal.get(row["deal_id"])),
        ("AccountId", coded("customer_id", ids.account)),
        *_owner(ids),
        ("CreatedBy.Name", lambda row: "Automated Process" if row["actor"] == "automation" else "Sales User"),
        ("Action__c", "action"),
        ("Next_Step_Agreed__c", "next_step_agreed"),
    ]


def _tasks(ids: _Ids) -> list[Column]:
    return [
        ("Id", lambda row: salesforce_id("00T", int(row["activity_id"][2:]))),
        ("Subject", nothing),
        ("TaskSubtype", coded("kind", SUBTYPES)),
        ("ActivityDate", lambda row: row["at"].astimezone(UTC).date()),
        ("CompletedDateTime", "at"),
        ("CallType", lambda row: row["direction"] and row["direction"].title()),
        ("CallDurationInSeconds", "seconds"),
        ("CallDisposition", lambda row: {True: "Connected", False: "No Answer", None: ""}[row["connected"]]),
        *_links(ids),
    ]


def _events(ids: _Ids) -> list[Column]:
    return [
        ("Id", lambda row: salesforce_id("00U", int(row["activity_id"][2:]))),
        ("Subject", nothing),
        ("Type", lambda row: "Demo" if row["kind"] == "demo" else "Meeting"),
        ("StartDateTime", "at"),
        ("DurationInMinutes", lambda row: row["seconds"] // 60),
        ("Held__c", "held"),
        *_links(ids),
    ]
