"""Which deal a call is of: by the deal it names, else by its lead, its customer or their number, and its time."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callqa.metrics.settings import MetricSettings

if TYPE_CHECKING:
    import duckdb
    import sqlalchemy as sa

QUERY = Path(__file__).with_suffix(".sql")
ASKING = ("kind", "call_id", "moment", "rep", "deal_id", "lead_id", "customer_id", "phone")
CLIENTS = ("customer_id", "phone")
AT_ONCE = 50_000  # rows on their way at a time
# a recording: its id, UTC time, rep, deal, customer and the number as calls.csv has it
CallRow = tuple[str, str | None, str | None, str | None, str | None, str | None]


@dataclass(frozen=True, slots=True)
class Link:
    """A call (``kind``: "recording", or "activity" of the CRM) and its deal, or the ``reason`` why it has none.

    ``made_by``: deal_id, lead_id, customer_id or phone. ``chosen``: "named", the one deal "open" at the time, the
    "nearest" one, or of several the "rep"'s own. ``phase``: the call was "before" or "after" the deal's decision, the
    deal is still "open", or one of the two times is "unknown".
    """

    kind: str
    call_id: str
    at: datetime | None
    rep: str | None
    deal_id: str | None
    made_by: str | None
    chosen: str | None
    confidence: str | None
    reason: str | None
    phase: str | None


@dataclass(frozen=True, slots=True)
class Matched:
    """How many of the ``calls`` are ``linked`` to a deal: by what, how surely, on which side of the decision it lies;
    and why the others are not. Parts: what to how many, the most first."""

    calls: int
    linked: int
    made_by: dict[str, int]
    confidence: dict[str, int]
    phase: dict[str, int]
    reasons: dict[str, int]


def link(
    duck: duckdb.DuckDBPyConnection, connection: sa.Connection, settings: MetricSettings, calls: Iterable[CallRow] = ()
) -> None:
    """Make ``call_links`` and give calls without a deal the one they are of; customers' numbers are not kept."""
    recordings = (("recording", id, at, rep, deal, None, who, phone) for id, at, rep, deal, who, phone in calls)
    fill(duck, "asking", ASKING, recordings)
    _append(duck, "asking", ASKING, _loose(connection))
    asked = bool(duck.execute("select count(*) from asking").fetchall()[0][0])
    fill(duck, "clients", CLIENTS, stored(connection, "customers", CLIENTS) if asked else ())
    duck.execute(
        "alter table asking alter moment type timestamp using case when length(moment) = 10 then moment::timestamp "
        "else timezone(getvariable('timezone'), moment::timestamptz) end"
    )
    for name in ("brought_days", "after_days", "shared_phone"):
        duck.execute(f"set variable {name} = $value", {"value": getattr(settings, name)})
    duck.execute("set variable asking = $value", {"value": asked})
    duck.execute(QUERY.read_text(encoding="utf-8"))
    for table in ("clients", "asking", "asked", "numbers"):  # a definition of the team's own must not read numbers
        duck.execute(f"drop table {table}")


def links(duck: duckdb.DuckDBPyConnection, deal: str = "", reason: str = "") -> list[Link]:
    """Every call of the store by time, or those of one deal, or those with one reason."""
    names = "kind, call_id, moment, rep, deal_id, made_by, chosen, confidence, reason, phase"
    rows = duck.execute(
        f"select {names} from call_links where ($deal = '' or deal_id = $deal) and ($reason = '' or reason = $reason) "
        "order by moment nulls first, kind, call_id",
        {"deal": deal, "reason": reason},
    ).fetchall()
    return [Link(*row) for row in rows]


def matched(duck: duckdb.DuckDBPyConnection) -> Matched:
    """The counts over all calls of the store."""
    [(calls, linked)] = duck.execute("select count(*), count(deal_id) from call_links").fetchall()
    parts = {
        name: dict(
            duck.execute(
                f"select {name}, count(*) from call_links where {name} is not null group by 1 order by 2 desc, 1"
            ).fetchall()
        )
        for name in ("made_by", "confidence", "phase", "reason")
    }
    return Matched(calls, linked, *parts.values())


def _loose(connection: sa.Connection) -> Iterator[Sequence[Any]]:
    """The CRM's calls that name no deal."""
    names = ("activity_id", "at", "owner_id", "deal_id", "lead_id", "customer_id", "phone")
    for row in stored(connection, "activities", names, "kind = 'call' and deal_id is null"):
        yield ("activity", *row)


def stored(
    connection: sa.Connection, table: str, names: Sequence[str], where: str = "1 = 1"
) -> Iterable[Sequence[Any]]:
    """Rows of the store; none of a table that it lacks."""
    import sqlalchemy as sa

    if not sa.inspect(connection).has_table(table):
        return ()
    wanted: list[sa.ColumnElement[Any]] = [sa.column(name) for name in names]
    query = sa.select(*wanted).select_from(sa.table(table)).where(sa.text(where))
    return (tuple(row) for row in connection.execute(query))


def fill(duck: duckdb.DuckDBPyConnection, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    duck.execute(f"create table {table} ({', '.join(f'{name} varchar' for name in names)})")
    _append(duck, table, names, rows)


def _append(duck: duckdb.DuckDBPyConnection, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    """Rows of text, many at a time; an empty one is none."""
    columns = ", ".join(f"nullif(unnest(${name}::varchar[]), '')" for name in names)
    coming = iter(rows)
    while batch := list(islice(coming, AT_ONCE)):
        duck.execute(
            f"insert into {table} select {columns}", dict(zip(names, map(list, zip(*batch, strict=True)), strict=True))
        )
