"""The pictures of a page, drawn by Altair into the page itself; colours come from its style sheet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from callqa.reports.numbers import Numbers
from callqa.reports.texts import Texts
from callqa.types import Block, Language, Seconds, Span

TICKS = (5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)
LANE = 26  # px: height of a side's lane
ROW = 20  # px: height of a row of marks
LETTER = 7.5  # px: width of a letter of a phase's name
NO_BASE = "https://vega.github.io/vega-datasets/"  # Vega makes links absolute; a page's own must stay inside it
Rows = list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Picture:
    """An SVG, and where in it the time axis begins and ends, as shares of its width."""

    svg: str
    left: float = 0.0
    right: float = 1.0


@dataclass(frozen=True, slots=True)
class Marks:
    """What a timeline shows.

    ``lanes``: spans by side; ``lost``: moment and number in the list of points lost; ``phases``: names and stretches.
    """

    lanes: Mapping[str, Sequence[Span]]
    overlaps: Sequence[Span] = ()
    silences: Sequence[Span] = ()
    others: Sequence[Span] = ()
    questions: Sequence[Seconds] = ()
    lost: Sequence[tuple[Seconds, int]] = ()
    phases: Sequence[tuple[str, Span]] = ()


def timeline(marks: Marks, duration: Seconds, language: Language, width: int) -> Picture:
    """Both sides over time, ``width`` px wide. Every mark is a link to its moment: href "#t=12.30"."""
    left, right = (76, 12) if width < 600 else (92, 14)
    plot, whole = width - left - right, max(duration, 1.0)
    drawn = _Drawn(domain=(0.0, whole))
    rows = _stacked(marks.lost, 18 / plot * whole)
    phased = _phases(drawn, marks.phases, Texts(language), plot / whole)
    labels, bottom = _lanes(drawn, marks, Texts(language), rows, ROW if phased else 0)
    labels = [*phased, *labels]
    tick = next((t for t in TICKS if whole / t <= plot / 64), TICKS[-1])
    ticks = list(range(0, int(whole) + 1, tick))
    drawn.texts("axis", [{"x": t, "top": bottom + 14, "text": Numbers(language).clock(t)} for t in ticks], size=12)
    drawn.rules("ticks", [{"x": t, "top": 0, "bottom": bottom + 4} for t in ticks])
    drawn.labels(labels, 12 if width < 600 else 13)
    svg = drawn.svg(plot, bottom + 22, (left, right))
    return Picture(svg, round(left / width, 5), round((width - right) / width, 5))


def blocks(scores: Mapping[str, Block], language: Language, width: int) -> Picture:
    """The blocks' scores as bars from 0 to 100; a block that could not be measured says so."""
    texts, numbers = Texts(language), Numbers(language)
    drawn = _Drawn(domain=(0.0, 100.0))
    left, right, step = 112, 92, 30
    tops = {name: step * i for i, name in enumerate(scores)}
    drawn.rects("track", [{"x": 0, "x2": 100, **_box(top + 8, 12)} for top in tops.values()])
    for kind in ("good", "fair", "poor"):
        bars = [
            {"x": 0, "x2": b.score, **_box(tops[n] + 8, 12)}
            for n, b in scores.items()
            if b.score and level(b.score) == kind
        ]
        drawn.rects(kind, bars)
    figures = [
        {
            "x": 100,
            "top": tops[n] + 14,
            "text": numbers.number(b.score) if b.score is not None else texts.ui("not_measured"),
        }
        for n, b in scores.items()
    ]
    drawn.texts("figure", figures, size=13, align="left", dx=10)
    drawn.labels([(texts.told("block", name), top + 14) for name, top in tops.items()], 13)
    return Picture(drawn.svg(width - left - right, step * len(scores), (left, right)))


def level(score: float | None) -> str:
    """How a score is coloured."""
    if score is None:
        return "none"
    return "good" if score >= 80 else "fair" if score >= 50 else "poor"


def _phases(drawn: _Drawn, phases: Sequence[tuple[str, Span]], texts: Texts, scale: float) -> list[tuple[str, int]]:
    """Draw the phases at the top, each with its name where there is room; ``scale``: px of a second."""
    for phase in dict.fromkeys(name for name, _ in phases):
        mine = [span for name, span in phases if name == phase]
        drawn.rects(f"phase_{phase}", [{**_across(span), **_box(0, ROW - 4)} for span in mine])
    told = [(texts.told("phase", name), span) for name, span in phases]
    names = [
        {"x": round((span.start + span.end) / 2, 2), "top": ROW // 2 - 1, "text": name, "href": _href(span.start)}
        for name, span in told
        if span.duration * scale >= LETTER * len(name)
    ]
    if names:
        drawn.texts("phase_name", names, size=12)
    return [(texts.ui("row_phases"), ROW // 2 - 2)] if phases else []


def _lanes(
    drawn: _Drawn, marks: Marks, texts: Texts, lost: Sequence[tuple[Seconds, int, int]], top: int
) -> tuple[list[tuple[str, int]], int]:
    """Draw the rows from ``top`` down; gives their labels with the middle of each, and the bottom."""
    labels: list[tuple[str, int]] = []
    if marks.questions:
        drawn.texts("ask", [{"x": t, "top": top + 10, "text": "?", "href": _href(t)} for t in marks.questions], size=14)
        labels.append((texts.ui("row_questions"), top + 10))
        top += ROW
    first = top
    for side, spans in marks.lanes.items():
        drawn.rects(f"lane_{side}", [{**_across(s), **_box(top, LANE)} for s in spans])
        labels.append((texts.told("side", side), top + LANE // 2))
        top += LANE + 6
        if side == "rep" and marks.overlaps:
            drawn.rects("overlap", [{**_across(s), **_box(top - 4, 6)} for s in marks.overlaps])
            top += 4
    silent = [{**_across(s), "top": first, "bottom": top - 6} for s in marks.silences]
    drawn.rects("silence", silent, first=True)
    drawn.rects("other", [{**_across(s), "top": first, "bottom": top - 6} for s in marks.others], first=True)
    if lost:
        spots = [{"x": t, "top": top + 12 + 20 * row, "text": str(n), "href": _href(t)} for t, n, row in lost]
        drawn.dots("lost", spots)
        drawn.texts("lost_number", spots, size=11)
        labels.append((texts.ui("row_lost"), top + 12))
        top += 24 + 20 * max(row for *_, row in lost)
    return labels, top


class _Drawn:
    """Layers over one time axis and a plain pixel axis, collected and drawn once."""

    def __init__(self, domain: tuple[float, float]) -> None:
        self.domain = domain
        self.layers: list[tuple[str, dict[str, Any], Rows]] = []

    def rects(self, name: str, rows: Rows, first: bool = False) -> None:
        if rows:
            self.layers.insert(0 if first else len(self.layers), (name, {"type": "rect"}, rows))

    def rules(self, name: str, rows: Rows) -> None:
        self.layers.insert(0, (name, {"type": "rule"}, rows))

    def dots(self, name: str, rows: Rows) -> None:
        self.layers.append((name, {"type": "circle", "size": 300, "opacity": 1}, rows))

    def texts(self, name: str, rows: Rows, size: int, align: str = "center", dx: int = 0) -> None:
        mark = {"type": "text", "fontSize": size, "align": align, "baseline": "middle", "dx": dx}
        self.layers.append((name, mark, rows))

    def labels(self, labels: Sequence[tuple[str, int]], size: int) -> None:
        rows = [{"x": self.domain[0], "top": middle, "text": text} for text, middle in labels]
        self.texts("label", rows, size, "right", -10)

    def svg(self, width: int, height: int, sides: tuple[int, int]) -> str:
        import altair as alt
        import vl_convert

        x = alt.X("x:Q", scale=alt.Scale(domain=list(self.domain), nice=False), axis=None)
        y = alt.Y("top:Q", scale=alt.Scale(domain=[height, 0], nice=False), axis=None)
        # a mark has the channels its rows have values for
        told = {"x2": alt.X2("x2"), "bottom": alt.Y2("bottom"), "text": alt.Text("text:N"), "href": alt.Href("href:N")}
        charts = []
        for name, mark, rows in self.layers:
            channels = [told[key] for key in told if key in rows[0] and (key != "text" or mark["type"] == "text")]
            drawn = alt.Chart(alt.InlineData(values=rows), name=name, mark=alt.MarkDef(**mark))
            charts.append(drawn.encode(x, y, *channels))
        whole = alt.layer(*charts).properties(
            width=width,
            height=height,
            padding={"left": sides[0], "right": sides[1], "top": 2, "bottom": 2},
            autosize=alt.AutoSizeParams(type="none"),
        )
        whole = whole.configure(aria=False, background="transparent", font="system-ui, sans-serif").configure_view(
            stroke=None
        )
        # checking every layer against Vega-Lite's schema takes longer than drawing it
        return _inlined(vl_convert.vegalite_to_svg(whole.to_dict(validate=False)))


def _inlined(svg: str) -> str:
    """An SVG as it stands inside a page: its links lead into the page and are no stops of the tab key."""
    svg = re.sub(rf'xlink:href="{NO_BASE}(#t=([\d.]+))"', r'href="\1" data-t="\2" tabindex="-1"', svg)
    drop = "xmlns(:xlink)?|version|font-family|aria-hidden|aria-roledescription|role|pointer-events"
    svg = re.sub(rf' ({drop})="[^"]*"| fill="(#4c78a8|black)"| stroke="black"', "", svg)
    svg = re.sub(r"(\d+\.\d\d)\d+", r"\1", svg)
    return re.sub(r' width="(\d+)" height="(\d+)" viewBox', r" viewBox", svg, count=1)


def _stacked(lost: Sequence[tuple[Seconds, int]], apart: Seconds) -> list[tuple[Seconds, int, int]]:
    """Numbered marks with the row each stands in: those nearer than ``apart`` seconds go below each other."""
    last: list[Seconds] = []
    result = []
    for at, number in sorted(lost):
        row = next((i for i, end in enumerate(last) if at - end >= apart), len(last))
        last[row : row + 1] = [at]
        result.append((at, number, row))
    return result


def _across(span: Span) -> dict[str, Any]:
    return {"x": round(span.start, 2), "x2": round(span.end, 2), "href": _href(span.start)}


def _box(top: int, height: int) -> dict[str, int]:
    return {"top": top, "bottom": top + height}


def _href(at: Seconds) -> str:
    return f"#t={at:.2f}"
