"""What cost points and what went well, in words: value, band, quote, moment, advice."""

from __future__ import annotations

from dataclasses import dataclass

from callqa.reports.view import Moment, View
from callqa.scoring import Rule, points
from callqa.types import Evidence, Measurement, PointsLost

MORE = 6  # further moments of a lost point that the page lists
# shares and yes/no that are complete: their evidence shows the thing done, elsewhere it shows the worst moment
DONE = ("bool", "0-1")


@dataclass(frozen=True, slots=True)
class Lost:
    """A line of the list of points lost. ``left`` further moments are not listed.

    ``unsure``: none of its moments would survive the errors of hearing, so there is no advice on it.
    """

    number: int
    title: str
    points: float
    sentence: str
    moment: Moment | None
    more: tuple[Moment, ...]
    left: int
    advice: str
    block: str
    fatal: bool
    unsure: bool


@dataclass(frozen=True, slots=True)
class Good:
    """A measure of the scorecard that got all its points."""

    title: str
    value: str
    band: str
    moment: Moment | None


def losses(view: View) -> list[Lost]:
    """The points lost, worst first, numbered from 1."""
    rules = {rule.name: rule for rule in view.rules}
    lost = view.scored.scorecard.points_lost
    return [_lost(view, number, p, rules.get(p.rule)) for number, p in enumerate(lost, start=1)]


def goods(view: View) -> list[Good]:
    """What got all its points, the weightiest first."""
    result = []
    for rule in sorted(view.rules, key=lambda r: (-r.weight, r.name)):
        m = view.scored.measures.get(rule.measure)
        if m is not None and m.value is not None:
            band = rule.band_for(view.scored.scorecard.call_type)
            if points(m.value, band) == 100:
                result.append(_good(view, m, m.value))
    return result


def _lost(view: View, number: int, p: PointsLost, rule: Rule | None) -> Lost:
    unit, fatal = view.unit(p.measure), p.rule in view.scored.scorecard.flags
    found = view.scored.measures.get(p.measure)
    evidence = found.evidence if found else ()
    steady = _steady(view, p.measure, evidence)
    # what the errors of hearing would wash away is not offered: the first moment that stays leads
    shown = _shown(view, p, evidence) if not evidence or not steady or evidence[0] in steady else view.moment(steady[0])
    rest = [e for e in steady if shown is None or e.start != shown.start]
    unsure = bool(evidence) and not steady
    return Lost(
        number=number,
        title=view.label(p.measure),
        points=p.points,
        sentence=view.texts.ui(
            "allowed_is" if fatal else "good_is",
            band=view.numbers.band(p.band, unit),
            value=view.numbers.differing(p.value, unit, p.band),
        ),
        moment=shown,
        more=tuple(view.moment(e) for e in rest[:MORE]),
        left=max(0, len(rest) - MORE),
        advice=rule.advice if rule and not unsure else "",
        unsure=unsure,
        block=view.texts.told("block", rule.block) if rule else "",
        fatal=fatal,
    )


def _steady(view: View, measure: str, evidence: tuple[Evidence, ...]) -> list[Evidence]:
    return [e for i, e in enumerate(evidence) if view.scored.doubt.holds(measure, i)]


def _shown(view: View, p: PointsLost, evidence: tuple[Evidence, ...]) -> Moment | None:
    if p.start is None:
        return None
    same = next((e for e in evidence if e.start == p.start), None)
    return view.moment(same or Evidence(p.start, p.start if p.end is None else p.end, ""))


def _good(view: View, m: Measurement, value: float) -> Good:
    unit, band = view.unit(m.name), view.bands.get(m.name)
    shown = m.evidence[0] if m.evidence and unit in DONE and value == 1 else None
    return Good(
        title=view.label(m.name),
        value=view.numbers.value(value, unit),
        band=view.numbers.band(band, unit) if band else "",
        moment=view.moment(shown) if shown else None,
    )
