"""The table of measures: value, band, what it rests on, how far to trust it, and the moments behind it."""

from __future__ import annotations

from dataclasses import dataclass

from callqa.reports.numbers import Band
from callqa.reports.view import Moment, View
from callqa.scoring import BLOCKS

MOMENTS = 12  # of a measure, on the page; the JSON has all
FAMILIES = {  # what the names of measures begin with; what begins with none of these speaks of the talk itself
    "questions": ("question", "answered_share"),
    "script": ("script", "step_", "next_step", "phase"),
    "needs": ("qualification",),
    "selling": ("price_", "competitor_", "first_", "offers", "objections"),
    "customer": ("sentiment_", "negative_peaks", "engagement"),
    "voice": (
        "fillers", "hesitations", "confidence", "hedges", "rising_", "number_pauses", "pitch_", "phrase_end_",
        "loudness_", "pauses_", "speech_rate", "syllable_rate", "rate_",
    ),
}  # fmt: skip


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
    interval: str
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
    """Measures that belong together: those of a block of the score, or of one family beside it."""

    title: str
    rows: tuple[Row, ...]


def groups(view: View) -> tuple[list[Group], list[Group]]:
    """The measures of the scorecard by block, and those beside it by family; phrases stand apart."""
    block_of = {rule.measure: rule.block for rule in view.rules}
    scored: dict[str, list[Row]] = {block: [] for block in BLOCKS}
    beside: dict[str, list[Row]] = {name: [] for name in ("talk", *FAMILIES)}
    for name in view.scored.measures:
        if name in block_of:
            scored[block_of[name]].append(_row(view, name))
        elif not name.startswith("tracker."):
            beside[family(name)].append(_row(view, name))
    return (
        [Group(view.texts.told("block", block), tuple(rows)) for block, rows in scored.items() if rows],
        [Group(view.texts.told("family", name), tuple(rows)) for name, rows in beside.items() if rows],
    )


def family(name: str) -> str:
    """
    >>> family("phase.needs"), family("hedges"), family("talk_share")
    ('script', 'voice', 'talk')
    """
    return next((one for one, begins in FAMILIES.items() if name.startswith(begins)), "talk")


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
        interval=view.interval(name),
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
