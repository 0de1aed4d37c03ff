"""A mark on each table that the metrics read, drawn anew by every change of its rows: it tells what is stale."""

from __future__ import annotations

import sqlalchemy as sa

from callqa.store.tables import schema

# drawn, not counted: a store that was restored, or begun again, is never taken for what it was
marks = sa.Table(
    "marks",
    schema,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("mark", sa.BigInteger, nullable=False),
)


def read_marks(connection: sa.Connection) -> dict[str, int]:
    """By table; the triggers that draw them are those of migration 0006."""
    return {row.name: row.mark for row in connection.execute(sa.select(marks).order_by(marks.c.name))}
