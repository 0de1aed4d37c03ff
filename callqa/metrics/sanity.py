"""What in the data bends the metrics: every check of checks/*.sql with how many records it finds, and which."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callqa.config import convert
from callqa.errors import ConfigError
from callqa.metrics.linking import fill, stored

if TYPE_CHECKING:
    import duckdb
    import sqlalchemy as sa

PREPARED = Path(__file__).with_suffix(".sql")
CHECKS = Path(__file__).with_name("checks")
MOST = 5  # examples of a finding
IMPORTS = ("import_id", "sha256", "source", "entity", "taken", "updated", "unchanged", "repeated")


@dataclass(frozen=True, slots=True)
class Check:
    """One check. Its query gives a row a record: `record` (its id), `found` (is it one), `part` (which kind of it).

    ``harm``: what it does to ``metrics`` (ids); ``cure``: what to do; ``empty``: what is said where there is no row.
    """

    id: str
    number: int
    title_ru: str
    title_en: str
    harm_ru: str
    harm_en: str
    cure_ru: str
    cure_en: str
    metrics: tuple[str, ...]
    empty: str
    sql: str
    path: str


@dataclass(frozen=True, slots=True)
class Finding:
    """``found`` of ``total`` records; ``examples``: ids of some, ``parts``: how many of which kind, the most first.

    ``reason``: why nothing could be looked at.
    """

    check: Check
    found: int
    total: int
    examples: tuple[str, ...] = ()
    parts: tuple[tuple[str, int], ...] = ()
    reason: str | None = None


def checks(folder: Path = CHECKS) -> tuple[Check, ...]:
    """Every check by its number; a file that is none is a ConfigError."""
    return tuple(sorted((_read(path) for path in sorted(folder.glob("*.sql"))), key=lambda check: check.number))


def findings(
    duck: duckdb.DuckDBPyConnection,
    connection: sa.Connection,
    metric_ids: Sequence[str],
    chosen: Iterable[Check] | None = None,
) -> list[Finding]:
    """What every check finds in a warehouse's tables; ``connection``: the store they come from."""
    fill(duck, "clients", ("customer_id", "phone"), stored(connection, "customers", ("customer_id", "phone")))
    fill(duck, "imports", IMPORTS, ((*map(str, row),) for row in stored(connection, "imports", IMPORTS)))
    duck.execute("set variable metric_ids = $ids", {"ids": ["revenue", "contacts", *metric_ids]})
    duck.execute(PREPARED.read_text(encoding="utf-8"))
    found = [_found(duck, check) for check in (checks() if chosen is None else chosen)]
    duck.execute("drop table clients")
    return found


def _found(duck: duckdb.DuckDBPyConnection, check: Check) -> Finding:
    import duckdb as library

    try:
        duck.execute(f"create or replace temp table looked as {check.sql}")
    except library.Error as error:
        raise ConfigError(check.path, "query", str(error).strip().splitlines()[0]) from error
    [(found, total)] = duck.execute("select count(*) filter (found), count(*) from looked").fetchall()
    parts = duck.execute(
        "select part, count(*) from looked where found and part is not null group by 1 order by 2 desc, 1"
    ).fetchall()
    examples = duck.execute(f"select record from looked where found order by record limit {MOST}").fetchall()
    reason = None if total else check.empty
    return Finding(check, found, total, tuple(str(row[0]) for row in examples), tuple(parts), reason)


def _read(path: Path) -> Check:
    lines = path.read_text(encoding="utf-8").splitlines()
    end = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    try:
        head: dict[str, Any] = tomllib.loads("\n".join(line[2:].removeprefix(" ") for line in lines[:end]))
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), "header", str(error)) from error
    return convert(str(path), "header", {**head, "sql": "\n".join(lines[end:]).strip(), "path": str(path)}, Check)
