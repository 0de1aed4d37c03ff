"""The chart of a new rep's windows against the band of the tenured, as SVG in the page's own colours."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import groupby

from callqa.insight.ramp import Week

HEIGHT, LEFT, RIGHT, TOP, BOTTOM = 220, 64, 12, 12, 28  # px
Point = tuple[float, float]


def chart(weeks: Sequence[Week], share: float, amount: Callable[[float], str], width: int) -> str:
    """The won amount of every window, weeks along, hundredths up; "" where there is no whole window.

    ``amount`` writes an axis label. Gaps stay gaps: where nobody is tenured there is no band.
    """
    shown = [week for week in weeks if week.rolling is not None]
    if not shown:
        return ""
    tops = [week.rolling or 0 for week in shown] + [w.rolling_band.high for w in shown if w.rolling_band]
    top = max(*tops, 1)

    def at(week: Week, value: float) -> Point:
        along = (week.number - shown[0].number) / max(1, shown[-1].number - shown[0].number)
        return LEFT + along * (width - LEFT - RIGHT), HEIGHT - BOTTOM - value / top * (HEIGHT - TOP - BOTTOM)

    parts = [*_axes(shown, top, at, amount, width)]
    for run in _runs(shown):
        bands = [(week, week.rolling_band) for week in run if week.rolling_band]
        outline = [at(w, b.high) for w, b in bands] + [at(w, b.low) for w, b in reversed(bands)]
        parts.append(f'<polygon points="{_points(outline)}" style="fill:var(--silence);opacity:.6"/>')
        goal = [at(w, b.median * share) for w, b in bands]
        parts.append(_line(goal, "stroke:var(--soft);stroke-dasharray:5 4"))
    parts.append(_line([at(week, week.rolling or 0) for week in shown], "stroke:var(--rep);stroke-width:2.5"))
    parts += [
        f'<circle cx="{x:.1f}" cy="{y:.1f}" r="3" style="fill:var(--rep)"/>'
        for x, y in (at(week, week.rolling or 0) for week in shown)
    ]
    return f'<svg viewBox="0 0 {width} {HEIGHT}" aria-hidden="true" font-size="12">{"".join(parts)}</svg>'


def _axes(
    shown: Sequence[Week], top: float, at: Callable[[Week, float], Point], amount: Callable[[float], str], width: int
) -> list[str]:
    """Round amounts up, a week in every few along."""
    parts = []
    for value in _round_amounts(top):
        y = at(shown[0], value)[1]
        parts.append(f'<path d="M{LEFT} {y:.1f}H{width - RIGHT}" style="stroke:var(--line)"/>')
        parts.append(f'<text x="{LEFT - 6}" y="{y + 4:.1f}" text-anchor="end">{amount(value)}</text>')
    every = max(1, len(shown) * 50 // width)
    for week in shown[::every]:
        parts.append(f'<text x="{at(week, 0)[0]:.1f}" y="{HEIGHT - 8}" text-anchor="middle">{week.number}</text>')
    return parts


def _round_amounts(top: float) -> list[float]:
    """Two to four steps of 1, 2 or 5 with noughts, from nothing up.

    >>> [round(amount) for amount in _round_amounts(120_800)], _round_amounts(7)
    ([0, 50000, 100000], [0, 2, 4, 6])
    """
    size = 10 ** math.floor(math.log10(top))
    step = next(s for s in (size / 5, size / 2, size, size * 2) if top / s < 4.0 + 1e-9)
    return [step * n for n in range(int(top / step) + 1)]


def _runs(weeks: Sequence[Week]) -> list[list[Week]]:
    """Weeks in a row that have a band."""
    return [list(run) for there, run in groupby(weeks, key=lambda week: week.rolling_band is not None) if there]


def _line(points: Sequence[Point], style: str) -> str:
    return f'<polyline points="{_points(points)}" style="fill:none;{style}"/>'


def _points(points: Sequence[Point]) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
