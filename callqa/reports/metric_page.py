"""The page of the sales metrics: where the department stands, against target and the period before, and how sure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Any

from callqa.config import read_toml
from callqa.metrics.figures import Cut, Figure, Metric
from callqa.metrics.funnel import Step
from callqa.metrics.registry import Definition
from callqa.metrics.settings import Period
from callqa.reports.numbers import NBSP, Numbers
from callqa.reports.reasons import reason
from callqa.reports.render import render
from callqa.types import Language

Trends = Mapping[str, Sequence[tuple[str, float | None]]]
DIGITS = {"money": 0, "%": 1, "days": 1, "min": 0, "0-100": 1, "count": 2}
# what a table of parts shows: one column a metric
COLUMNS = {
    "source": ("lead_conversion", "closed_deals", "won_revenue", "average_deal", "cac", "marketing_roi"),
    "team": ("closed_deals", "won_revenue", "loss_rate", "contacts_per_day", "sales_profitability"),
    "rep": (
        "closed_deals", "won_revenue", "lead_conversion", "loss_rate", "deal_cycle", "response_time",
        "contacts_per_day", "negotiation_quality",
    ),
}  # fmt: skip
COUNTED = ("share", "mean", "median", "p90")  # kinds whose figure says little where it rests on few records
FEW = 30  # records
MANY_OPEN, MANY_UNKNOWN = 0.2, 0.2  # shares of the records
WIDTH, HEIGHT, EDGE = 120, 30, 3  # px


def html(
    metrics: Sequence[Metric],
    trends: Trends,
    period: Period,
    currency: str,
    language: Language,
    steps: Sequence[Step] = (),
) -> str:
    """One self-contained page. ``trends``: each metric by month, oldest first, None where there is no figure;
    ``steps``: the funnel, pipeline by pipeline."""
    view = View(language, currency, {m.definition.id: m for m in metrics}, trends)
    first, last = period.start.isoformat(), (period.end - timedelta(days=1)).isoformat()
    pipelines = [(name, list(found)) for name, found in groupby(steps, key=lambda step: step.pipeline)]
    return render("metrics.html", language, v=view, period=period, first=first, last=last, pipelines=pipelines)


def empty(language: Language) -> str:
    """The page of a store that holds nothing yet: what to import."""
    return render("metrics.html", language, v=View(language, "", {}), period=None)


@dataclass(frozen=True, slots=True)
class View:
    """Words, figures and tables of the page in its language."""

    language: Language
    currency: str
    metrics: Mapping[str, Metric]
    trends: Trends = field(default_factory=dict)

    def say(self, key: str, **values: object) -> str:
        """A text of the page; an unknown key is a bug and raises KeyError."""
        text: str = catalogue()[key][self.language]
        return text.format(**values)

    def name(self, definition: Definition) -> str:
        return definition.name_ru if self.language == "ru" else definition.name_en

    def rule(self, definition: Definition) -> str:
        return definition.rule_ru if self.language == "ru" else definition.rule_en

    @property
    def twenty(self) -> list[Metric]:
        return [m for m in self.metrics.values() if not m.definition.beside]

    @property
    def beside(self) -> list[Metric]:
        return [m for m in self.metrics.values() if m.definition.beside]

    def value(self, value: float | None, unit: str) -> str:
        """A figure with its unit; a dash where there is none."""
        if value is None:
            return "—"
        after = {"money": self.currency, "%": "%", "days": self._days, "min": "мин" if self.language == "ru" else "min"}
        return f"{self._bare(value, unit)}{NBSP}{after.get(unit, '')}".rstrip(NBSP)

    def _bare(self, value: float, unit: str) -> str:
        digits = 0 if unit == "count" and value == int(value) else DIGITS[unit]
        return Numbers(self.language).number(value, digits)

    @property
    def _days(self) -> str:
        return "дн." if self.language == "ru" else "d"

    def sure(self, figure: Figure, unit: str) -> str:
        """From and to; an end that is not reached yet is open."""
        if figure.interval is None:
            return ""
        low, high = figure.interval
        return f"{self.value(low, unit)} – …" if high is None else f"{self._bare(low, unit)} – {self.value(high, unit)}"

    def why(self, figure: Figure) -> str:
        return reason(figure.reason or "", self.language)

    def doubts(self, definition: Definition, figure: Figure) -> list[str]:
        """What makes the figure less than sure: few records, or many that may still change it or are unknown."""
        if figure.value is None:
            return []
        found = ["few"] if definition.kind in COUNTED and figure.n < FEW else []
        found += ["moving"] if figure.open > MANY_OPEN * max(1, figure.n) else []
        found += ["gaps"] if figure.unknown > MANY_UNKNOWN * (figure.n + figure.unknown) else []
        return [self.say(name) for name in found]

    def change(self, metric: Metric) -> str:
        """ "better" or "worse" than the period before, "" where that cannot be said or is not to be seen."""
        now, before, way = metric.figure.value, metric.figure.previous, metric.definition.direction
        unit = metric.definition.unit
        if now is None or before is None or way == "none" or self.value(now, unit) == self.value(before, unit):
            return ""
        return "better" if (now > before) == (way == "up") else "worse"

    def parts(self, by: str) -> list[tuple[str, list[tuple[Definition, Figure | None]]]]:
        """A row for every part that has a figure, by name: under each metric that any of them has."""
        shown = [self.metrics[name] for name in COLUMNS[by] if name in self.metrics]
        columns = [m for m in shown if any(c.by == by and c.figure.value is not None for c in m.cuts)]
        found = {m.definition.id: {c.key: c for c in m.cuts if c.by == by} for m in columns}
        names = {key: cut.name for cuts in found.values() for key, cut in cuts.items()}
        told = {key for cuts in found.values() for key, cut in cuts.items() if cut.figure.value is not None}
        if told == {None}:  # nobody said of any record which part it is
            return []
        ordered = sorted(names.items(), key=lambda pair: (pair[0] is None, pair[1]))
        return [
            (
                self.say("none") if key is None else name,
                [(m.definition, cut.figure if (cut := found[m.definition.id].get(key)) else None) for m in columns],
            )
            for key, name in ordered
            if key in told
        ]

    def cuts(self, name: str, by: str) -> list[Cut]:
        """The parts of one metric, the largest first."""
        cuts = [c for c in self.metrics[name].cuts if c.by == by] if name in self.metrics else []
        return sorted(cuts, key=lambda c: (-c.figure.n, c.name))

    def trend(self, metric: Metric) -> str:
        """A line of months as SVG with its words for those who do not see it; "" under two figures."""
        months = self.trends.get(metric.definition.id, ())
        known = [(i, v) for i, (_, v) in enumerate(months) if v is not None]
        if len(known) < 2:
            return ""
        low, high = min(v for _, v in known), max(v for _, v in known)
        unit = metric.definition.unit
        label = self.say(
            "chart", name=self.name(metric.definition), first=months[known[0][0]][0], last=months[known[-1][0]][0],
            low=self.value(low, unit), high=self.value(high, unit),
        )  # fmt: skip

        def at(i: int, value: float) -> str:
            x = EDGE + i / (len(months) - 1) * (WIDTH - 2 * EDGE)
            y = HEIGHT - EDGE - (value - low) / ((high - low) or 1) * (HEIGHT - 2 * EDGE)
            return f"{x:.1f},{y:.1f}"

        x, y = at(*known[-1]).split(",")
        points = " ".join(at(i, v) for i, v in known)
        size = f'viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}"'
        return (
            f'<svg {size} role="img" aria-label="{_safe(label)}">'
            f'<polyline points="{points}" style="fill:none;stroke:var(--rep);stroke-width:2"/>'
            f'<circle cx="{x}" cy="{y}" r="3" style="fill:var(--rep)"/></svg>'
        )


def _safe(text: str) -> str:
    from markupsafe import escape

    return str(escape(text))


@cache
def catalogue() -> Mapping[str, Any]:
    return read_toml(Path(__file__).with_suffix(".toml"))
