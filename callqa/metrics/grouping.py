"""The rows of a definition by their parts: sums and counts in one pass, the values in order where they are needed."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from callqa.errors import ConfigError
from callqa.metrics.registry import REQUIRED, Definition

if TYPE_CHECKING:
    import duckdb

WHOLE = ("TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT")  # types whose sums are exact as they are
COUNTS = {
    "total": "count(*)",
    "known": "count(num)",
    "below": "count(*) filter (den > 0 and num is not null)",
    "above": "count(*) filter (part is distinct from 'cost' and num is not null)",
    "open": "count(*) filter (open)",
    "pending": "count(*) filter (open and den > 0 and num is not null)",
    "unknown": "count(*) filter (num is null and not open)",
}


@dataclass(frozen=True, slots=True)
class Group:
    """What the rows of one part amount to; sums are over rows whose ``num`` is known, None where there are none.

    ``below``: rows below the line, ``pending``: those of them that are open; ``above``: rows that are no cost;
    ``unknown``: rows without ``num`` that are not open; ``lacks``: which of the needed parts is not there. ``values``:
    every known ``num``, in order, and ``opens``: whether that row is open; both where they were asked for.
    """

    key: str | None = None
    num: float | None = 0.0
    den: float | None = 0.0
    den2: float = 0.0
    total: int = 0
    known: int = 0
    below: int = 0
    above: int = 0
    open: int = 0
    pending: int = 0
    unknown: int = 0
    reason: str | None = None
    lacks: str | None = None
    values: Any = None
    opens: Any = None


@dataclass(frozen=True, slots=True)
class Rows:
    """A definition's query with what its ``$names`` stand for, and the types of the columns it gives."""

    duck: duckdb.DuckDBPyConnection
    definition: Definition
    given: Mapping[str, Any]
    columns: Mapping[str, str]

    @classmethod
    def of(cls, duck: duckdb.DuckDBPyConnection, definition: Definition, values: Mapping[str, Any]) -> Rows:
        """A query that cannot run, or lacks a column, is a ConfigError."""
        asked = set(re.findall(r"\$(\w+)", definition.sql))
        bare = cls(duck, definition, {name: value for name, value in values.items() if name in asked}, {})
        found = bare.run(f"from ({definition.sql}) limit 0").description or ()
        columns = {column[0]: str(column[1]) for column in found}
        if missing := [n for n in (*REQUIRED, *definition.cuts, *definition.splits) if n not in columns]:
            raise ConfigError(definition.path, "query", f"gives no column {', '.join(missing)}")
        return cls(duck, definition, bare.given, columns)

    def run(self, query: str) -> duckdb.DuckDBPyConnection:
        """A query that has the definition's in it."""
        import duckdb

        try:
            return self.duck.execute(query, self.given)
        except duckdb.Error as error:
            raise ConfigError(self.definition.path, "query", str(error).strip().splitlines()[0]) from error

    def groups(self, by: Sequence[str], listed: bool) -> dict[str, list[Group]]:
        """For "" (all rows) and every column of ``by`` its parts, in the order of their keys; ``listed``: with values.

        No rows are no group.
        """
        found = self._figure(by)
        if not listed:
            return _groups(self, self.run(f"with figure as ({found}) {self._counts(by)}"), by)
        self.run(f"create or replace temp table figure as {found}")
        counted = _groups(self, self.duck.execute(self._counts(by)), by)
        return _with_values(self.duck, counted, by)

    def _figure(self, by: Sequence[str]) -> str:
        """What counts of a row; k0, k1...: its place in each of the columns."""
        keys = "".join(f", {_key(name)} as k{n}" for n, name in enumerate(by))
        optional = ", ".join(n if n in self.columns else f"null::varchar as {n}" for n in ("reason", "part"))
        return f"select num, den, open, {optional}{keys} from ({self.definition.sql})"

    def _counts(self, by: Sequence[str]) -> str:
        keys = [f"k{n}" for n in range(len(by))]
        which = f"grouping({', '.join(keys)})" if by else "0"
        sets = ", ".join(["()", *(f"({key})" for key in keys)])
        needed = "".join(f", bool_or(part = '{part}') as has_{part}" for part in self.definition.needs)
        sums = [
            f"sum({self._exact('num')}) as num",
            f"sum({self._exact('den')}) filter (num is not null) as den",
            "sum(den::double * den) filter (num is not null) as den2",
            "min(reason) as reason",
            *(f"{count} as {name}" for name, count in COUNTS.items()),
        ]
        group = f"group by grouping sets ({sets})" if by else ""
        return f"select {', '.join([which + ' as which', *keys, *sums])}{needed} from figure {group}"

    def _exact(self, name: str) -> str:
        return name if self.columns[name] in WHOLE else f"{name}::decimal(38, 6)"


def _key(column: str) -> str:
    return "date_trunc('month', moment)" if column == "month" else f"{column}::varchar"


def _groups(rows: Rows, cursor: duckdb.DuckDBPyConnection, by: Sequence[str]) -> dict[str, list[Group]]:
    """The answer of ``_counts`` as groups."""
    names = [field[0] for field in cursor.description or ()]
    places = {(1 << len(by)) - 1: ""} | {(1 << len(by)) - 1 - (1 << n): name for n, name in enumerate(reversed(by))}
    found: dict[str, list[Group]] = {"": [], **{name: [] for name in by}}
    for row in cursor.fetchall():
        g = dict(zip(names, row, strict=True))
        if g["total"]:
            place = places[g["which"]]
            key = g[f"k{list(by).index(place)}"] if place else None
            found[place].append(_group(rows, g, f"{key:%Y-%m}" if place == "month" and key else key))
    for groups in found.values():
        groups.sort(key=lambda group: (group.key is not None, group.key or ""))
    return found


def _group(rows: Rows, g: Mapping[str, Any], key: str | None) -> Group:
    num, den = (None if g[name] is None else float(g[name]) for name in ("num", "den"))
    lacks = next((part for part in rows.definition.needs if not g[f"has_{part}"]), None)
    counts = {name: g[name] for name in COUNTS}
    return Group(key, num, den, g["den2"] or 0.0, **counts, reason=g["reason"], lacks=lacks)


def _with_values(
    duck: duckdb.DuckDBPyConnection, counted: Mapping[str, list[Group]], by: Sequence[str]
) -> dict[str, list[Group]]:
    """The groups of the table ``figure`` with their values, which are sorted once for all columns."""
    import numpy as np

    places = [[group.key for group in counted[name]] for name in by]
    given: dict[str, Any] = {f"p{n}": keys for n, keys in enumerate(places)}
    joins = "".join(f" left join {_numbered(n, name)} on k{n} is not distinct from t{n}.k" for n, name in enumerate(by))
    codes = "".join(f", t{n}.code as c{n}" for n in range(len(by)))
    query = f"select num::double as num, coalesce(open, false) as open{codes} from figure{joins} where num is not null"
    flat = {name: np.ma.getdata(column) for name, column in duck.execute(query, given).fetchnumpy().items()}
    order = np.argsort(flat["num"])
    values, opens = flat["num"][order], flat["open"][order]
    found = {"": [replace(group, values=values, opens=opens) for group in counted[""]]}
    for n, name in enumerate(by):
        place = flat[f"c{n}"][order].astype(np.int32)
        turn = np.argsort(place, kind="stable")
        ends = np.bincount(place, minlength=len(places[n])).cumsum()
        parts = [np.split(column[turn], ends[:-1]) for column in (values, opens)]
        found[name] = [replace(group, values=parts[0][k], opens=parts[1][k]) for k, group in enumerate(counted[name])]
    return found


def _numbered(n: int, name: str) -> str:
    """The keys of a column with their places in the order."""
    key = "strptime(key, '%Y-%m')" if name == "month" else "key"
    return (
        f"(select {key} as k, code from (select unnest($p{n}::varchar[]) as key, "
        f"unnest(range(len($p{n}::varchar[])))::integer as code)) t{n}"
    )
