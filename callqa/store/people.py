"""Owners that an export called by name, and the people they turn out to be."""

from __future__ import annotations

from collections.abc import Callable

import sqlalchemy as sa

from callqa.store.deal_tables import deal_tables, people

BY = (("leads", "owner_id"), ("deals", "owner_id"), ("activities", "owner_id"), ("targets", "person_id"),
      ("people", "manager_id"))  # fmt: skip


def names(connection: sa.Connection) -> list[tuple[str, str | None]]:
    """Id and name of everyone."""
    query = sa.select(people.c.person_id, people.c.name).order_by(people.c.person_id)
    return [(row.person_id, row.name) for row in connection.execute(query)]


def name_owners(connection: sa.Connection, known: Callable[[str], str]) -> None:
    """Put the id where a name stood; ``known`` gives the id, the same text, or a ValueError where it cannot tell."""
    for table, name in BY:
        column = deal_tables[table].c[name]
        for said in connection.execute(sa.select(column).where(column.is_not(None)).distinct()).scalars().all():
            try:
                id = known(said)
            except ValueError:
                continue
            if id != said:
                connection.execute(sa.update(deal_tables[table]).where(column == said).values({name: id}))
