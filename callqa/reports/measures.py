"""The table of measures: value, band, what it rests on, how far to trust it, and the moments behind it."""

from __future__ import annotations

from dataclasses import dataclass

from callqa.reports.numbers import Band
from callqa.reports.view import Moment, View
from callqa.scoring import BLOCKS

MOMENTS = 12  # of a measure, on the page; the JSON has all


@dataclass(frozen=True, slots=True)
class Gauge:
    """Where band and value lie on a strip, in percent of its length."""

    start: float
    end: float
    value: float


@dataclass(frozen=True, slots=True)
class Row:
    """A line of the table. ``reason`` stands instead of a value; ``left`` further moments are not listed."""

    label: str
    dialect: str
    value: str
    reason: str
    band: str
    gauge: Gauge | None
    inside: bool
    n: str
    trust: str
    moments: tuple[Moment, ...]
    left: int


@dataclass(frozen=True, slots=True)
class Group:
    """The measures of a block of the score."""

    title: str
    rows: tuple[Row, ...]


def groups(view: View) -> tuple[list[Group], tuple[Row, ...]]:
    """The measures of the scorecard by block, and those beside it; phrases stand apart."""
    block_of = {rule.measure: rule.block for rule in view.rules}
    members: dict[str, list[Row]] = {block: [] for block in (*BLOCKS, "")}
    for name in view.scored.measures:
        if not name.startswith("tracker."):
            members[block_of.get(name, "")].append(_row(view, name))
    beside = tuple(members.pop(""))
    return [Group(view.texts.told("block", block), tuple(rows)) for block, rows in members.items() if rows], beside


def phrases(view: View) -> tuple[list[Row], list[str]]:
    """The listed phrases that were said, and the labels of those that were not."""
    listed = [n for n in view.scored.measures if n.startswith("tracker.") and not n.endswith(".met")]
    said = [_row(view, name) for name in listed if view.scored.measures[name].value]
    return said, [view.label(name) for name in listed if view.scored.measures[name].value == 0]


def _row(view: View, name: str) -> Row:
    m, known, band = view.scored.measures[name], view.catalogue.get(name), view.bands.get(name)
    unit, numbers = view.unit(name), view.numbers
    value = ""
    if m.value is not None:
        value = numbers.differing(m.value, unit, band) if band else numbers.value(m.value, unit)
    return Row(
        label=view.label(name),
        dialect=known.dialect if known else "",
        value=value,
        reason=view.texts.told("reason", m.reason) if m.reason else "",
        band=numbers.band(band, unit) if band else "",
        gauge=gauge(m.value, band) if band and m.value is not None and unit != "bool" else None,
        inside=bool(band and m.value is not None and _inside(m.value, band)),
        n=numbers.number(m.n, 0 if m.n == int(m.n) or m.n >= 10 else 1),
        trust=view.texts.told("trust", m.trust or view.scored.call.trust),
        moments=tuple(view.moment(e) for e in m.evidence[:MOMENTS]),
        left=max(0, len(m.evidence) - MOMENTS),
    )


def _inside(value: float, band: Band) -> bool:
    _, low, high, _ = band
    return (low is None or value >= low) and (high is None or value <= high)


def gauge(value: float, band: Band) -> Gauge | None:
    """A strip from where a value gets no points to where it gets none again; what lies beyond stands at its end.

    >>> gauge(0.5, (0.0, 0.25, 0.75, 1.0)), gauge(200, (-1, 0, 45, 120))
    (Gauge(start=25.0, end=75.0, value=50.0), Gauge(start=0.0, end=37.5, value=100.0))
    """
    a, b, c, d = band
    if a is None or b is None or c is None or d is None:
        return None
    low = min(b, max(a, 0.0)) if b >= 0 else a
    high = c if c == 1.0 and d == 2.0 else d  # shares end at 1
    if high <= low:
        return None
    start, end, at = (round(100 * min(1.0, max(0.0, (x - low) / (high - low))), 1) for x in (b, c, value))
    return Gauge(start, end, at)
