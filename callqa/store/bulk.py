"""Many rows into a table in one stroke: new ones are added, changed ones updated, equal ones left as they are."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any

import sqlalchemy as sa

BATCH = 20_000  # rows in memory at a time


@dataclass(frozen=True, slots=True)
class Counts:
    """What became of the rows; ``repeated``: a later row of the same stroke had the same key and counts instead."""

    taken: int = 0
    updated: int = 0
    unchanged: int = 0
    repeated: int = 0

    @property
    def total(self) -> int:
        return self.taken + self.updated + self.unchanged + self.repeated


def merge(connection: sa.Connection, table: sa.Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Counts:
    """Put rows (values in the order of ``names``, the whole primary key among them) into the table.

    Columns that are not named keep what they hold. The rows may be more than memory holds: they wait in a temporary
    table, so the counts and the update are four statements however many there are.
    """
    waiting = _waiting(table, names)
    waiting.create(connection)
    try:
        total = _fill(connection, waiting, names, rows)
        return _settle(connection, table, waiting, names, total)
    finally:
        waiting.drop(connection)


def _waiting(table: sa.Table, names: Sequence[str]) -> sa.Table:
    columns = [sa.Column(name, table.c[name].type) for name in names]
    row = sa.Column("waiting_row", sa.Integer, primary_key=True, autoincrement=False)
    return sa.Table(f"waiting_{table.name}", sa.MetaData(), row, *columns, prefixes=["TEMPORARY"])


def _fill(connection: sa.Connection, waiting: sa.Table, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> int:
    numbered = enumerate(rows)
    total = 0
    while batch := list(islice(numbered, BATCH)):
        connection.execute(
            sa.insert(waiting), [{"waiting_row": n, **dict(zip(names, row, strict=True))} for n, row in batch]
        )
        total += len(batch)
    return total


def _settle(connection: sa.Connection, table: sa.Table, waiting: sa.Table, names: Sequence[str], total: int) -> Counts:
    keys = [column.name for column in table.primary_key]
    last = sa.select(sa.func.max(waiting.c.waiting_row)).group_by(*(waiting.c[k] for k in keys))
    repeated = connection.execute(sa.delete(waiting).where(waiting.c.waiting_row.not_in(last))).rowcount
    same_key = sa.and_(*(table.c[k] == waiting.c[k] for k in keys))
    rest = [name for name in names if name not in keys]
    same = sa.and_(sa.true(), *(table.c[name].is_not_distinct_from(waiting.c[name]) for name in rest))
    known = sa.select(sa.func.count(), sa.func.count(sa.case((same, 1)))).select_from(sa.join(waiting, table, same_key))
    old, unchanged = connection.execute(known).one()
    if old > unchanged:
        values = {name: waiting.c[name] for name in rest}
        connection.execute(sa.update(table).values(values).where(same_key, sa.not_(same)))
    taken = total - repeated - old
    if taken:
        there = sa.exists().where(same_key)
        rows = sa.select(*(waiting.c[name] for name in names)).where(sa.not_(there)).order_by(waiting.c.waiting_row)
        connection.execute(sa.insert(table).from_select(list(names), rows))
    return Counts(taken, old - unchanged, unchanged, repeated)
