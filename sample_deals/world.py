"""What the generator's parts share: the rows drawn so far, working time, and chance."""

from __future__ import annotations

import math
import random
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from people import END

Row = dict[str, Any]
MINUTE = timedelta(minutes=1)
DAY = timedelta(days=1)
# in the order in which they can be imported
TABLES = "people customers leads deals stage_history products costs targets activities rates".split()


@dataclass(slots=True)
class Company:
    """Everything drawn so far; times are Moscow datetimes, money is in hundredths."""

    rng: random.Random
    tables: dict[str, list[Row]] = field(default_factory=lambda: {name: [] for name in TABLES})

    def add(self, table: str, **row: Any) -> Row:
        self.tables[table].append(row)
        return row

    def number(self, table: str) -> int:
        return len(self.tables[table]) + 1


def working(at: datetime) -> datetime:
    """That moment if it is working time (Mo-Fr 9-19), else soon after the next morning's start."""
    late = at.hour >= 19
    day = at.replace(hour=9, minute=at.minute % 50) if late or at.hour < 9 else at
    if late:
        day += DAY
    while day.weekday() >= 5:
        day = (day + DAY).replace(hour=9, minute=at.minute % 50)
    return day


def month_end(at: datetime) -> datetime:
    """The evening of the month's last day, when what is hopeless gets closed."""
    first = (at.replace(day=1) + 32 * DAY).replace(day=1)
    return max(at, (first - DAY).replace(hour=18, minute=30))


def past(at: datetime | None) -> datetime | None:
    return at if at and at < END else None


def lognormal(rng: random.Random, median: float, sigma: float) -> float:
    return median * math.exp(rng.gauss(0, sigma))


def odds(probability: float, factor: float) -> float:
    """The probability whose odds are ``factor`` times as good."""
    odds = probability / (1 - probability) * factor
    return odds / (1 + odds)
