"""How the metrics are counted (metrics.toml), and the period they are counted for."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

from callqa.config import convert, locate, read_toml
from callqa.errors import ConfigError, UsageError


@dataclass(frozen=True, slots=True)
class MetricSettings:
    """metrics.toml; what each setting means stands in the shipped file."""

    timezone: str
    base_currency: str
    age_days: int
    advance_days: int
    repeat_days: int
    survival_days: int
    cac_lag_days: int
    connected_seconds: float
    tenured_days: int
    newcomer_days: int
    brought_days: int
    after_days: int
    shared_phone: int
    workday_start: str
    workday_end: str
    working_days: tuple[int, ...]
    holidays: tuple[str, ...]
    rep_roles: tuple[str, ...]
    folder: str
    margin: float | None = None
    lifetime_years: float | None = None
    actions: Mapping[str, float] = field(default_factory=dict)


def read_settings(base: Path) -> MetricSettings:
    """The metrics.toml of the folder ``base`` over the shipped one; a ConfigError names what it cannot honour."""
    path = locate(base, "metrics.toml")
    default = locate(Path("/nowhere"), "metrics.toml")
    settings = convert(str(path), "metrics", {**read_toml(default), **read_toml(path)}, MetricSettings)
    try:
        ZoneInfo(settings.timezone)
    except (KeyError, ValueError, OSError) as error:
        raise ConfigError(
            str(path), "timezone", f"'{settings.timezone}' is no time zone, e.g. Europe/Moscow"
        ) from error
    for key in ("workday_start", "workday_end"):
        if not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", getattr(settings, key)):
            raise ConfigError(str(path), key, f"'{getattr(settings, key)}' is no time, e.g. 09:00")
    return settings


@dataclass(frozen=True, slots=True)
class Period:
    """Days from ``start`` up to and without ``end``, in the company's time zone."""

    name: str
    start: date
    end: date

    @property
    def months(self) -> tuple[str, ...]:
        """The months that lie wholly inside.

        >>> period("2026-Q4").months
        ('2026-10', '2026-11', '2026-12')
        """
        found, at = [], _month(self.start.year, self.start.month)
        while at < self.end:
            following = _month(at.year, at.month + 1)
            if at >= self.start and following <= self.end:
                found.append(f"{at:%Y-%m}")
            at = following
        return tuple(found)

    @property
    def previous(self) -> Period:
        """The one before: the month before a month, as many months before several, as many days before days.

        >>> period("2026-01").previous.name, period("2026").previous.name
        ('2025-12', '2025-01-01..2026-01-01')
        """
        if self.months and _month(self.start.year, self.start.month + len(self.months)) == self.end:
            start = _month(self.start.year, self.start.month - len(self.months))
        else:
            start = self.start - (self.end - self.start)
        name = f"{start:%Y-%m}" if len(self.months) == 1 else f"{start}..{self.start}"
        return Period(name, start, self.start)


def period(text: str) -> Period:
    """A period as written: 2026-10, 2026-Q4, 2026, or 2026-10-01..2026-10-15 (the second day is not in it)."""
    try:
        if found := re.fullmatch(r"(\d{4})", text):
            return Period(text, date(int(text), 1, 1), date(int(text) + 1, 1, 1))
        if found := re.fullmatch(r"(\d{4})-[Qq]([1-4])", text):
            year, month = int(found[1]), 3 * int(found[2]) - 2
            return Period(text.upper(), _month(year, month), _month(year, month + 3))
        if found := re.fullmatch(r"(\d{4})-(\d\d)", text):
            start = date(int(found[1]), int(found[2]), 1)
            return Period(text, start, _month(start.year, start.month + 1))
        first, _, last = text.partition("..")
        start, end = date.fromisoformat(first), date.fromisoformat(last or first)
        end = end if last else end + timedelta(days=1)
    except ValueError as error:
        raise UsageError(f"period '{text}': write 2026-10, 2026-Q4, 2026 or 2026-10-01..2026-10-15") from error
    if end <= start:
        raise UsageError(f"period '{text}': ends before it begins")
    return Period(text, start, end)


def _month(year: int, month: int) -> date:
    """The first day of a month; months before 1 and after 12 are those of other years."""
    return date(year + (month - 1) // 12, (month - 1) % 12 + 1, 1)
