"""Companies written down as tables, as the store has them: for tests of the metrics."""

import importlib
from pathlib import Path

import sqlalchemy as sa

from callqa.metrics.settings import read_settings
from callqa.metrics.warehouse import load
from callqa.store.tables import schema

importlib.import_module("callqa.store.deal_tables")
SETTINGS = read_settings(Path(__file__).parent.parent / "configs")


def tables(text):
    """A table's name on a line of its own, then its columns, then its rows, with | between; empty is None."""
    found = {}
    for block in text.strip().split("\n\n"):
        name, head, *rows = [line.strip() for line in block.splitlines()]
        columns = [c.strip() for c in head.split("|")]
        found[name] = [{c: v.strip() or None for c, v in zip(columns, row.split("|"), strict=True)} for row in rows]
    return found


def fill(engine, text):
    """The store's tables with these rows in them; money is written in whole units."""
    schema.create_all(engine)
    with engine.begin() as connection:
        for name, rows in tables(text).items():
            table = schema.tables[name]
            connection.execute(table.insert(), [{c: _meant(table.c[c], v) for c, v in row.items()} for row in rows])


def warehouse(text, settings=SETTINGS, scores=()):
    """Those rows as the metrics read them."""
    engine = sa.create_engine("sqlite://")
    fill(engine, text)
    with engine.connect() as connection:
        return load(connection, settings, scores)


def _meant(column, text):
    if text is None:
        return None
    if column.name in ("amount", "gross_cost"):
        return round(float(text) * 100)
    if isinstance(column.type, sa.Boolean):
        return {"yes": True, "no": False}[text]
    return {int: int, float: float}.get(column.type.python_type, str)(text)
