"""Many rows into a table in one stroke: new ones are added, changed ones updated, equal ones left as they are."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
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


class Merging:
    """Rows on their way into a table: they may be more than memory holds and wait in a temporary one.

    ``names``: the columns of the rows, the whole primary key among them; others keep what they hold. Used as a context,
    inside a transaction; one table can be merged into once at a time.
    """

    def __init__(self, connection: sa.Connection, table: sa.Table, names: Sequence[str]) -> None:
        self._connection, self._table, self._names = connection, table, tuple(names)
        columns = [sa.Column(name, table.c[name].type) for name in names]
        row = sa.Column("waiting_row", sa.Integer, primary_key=True, autoincrement=False)
        self._waiting = sa.Table(f"waiting_{table.name}", sa.MetaData(), row, *columns, prefixes=["TEMPORARY"])
        self._batch: list[tuple[Any, ...]] = []
        self._total = 0

    def __enter__(self) -> Merging:
        self._waiting.create(self._connection)
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is None:  # a failed transaction takes the table with it
            self._waiting.drop(self._connection)

    def add(self, row: Sequence[Any]) -> None:
        """One more row, its values in the order of the names."""
        self._batch.append((self._total, *row))
        self._total += 1
        if len(self._batch) >= BATCH:
            self._flush()

    def settle(self) -> Counts:
        """Put all rows into the table: four statements, however many they are."""
        self._flush()
        return _settle(self._connection, self._table, self._waiting, self._names, self._total)

    def _flush(self) -> None:
        if not self._batch:
            return
        if self._connection.dialect.name == "sqlite":
            # the driver alone takes rows as they are, in a third of the time
            marks = ", ".join("?" * (len(self._names) + 1))
            cursor = self._connection.connection.cursor()
            cursor.executemany(f"insert into {self._waiting.name} values ({marks})", self._batch)
            cursor.close()
        else:
            names = ("waiting_row", *self._names)
            self._connection.execute(
                sa.insert(self._waiting), [dict(zip(names, row, strict=True)) for row in self._batch]
            )
        self._batch = []


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
