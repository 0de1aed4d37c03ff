"""The store's tables as DuckDB's, times in the company's zone; what has not changed since the last time is not read."""

from __future__ import annotations

import csv
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import duckdb
    import sqlalchemy as sa

RENAMED = {"moment": "at"}  # AT is a word of DuckDB's SQL
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
CHANGED = ("activities", "stage_history")  # what is found out about calls and stages is written into these


def read(duck: duckdb.DuckDBPyConnection, connection: sa.Connection, zone: str) -> None:
    """All tables into an empty database; one that the store lacks is empty, and so is a column."""
    with tempfile.TemporaryDirectory(prefix="callqa-metrics-") as folder:
        for table in COLUMNS:
            _stored(duck, table, connection, table, zone, Path(folder))


def reread(
    duck: duckdb.DuckDBPyConnection, connection: sa.Connection, zone: str, marks: Mapping[str, int], previous: str
) -> None:
    """The same, beside tables of what was read, which the next time takes from this database, named ``previous``."""
    had = f"select table_name from duckdb_tables() where database_name = '{previous}'"
    known: dict[str, str] = {}
    if ("raw_of",) in duck.execute(had).fetchall():
        known = dict(duck.execute(f"select name, mark from {previous}.raw_of").fetchall())
    now = {table: f"{marks[table]} {zone} {columns}" for table, columns in COLUMNS.items()}
    with tempfile.TemporaryDirectory(prefix="callqa-metrics-") as folder:
        for table, mark in now.items():
            if known.get(table) == mark:
                duck.execute(f"create table raw_{table} as from {previous}.raw_{table}")
            else:
                _stored(duck, f"raw_{table}", connection, table, zone, Path(folder))
            duck.execute(f"create {'table' if table in CHANGED else 'view'} {table} as from raw_{table}")
    duck.execute(
        "create table raw_of as select unnest($names) as name, unnest($marks) as mark",
        {"names": list(now), "marks": list(now.values())},
    )


def read_scores(duck: duckdb.DuckDBPyConnection, scores: Iterable[Sequence[Any]], zone: str) -> None:
    """``call_scores``, from rows with the columns of ``SCORES``."""
    with tempfile.TemporaryDirectory(prefix="callqa-metrics-") as folder:
        _fill(duck, "raw_scores", SCORES, list(SCORES), scores, Path(folder), zone)
    blocks = "from_json(blocks, '\"MAP(VARCHAR, DOUBLE)\"')"
    duck.execute(f"create table call_scores as select * replace ({blocks} as blocks) from raw_scores")


def _stored(
    duck: duckdb.DuckDBPyConnection, name: str, connection: sa.Connection, table: str, zone: str, folder: Path
) -> None:
    import sqlalchemy as sa

    inspector = sa.inspect(connection)
    known = {c["name"] for c in inspector.get_columns(table)} if inspector.has_table(table) else set()
    picked = [column for column in COLUMNS[table] if RENAMED.get(column, column) in known]
    rows = _rows(connection, table, picked) if picked else ()
    _fill(duck, name, COLUMNS[table], picked, rows, folder, zone)


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
