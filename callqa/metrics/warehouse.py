"""The store's tables in DuckDB, in the company's time and base currency, ready for the definitions."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callqa.metrics import linking
from callqa.metrics.keeping import PREVIOUS, Kept, opened
from callqa.metrics.linking import CallRow, link
from callqa.metrics.reading import COLUMNS, read, read_scores, reread
from callqa.metrics.settings import MetricSettings, Period

if TYPE_CHECKING:
    import duckdb
    import sqlalchemy as sa

# when the rows of a table begin, where that says since when they were kept
FIRST = (
    ("people", "null::timestamp"),
    ("leads", "created_at"),
    ("deals", "created_at"),
    ("stage_history", "entered_at"),
    ("activities", "moment"),
)
FACTS = Path(__file__).with_name("facts.sql")
# rows, or what gives them as often as it is asked
ScoreRows = Iterable[Sequence[Any]] | Callable[[], Iterable[Sequence[Any]]]
CallRows = Iterable[CallRow] | Callable[[], Iterable[CallRow]]


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
    scores: ScoreRows = (),
    calls: CallRows = (),
    kept: Kept | None = None,
) -> Warehouse:
    """Read a store (SQLite or PostgreSQL alike).

    ``scores``: rows with the columns of ``SCORES``; ``calls``: the recordings, to be linked to deals. ``kept``: the
    file that holds all this from one time to the next; without it all is read into memory.
    """
    import duckdb

    def make(duck: duckdb.DuckDBPyConnection, marks: Mapping[str, int] | None = None) -> None:
        _set(duck, settings)
        if marks:
            reread(duck, connection, settings.timezone, marks, PREVIOUS)
        else:
            read(duck, connection, settings.timezone)
        read_scores(duck, scores() if callable(scores) else scores, settings.timezone)
        link(duck, connection, settings, calls() if callable(calls) else calls)
        _set_base(duck, settings)
        duck.execute(FACTS.read_text(encoding="utf-8"))

    found = opened(kept, _about(settings), lambda duck: make(duck, kept.marks)) if kept else None
    if found is None:
        found = duckdb.connect()
        make(found)
    return _warehouse(found, settings)


def _about(settings: MetricSettings) -> str:
    """What the tables depend on beside the store's."""
    queries = (FACTS, linking.QUERY)
    made_by = hashlib.sha256(b"".join(path.read_bytes() for path in queries)).hexdigest()
    return repr((made_by, COLUMNS, sorted(_variables(settings).items()), settings.base_currency))


def _warehouse(duck: duckdb.DuckDBPyConnection, settings: MetricSettings) -> Warehouse:
    """The span of time that the data tell of."""
    _set(duck, settings)
    currency = _set_base(duck, settings)
    # meetings are planned ahead and costs booked ahead: they do not say how far the data reach
    begins, as_of = duck.execute(
        "select min(moment), max(moment) from (select created_at as moment from leads "
        "union all select created_at from deals union all select entered_at from stage_history "
        "union all select moment from finals "
        "union all select moment from call_scores)"
    ).fetchall()[0]
    begun = {table: duck.execute(f"select count(*), min({first}) from {table}").fetchall()[0] for table, first in FIRST}
    return Warehouse(duck, settings, currency, begins, as_of, begun)


def _variables(settings: MetricSettings) -> dict[str, Any]:
    """The settings that the tables are made with, by the names that the queries have for them."""
    return {
        "timezone": settings.timezone,
        "margin": settings.margin,
        "rep_roles": [role.lower() for role in settings.rep_roles],
        "action_names": list(settings.actions),
        "action_minutes": list(settings.actions.values()),
        "workdays": list(settings.working_days),
        "holidays": [date.fromisoformat(day) for day in settings.holidays],
        "opens": _minutes(settings.workday_start),
        "closes": _minutes(settings.workday_end),
        "brought_days": settings.brought_days,
        "after_days": settings.after_days,
        "shared_phone": settings.shared_phone,
    }


def _set(duck: duckdb.DuckDBPyConnection, settings: MetricSettings) -> None:
    duck.execute("set timezone = 'UTC'")
    for name, value in _variables(settings).items():
        duck.execute(f"set variable {name} = $value", {"value": value})


def _set_base(duck: duckdb.DuckDBPyConnection, settings: MetricSettings) -> str:
    """The base currency: the one of the settings, else that of all deals."""
    found = duck.execute("select distinct currency from deals where currency is not null").fetchall()
    base = settings.base_currency or (str(found[0][0]) if len(found) == 1 else "RUB")
    duck.execute("set variable base = $base", {"base": base})
    return base


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return 60 * int(hours) + int(minutes)
