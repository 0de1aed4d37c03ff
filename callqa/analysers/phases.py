"""Which part of a call is which: opening, needs, presentation, objections, close, found from what is said."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import groupby
from typing import Any

from callqa import text
from callqa.analysers import lexicon
from callqa.analysers.heard import Heard, Moment, tables, unheard
from callqa.analysers.lexicon import NO_LEXICON, Lexicons
from callqa.analysers.objections import Objections
from callqa.analysers.timeline import EPS, PARTIES
from callqa.types import Call, Evidence, Measure, Measurement, Seconds, Side, Span, covered, overlaps

PHASES = ("opening", "needs", "presentation", "objections", "close")
OPENING, NEEDS, PRESENTATION, OBJECTIONS, CLOSE = range(5)
LABELS = {
    "opening": ("opening", "начало"),
    "needs": ("needs", "потребности"),
    "presentation": ("presentation", "презентация"),
    "objections": ("objections", "возражения"),
    "close": ("close", "завершение"),
}
LONG_UNIT = 14  # words: a recogniser that writes no full stops must not make one unit of a monologue
TELLS = 6  # words of a sentence that tells something
# what a change of phase costs, in cues: forward is cheap, back is dear, nobody opens a call twice
CHANGE = (
    (0.0, 0.6, 0.8, 1.4, 2.0),
    (4.0, 0.0, 0.8, 1.2, 1.4),
    (6.0, 1.2, 0.0, 0.8, 1.0),
    (6.0, 1.6, 1.2, 0.0, 0.8),
    (8.0, 2.2, 2.2, 1.2, 0.0),
)
START = (0.0, 1.0, 1.0, 2.0, 4.0)
OPENS_WITHIN, CLOSES_AFTER = 0.2, 0.4  # shares of the units


@dataclass(frozen=True)
class Cues:
    """What each side says in a phase."""

    rep: tuple[str, ...]
    customer: tuple[str, ...] = ()


@dataclass(frozen=True)
class Lists:
    """A language's cues; every phase has them."""

    opening: Cues
    needs: Cues
    presentation: Cues
    objections: Cues
    close: Cues

    def of(self, phase: int) -> Cues:
        found: Cues = getattr(self, PHASES[phase])
        return found


@dataclass(frozen=True)
class Unit:
    """A sentence, or up to LONG_UNIT words of one; ``turn`` is that of the call it belongs to."""

    side: Side
    start: Seconds
    end: Seconds
    words: int
    asks: bool
    turn: int


@dataclass(frozen=True)
class Phases:
    """Seconds of each phase, and their order.

    Every sentence has cues for phases; of all ways to cut the call into stretches that one is taken which agrees with
    most cues at the least cost of changes (Viterbi), so that one stray phrase makes no phase.
    """

    lexicons: Lexicons = field(default_factory=dict)

    def __post_init__(self) -> None:
        _ = self._tables, self._objections

    @cached_property
    def _tables(self) -> dict[str, dict[str, Any]]:
        own = {code: _without(raw, "objections", "handling") for code, raw in self.lexicons.items()}
        return tables("phases", own, {"phases": Lists})

    @cached_property
    def _objections(self) -> Objections:
        return Objections(lexicons={code: _without(raw, "phases") for code, raw in self.lexicons.items()})

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (
            Measure("phases", "count", "Phases of the call", "Этапы разговора"),
            *(Measure(f"phase.{name}", "s", f"Phase: {en}", f"Этап: {ru}") for name, (en, ru) in LABELS.items()),
        )

    def analyse(self, call: Call) -> Iterator[Measurement]:
        language = call.transcript.language
        reason = unheard(call, "rep", "customer") if language in self._tables else NO_LEXICON
        if reason:
            yield from lexicon.unmeasured(self.measures, reason)
            return
        heard = Heard.of(call, self._tables[language]["backchannels"])
        found = self.found(heard)
        if not found:
            yield from lexicon.unmeasured(self.measures, "no_words")
            return
        place = 0 if language == "en" else 1
        stretches = [Evidence(span.start, span.end, LABELS[PHASES[phase]][place]) for phase, span in found]
        yield Measurement("phases", float(len({p for p, _ in found})), len(found), evidence=tuple(stretches))
        for phase, name in enumerate(PHASES):
            mine = tuple(e for e, (p, _) in zip(stretches, found, strict=True) if p == phase)
            seconds = covered(overlaps((e.span for e in mine), heard.active))
            yield Measurement(f"phase.{name}", round(float(seconds), 9), len(mine), evidence=mine)

    def found(self, heard: Heard) -> list[tuple[int, Span]]:
        """The stretches in order of time, each with its phase; together they cover the call's turns."""
        units = _units(heard)
        if not units:
            return []
        path = _path(self._cues(heard, units))
        runs = [(phase, [i for i, _ in run]) for phase, run in groupby(enumerate(path), key=lambda pair: pair[1])]
        starts = [units[run[0]].start for _, run in runs]
        ends = [*starts[1:], max(unit.end for unit in units)]
        return [(phase, Span(a, max(a, b))) for (phase, _), a, b in zip(runs, starts, ends, strict=True)]

    def _cues(self, heard: Heard, units: Sequence[Unit]) -> list[list[float]]:
        """How many cues each unit has for each phase."""
        lists: Lists = self._tables[heard.language]["phases"]
        weights = [_plain(unit, i / len(units)) for i, unit in enumerate(units)]
        places = {side: _Places(units, side) for side in PARTIES}
        objected = [places["customer"].at(one.moment) for one in self._objections.heard(heard)]
        turns = {units[i].turn for i in objected if i is not None}
        answers = {turn for asked in turns for turn in heard.following(asked, "rep", 1)}
        handling = {turn for asked in turns for turn in heard.following(asked, "rep", 3)}
        for side in PARTIES:
            for phase in range(len(PHASES)):
                cues = lists.of(phase)
                said = heard.hits(cues.rep if side == "rep" else cues.customer, side)
                for i in {i for moment in said if (i := places[side].at(moment)) is not None}:
                    # "I understand" answers an objection only where there was one
                    if phase != OBJECTIONS or side == "customer" or units[i].turn in handling:
                        weights[i][phase] += 1.0
        for i, unit in enumerate(units):
            weights[i][OBJECTIONS] += 1.5 * (i in objected) + 0.8 * (unit.turn in answers)
        return weights


class _Places:
    """Which unit of a side a moment lies in."""

    def __init__(self, units: Sequence[Unit], side: Side) -> None:
        self.units = sorted((unit.start, unit.end, i) for i, unit in enumerate(units) if unit.side == side)
        self.starts = [start for start, _, _ in self.units]

    def at(self, moment: Moment) -> int | None:
        i = bisect_right(self.starts, moment.start + EPS) - 1
        return self.units[i][2] if i >= 0 and moment.start <= self.units[i][1] + EPS else None


def _units(heard: Heard) -> list[Unit]:
    found = [
        Unit(floor.side, part[0].start, max(part[0].start, part[-1].end), len(part), sentence.asks, turn)
        for turn, floor in enumerate(heard.floors)
        for sentence in text.sentences(floor.words, heard.language)
        for part in _parts(sentence.tokens)
    ]
    return sorted(found, key=lambda unit: (unit.start, unit.end, unit.side))


def _parts(said: Sequence[text.Token]) -> Iterator[Sequence[text.Token]]:
    count = -(-len(said) // LONG_UNIT)
    size = -(-len(said) // count)
    for first in range(0, len(said), size):
        yield said[first : first + size]


def _plain(unit: Unit, share: float) -> list[float]:
    """What can be said of a unit without its words: questions look for needs, long statements present."""
    weights = [0.0] * len(PHASES)
    if unit.side == "rep" and unit.asks:
        weights[NEEDS] += 0.5
    elif unit.words >= TELLS:
        weights[PRESENTATION if unit.side == "rep" else NEEDS] += 0.3
    weights[OPENING] -= 2.0 if share > OPENS_WITHIN else 0.0
    weights[CLOSE] -= 1.0 if share < CLOSES_AFTER else 0.0
    return weights


def _path(weights: Sequence[Sequence[float]]) -> list[int]:
    """The phases of the units that agree with most cues at the least cost of changes."""
    best = [weight - cost for weight, cost in zip(weights[0], START, strict=True)]
    came: list[list[int]] = []
    for row in weights[1:]:
        before = [
            _highest([value - costs[new] for value, costs in zip(best, CHANGE, strict=True)])
            for new in range(len(PHASES))
        ]
        best = [best[old] - CHANGE[old][new] + row[new] for new, old in enumerate(before)]
        came.append(before)
    path = [_highest(best)]
    for before in reversed(came):
        path.append(before[path[-1]])
    return path[::-1]


def _highest(values: Sequence[float]) -> int:
    """Of equals the earlier phase: the same call gives the same cut."""
    return max(range(len(values)), key=lambda phase: (round(values[phase], 9), -phase))


def _without(raw: Mapping[str, Any], *tables: str) -> dict[str, Any]:
    return {key: value for key, value in raw.items() if key not in tables}
