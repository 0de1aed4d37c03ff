"""The store's tables in DuckDB, in the company's time and base currency, ready for the definitions."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callqa.metrics.linking import CallRow, link
from callqa.metrics.settings import MetricSettings, Period

if TYPE_CHECKING:
    import duckdb
    import sqlalchemy as sa

RENAMED = {"moment": "at"}  # AT is a word of DuckDB's SQL
# when the rows of a table begin, where that says since when they were kept
FIRST = (
    ("people", "null::timestamp"),
    ("leads", "created_at"),
    ("deals", "created_at"),
    ("stage_history", "entered_at"),
    ("activities", "moment"),
)
FACTS = Path(__file__).with_name("facts.sql")
# what the definitions may read: names, phones and titles of customers stay in the store
COLUMNS: Mapping[str, Mapping[str, str]] = {
    "people": {"person_id": "VARCHAR", "name": "VARCHAR", "team": "VARCHAR", "role": "VARCHAR",
               "hired_at": "TIMESTAMP", "left_at": "TIMESTAMP"},
    "leads": {"lead_id": "VARCHAR", "created_at": "TIMESTAMP", "source": "VARCHAR", "pipeline": "VARCHAR",
              "owner_id": "VARCHAR", "customer_id": "VARCHAR", "first_touch_at": "TIMESTAMP", "sql_at": "TIMESTAMP",
              "status": "VARCHAR", "deal_id": "VARCHAR"},
    "deals": {"deal_id": "VARCHAR", "lead_id": "VARCHAR", "customer_id": "VARCHAR", "owner_id": "VARCHAR",
              "pipeline": "VARCHAR", "source": "VARCHAR", "amount": "BIGINT", "currency": "VARCHAR",
              "gross_cost": "BIGINT", "created_at": "TIMESTAMP", "closed_reported_at": "TIMESTAMP",
              "close_planned": "BOOLEAN", "stage": "VARCHAR", "final": "VARCHAR", "loss_reason": "VARCHAR",
              "upsell": "BOOLEAN", "template": "BOOLEAN"},
    "stage_history": {"deal_id": "VARCHAR", "entered_at": "TIMESTAMP", "stage": "VARCHAR", "stage_order": "INTEGER",
                      "final": "VARCHAR"},
    "stages": {"pipeline": "VARCHAR", "stage": "VARCHAR", "stage_order": "INTEGER"},
    "products": {"deal_id": "VARCHAR", "product": "VARCHAR", "quantity": "DOUBLE", "amount": "BIGINT"},
    "costs": {"cost_id": "VARCHAR", "day": "DATE", "kind": "VARCHAR", "channel": "VARCHAR", "team": "VARCHAR",
              "amount": "BIGINT", "currency": "VARCHAR"},
    "targets": {"target_id": "VARCHAR", "person_id": "VARCHAR", "team": "VARCHAR", "month": "VARCHAR",
                "metric": "VARCHAR", "amount": "BIGINT", "currency": "VARCHAR"},
    "activities": {"activity_id": "VARCHAR", "kind": "VARCHAR", "moment": "TIMESTAMP", "seconds": "DOUBLE",
                   "connected": "BOOLEAN", "held": "BOOLEAN", "owner_id": "VARCHAR", "deal_id": "VARCHAR",
                   "lead_id": "VARCHAR", "next_step_agreed": "BOOLEAN", "actor": "VARCHAR", "action": "VARCHAR"},
    "rates": {"currency": "VARCHAR", "day": "DATE", "rate": "DOUBLE"},
}  # fmt: skip
SCORES = {"call_id": "VARCHAR", "moment": "TIMESTAMP", "rep": "VARCHAR", "deal_id": "VARCHAR", "score": "DOUBLE",
          "coverage": "DOUBLE", "eligible": "BOOLEAN", "blocks": "VARCHAR"}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Warehouse:
    """The loaded data. ``begins`` and ``as_of``: the first and the last moment that they tell of, in local time.

    ``begun``: how many rows a table has, and when the first of them was, where that says since when they were kept.
    """

    duck: duckdb.DuckDBPyConnection
    settings: MetricSettings
    currency: str
    begins: datetime | None
    as_of: datetime | None
    begun: Mapping[str, tuple[int, datetime | None]]

    def names(self) -> dict[str, str]:
        """What people are called, by id."""
        return dict(self.duck.execute("select person_id, name from people where name is not null").fetchall())

    def last_month(self) -> str:
        """The last month that the data tell of to its end; where none is whole, the last one."""
        assert self.as_of is not None, "asked of an empty store"
        begun = self.as_of.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
        # a month whose last day has records is as whole as it gets
        whole = (self.as_of + timedelta(days=1)).month != self.as_of.month
        before = begun - timedelta(days=1)
        return f"{begun if whole or (self.begins and self.begins > before) else before:%Y-%m}"

    def values(self, period: Period) -> dict[str, Any]:
        """What ``$names`` in a definition stand for."""
        s = self.settings
        return {
            "t0": datetime.combine(period.start, datetime.min.time()),
            "t1": datetime.combine(period.end, datetime.min.time()),
            "as_of": self.as_of,
            "months": list(period.months),
            **{name: getattr(s, name) for name in s.__dataclass_fields__ if isinstance(getattr(s, name), int | float)},
            "margin": s.margin,
            "lifetime_years": s.lifetime_years,
        }


def load(
    connection: sa.Connection,
    settings: MetricSettings,
    scores: Iterable[Sequence[Any]] = (),
    calls: Iterable[CallRow] = (),
) -> Warehouse:
    """Read a store (SQLite or PostgreSQL alike) into memory. ``scores``: rows with the columns of ``SCORES``.

    ``calls``: the recordings, to be linked to deals. A table or column that the store lacks is empty.
    """
    import duckdb
    import sqlalchemy as sa

    duck = duckdb.connect()
    duck.execute("set timezone = 'UTC'")
    duck.execute("set variable timezone = $name", {"name": settings.timezone})
    inspector = sa.inspect(connection)
    present = set(inspector.get_table_names())
    with tempfile.TemporaryDirectory(prefix="callqa-metrics-") as folder:
        for table, columns in COLUMNS.items():
            known = {c["name"] for c in inspector.get_columns(table)} if table in present else set()
            picked = [name for name in columns if RENAMED.get(name, name) in known]
            rows = _rows(connection, table, picked) if picked else ()
            _fill(duck, table, columns, picked, rows, Path(folder), settings.timezone)
        _fill(duck, "raw_scores", SCORES, list(SCORES), scores, Path(folder), settings.timezone)
    blocks = "from_json(blocks, '\"MAP(VARCHAR, DOUBLE)\"')"
    duck.execute(f"create table call_scores as select * replace ({blocks} as blocks) from raw_scores")
    link(duck, connection, settings, calls)
    currency = settings.base_currency or _base(duck)
    return _facts(duck, settings, currency)


def _rows(connection: sa.Connection, table: str, picked: Sequence[str]) -> Iterable[Any]:
    import sqlalchemy as sa

    wanted: list[sa.ColumnElement[Any]] = [sa.column(RENAMED.get(name, name)) for name in picked]
    query = sa.select(*wanted).select_from(sa.table(table))
    if connection.dialect.name != "sqlite":
        return connection.execution_options(stream_results=True).execute(query)
    # the driver's own rows go into the file three times faster
    rows: Iterable[Any] = connection.connection.cursor().execute(str(query.compile(dialect=connection.dialect)))
    return rows


def _fill(
    duck: duckdb.DuckDBPyConnection,
    table: str,
    columns: Mapping[str, str],
    picked: Sequence[str],
    rows: Iterable[Any],
    folder: Path,
    timezone: str,
) -> None:
    """A table from rows, by way of a CSV file: ten times faster than inserting, and the same for every database."""
    path = folder / f"{table}.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    names = ", ".join(f"{name} {kind}" for name, kind in columns.items())
    duck.execute(f"create table {table} ({names})")
    if not path.stat().st_size:
        return
    read = ", ".join(_typed(name, columns[name]) for name in picked)
    types = ", ".join(f"'{name}': 'VARCHAR'" for name in picked)
    duck.execute(
        f"insert into {table} ({', '.join(picked)}) select {read} from read_csv(?, columns = {{{types}}},"
        " header = false, auto_detect = false, delim = ',', quote = '\"', escape = '\"',"
        " new_line = '\\r\\n', nullstr = '')",
        [str(path)],
    )
    path.unlink()


def _typed(name: str, kind: str) -> str:
    """A column of text as what it means; a day is a local day, a moment is in UTC and becomes local."""
    if kind == "TIMESTAMP":
        return (
            f"case when length({name}) = 10 then {name}::TIMESTAMP "
            f"else timezone(getvariable('timezone'), {name}::TIMESTAMPTZ) end"
        )
    return name if kind == "VARCHAR" else f"{name}::{kind}"


def _base(duck: duckdb.DuckDBPyConnection) -> str:
    found = duck.execute("select distinct currency from deals where currency is not null").fetchall()
    return str(found[0][0]) if len(found) == 1 else "RUB"


def _facts(duck: duckdb.DuckDBPyConnection, settings: MetricSettings, currency: str) -> Warehouse:
    """The tables of facts.sql, and the span of time that the data tell of."""
    for name, value in {
        "base": currency,
        "margin": settings.margin,
        "rep_roles": [role.lower() for role in settings.rep_roles],
        "action_names": list(settings.actions),
        "action_minutes": list(settings.actions.values()),
        "workdays": list(settings.working_days),
        "holidays": [date.fromisoformat(day) for day in settings.holidays],
        "opens": _minutes(settings.workday_start),
        "closes": _minutes(settings.workday_end),
    }.items():
        duck.execute(f"set variable {name} = $value", {"value": value})
    duck.execute(FACTS.read_text(encoding="utf-8"))
    # meetings are planned ahead and costs booked ahead: they do not say how far the data reach
    begins, as_of = duck.execute(
        "select min(moment), max(moment) from (select created_at as moment from leads "
        "union all select created_at from deals union all select entered_at from stage_history "
        "union all select moment from finals "
        "union all select moment from call_scores)"
    ).fetchall()[0]
    begun = {table: duck.execute(f"select count(*), min({first}) from {table}").fetchall()[0] for table, first in FIRST}
    return Warehouse(duck, settings, currency, begins, as_of, begun)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes)
