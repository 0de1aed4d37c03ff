"""Rules over moments, as data: whose, where in the call, how many, never, before or after what.

"Greets within 10 s", "never interrupts more than 3 times in the first third", "asks about budget before presenting",
"says no guarantee": a check counts the moments (evidence) of a measure and becomes a measure itself, ``check.NAME``.
docs/scorecards.md says how to write one.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Literal

from callqa.config import nearest
from callqa.errors import ConfigError
from callqa.types import Call, Evidence, Language, Measure, Measurement, Seconds, Side, Sounds, Span, Trust, joined
from callqa.window import EPS, Window, active_span

Band = tuple[float, float, float, float]
PASS: Band = (0.0, 1.0, 1.0, 2.0)
Again = Callable[[Call, str], Measurement | None]
PREFIX = "check."
PHASE = "phase."
PHASES = ("opening", "needs", "presentation", "objections", "close")
COUNTED = ("count", "bool")  # units of measures whose evidence is all of their moments
NOTES: dict[Language, dict[str, str]] = {
    "ru": {"missing": "Нет: {}", "elsewhere": "Не там: {}", "order": "Не в том порядке: {}"},
    "en": {"missing": "Left out: {}", "elsewhere": "At the wrong time: {}", "order": "In the wrong order: {}"},
}


@dataclass(frozen=True)
class Part(Window):
    """A window of the active span, or of one ``phase`` of the call ("opening", "needs" ...)."""

    phase: str = ""


@dataclass(frozen=True, slots=True)
class Check:
    """One ``[[checks]]`` entry of a scorecard.

    The moments of ``measure`` that ``side`` made inside ``window`` are counted; ``before`` and ``after`` name another
    measure and leave only the moments before its first one begins, or after it has ended. The check passes where their
    number is ``at_least`` and ``at_most`` so many (``absent``: none; by default: at least one). A measure that is a
    figure ("talk_share") is compared; in a window it is that of the words and turns inside. With a ``band`` the number
    itself is the value. ``weight`` 0: shown, and good for a fatal criterion, but no part of the score. ``unit`` is
    found when the scorecard is read.
    """

    name: str
    measure: str
    label: str = ""
    side: Literal["rep", "customer", "any"] = "any"
    window: Part | None = None
    at_least: float | None = None
    at_most: float | None = None
    absent: bool = False
    before: str = ""
    after: str = ""
    band: Band | None = None
    bands: Mapping[str, Band] = field(default_factory=dict)
    block: str = ""
    weight: float = 0.0
    advice: str = ""
    unit: str = ""

    @property
    def measure_name(self) -> str:
        return PREFIX + self.name

    @property
    def counts(self) -> bool:
        """Whether moments are counted; a figure is compared otherwise."""
        return self.unit in ("", *COUNTED)

    @property
    def narrowed(self) -> bool:
        """Whether it matters which moments they are, not only how many."""
        return bool(self.window or self.before or self.after) or self.side != "any"

    @property
    def bounds(self) -> tuple[float, float]:
        """Least and most for a pass."""
        if self.absent:
            return 0.0, 0.0
        least = self.at_least if self.at_least is not None else (1.0 if self.at_most is None else -math.inf)
        return least, math.inf if self.at_most is None else self.at_most

    def declared(self, language: Language) -> tuple[str, str]:
        """Unit and label of the measure that the check becomes."""
        unit = "bool" if self.band is None else ("count" if self.counts else self.unit)
        return unit, self.label or self.name.replace("_", " ")


def declared(by_language: Mapping[str, Sequence[Check]]) -> dict[str, Measure]:
    """The measures that the checks of every language's scorecard become; a label that lacks stands as in the other."""
    said: dict[str, dict[str, tuple[str, str]]] = {}
    for language, checks in by_language.items():
        for check in checks:
            said.setdefault(check.measure_name, {})[language] = check.declared(language)  # type: ignore[arg-type]
    found = {}
    for name, each in said.items():
        unit, other = next(iter(each.values()))
        if any(unit != said_unit for said_unit, _ in each.values()):
            problem = "a number in one language's scorecard, pass or fail in another's; give them different names"
            raise ConfigError("scorecards", name, problem)
        found[name] = Measure(name, unit, each.get("en", (unit, other))[1], each.get("ru", (unit, other))[1])
    return found


def judged(
    call: Call, measured: Mapping[str, Measurement], checks: Iterable[Check], again: Again | None = None
) -> dict[str, Measurement]:
    """Every check of a call as a measurement: a value with its moments, or the reason that there is none.

    ``again`` measures a part of the call anew, for figures in a window.
    """
    judge = _Judge(call, measured, again)
    return {check.measure_name: judge.result(check) for check in checks}


@dataclass(frozen=True)
class _Judge:
    """One call, its measures, and the checks' questions about them."""

    call: Call
    measured: Mapping[str, Measurement]
    again: Again | None

    def result(self, check: Check) -> Measurement:
        found = self.measured.get(check.measure)
        reason = _missing(found) or self._unplaced(check, found)
        if found is None or reason:
            return Measurement(check.measure_name, None, reason=reason or "not_in_lexicon")
        if not check.counts and check.window is not None:
            part = cut(self.call, check.window.spans(self._base(check.window)))
            found = self.again(part, check.measure) if self.again else None
            if found is None or found.value is None:
                return Measurement(check.measure_name, None, reason=_missing(found, "moments_unknown"))
        if not check.counts:
            return self._said(check, found.value or 0.0, found.n, found.evidence, found.trust)
        if not check.narrowed and not found.evidence:
            return self._said(check, found.value or 0.0, found.n, (), found.trust)
        return self._counted(check, found)

    def _unplaced(self, check: Check, found: Measurement | None) -> str | None:
        """Why the moments cannot be told by place, order or side, as a reason code."""
        if found is not None and check.counts and check.narrowed and not _complete(check, found):
            return "moments_unknown"
        if check.window is not None:
            if check.window.phase and not self._base(check.window):
                return _missing(self.measured.get(PHASE + check.window.phase), "no_phase") or "no_phase"
            if not check.window.spans(self._base(check.window)):
                return "window_outside"
        for name in (check.before, check.after):
            if name and (reason := _missing(self.measured.get(name)) or self._never(name)):
                return reason
        return None

    def _counted(self, check: Check, found: Measurement) -> Measurement:
        moments = _moments(found)
        mine = [e for e in moments if check.side == "any" or said_by(self.call, e) == check.side]
        placed = [e for e in mine if check.window is None or self._inside(e, check.window)]
        ordered = [e for e in placed if self._in_order(check, e)]
        elsewhere = [self._noted("order" if e in placed else "elsewhere", e) for e in mine if e not in ordered]
        trust = [found.trust, *(self.measured[name].trust for name in (check.before, check.after) if name)]
        least, most = check.bounds
        evidence = [*ordered[int(most) :], *ordered[: int(most)]] if most < len(ordered) else ordered
        if check.band is None and len(ordered) < least:
            evidence = [*ordered, *elsewhere] or [self._left_out(check)]
        return self._said(check, float(len(ordered)), len(ordered), tuple(evidence), _least(trust))

    def _said(
        self, check: Check, value: float, n: float, evidence: tuple[Evidence, ...], trust: Trust | None
    ) -> Measurement:
        least, most = check.bounds
        passed = float(least - 1e-9 <= value <= most + 1e-9)
        return Measurement(check.measure_name, passed if check.band is None else value, n, None, evidence, trust)

    def _inside(self, moment: Evidence, window: Part) -> bool:
        base = self._base(window)
        in_phase = any(span.start - EPS <= moment.start <= span.end + EPS for span in base)
        return (in_phase or not window.phase) and window.holds(moment.start, base)

    def _in_order(self, check: Check, moment: Evidence) -> bool:
        late = check.before and moment.start >= self._first(check.before).start - EPS
        early = check.after and moment.start < self._first(check.after).end - EPS
        return not late and not early

    def _base(self, window: Part) -> tuple[Span, ...]:
        """The spans that the window is a part of: the phase, or all that is conversation."""
        if not window.phase:
            return _active(self.call)
        found = self.measured.get(PHASE + window.phase)
        return joined(e.span for e in _moments(found)) if found else ()

    def _never(self, name: str) -> str | None:
        return None if _moments(self.measured[name]) else "no_anchor"

    def _first(self, name: str) -> Evidence:
        return _moments(self.measured[name])[0]

    def _left_out(self, check: Check) -> Evidence:
        """A point in time: the last moment at which it would have been right."""
        base = check.window.spans(self._base(check.window)) if check.window else _active(self.call)
        at = max((span.end for span in base), default=0.0)
        if check.before:
            at = min(at, self._first(check.before).start)
        note = NOTES[self.call.transcript.language]["missing"].format(check.label or check.name.replace("_", " "))
        return Evidence(round(at, 3), round(at, 3), note)

    def _noted(self, note: str, moment: Evidence) -> Evidence:
        return replace(moment, note=NOTES[self.call.transcript.language][note].format(moment.note))


def cut(call: Call, spans: Sequence[Span]) -> Call:
    """The words and turns inside the spans alone; what lies between these is no conversation."""
    turns = [
        replace(
            turn,
            start=both.start,
            end=both.end,
            words=tuple(w for w in turn.words if both.start <= (w.start + w.end) / 2 < both.end),
        )
        for turn in call.transcript.turns
        for span in spans
        if (both := turn.span & span)
    ]
    between = [Sounds("transfer", a.end, b.start) for a, b in pairwise(spans) if a.end < b.start]
    events = (*call.transcript.events, *between)
    return replace(call, transcript=replace(call.transcript, turns=tuple(turns), events=events))


def said_by(call: Call, moment: Evidence) -> Side:
    """Whose moment it is: the side whose words, or else turns, begin and end with it; else who speaks most of it."""

    def fit(side: Side) -> tuple[int, int, Seconds]:
        turns = [t for t in call.transcript.by(side) if t.start <= moment.end + EPS and t.end >= moment.start - EPS]
        edges = [
            sum(abs(edge - at) < 1e-3 for edge, at in ((one.start, moment.start), (one.end, moment.end)))
            for words in (True, False)
            for one in ([w for t in turns for w in t.words] if words else turns)
        ]
        shared = sum(max(0.0, min(t.end, moment.end) - max(t.start, moment.start)) for t in turns)
        return max(edges, default=0), sum(edges), round(shared, 6)

    sides: tuple[Side, ...] = ("rep", "customer", "unknown")
    return max(sides, key=fit)


def _active(call: Call) -> tuple[Span, ...]:
    """All that is conversation (DEFINITIONS.md), as the analysers see it: bridge_gap 0.3 s, min_speech 0.12 s."""
    turns = call.transcript.turns
    sides = [joined((t.span for t in turns if t.side == side), 0.3) for side in ("rep", "customer")]
    spoken = [span for spans in sides for span in spans if span.duration >= 0.12 - EPS]
    return active_span(spoken, [t.span for t in turns if t.side == "ivr"] + [e.span for e in call.transcript.events])


def _moments(found: Measurement) -> tuple[Evidence, ...]:
    """The moments in order of time; the evidence of "no" shows what is missing, not what was done."""
    return tuple(sorted(found.evidence, key=lambda e: (e.start, e.end, e.note))) if found.value else ()


def _complete(check: Check, found: Measurement) -> bool:
    """Whether every moment is known, so that those of a window can be counted."""
    if check.unit == "count":
        return found.value == len(found.evidence)
    return bool(found.evidence) or not found.value


def _missing(found: Measurement | None, instead: str = "not_in_lexicon") -> str | None:
    return instead if found is None else found.reason


def _least(trusts: Iterable[Trust | None]) -> Trust | None:
    order: tuple[Trust, ...] = ("low", "medium", "high")
    return min((t for t in trusts if t), key=order.index, default=None)


def read_check(path: str, key: str, check: Check, measures: Mapping[str, Measure] | None) -> Check:
    """The entry with its measure's unit, or a ConfigError for what cannot be meant."""

    def wrong(name: str, problem: str) -> ConfigError:
        return ConfigError(path, f"{key}.{name}" if name else key, problem)

    if check.unit:
        raise wrong("unit", "comes from the measure; leave it out")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", check.name):
        raise wrong("name", f"'{check.name}'; small Latin letters, digits and _, for it becomes {PREFIX}NAME")
    for name in ("measure", "before", "after"):
        if getattr(check, name) or name == "measure":
            known_measure(path, f"{key}.{name}", getattr(check, name), measures)
    if check.window and check.window.phase and check.window.phase not in PHASES:
        hint = nearest(check.window.phase, PHASES) or f"; choose from {', '.join(PHASES)}"
        raise wrong("window.phase", f"no phase is called '{check.window.phase}'{hint}")
    known = replace(check, unit=measures[check.measure].unit if measures else "")
    for name, problem in (*_bounds(check), *_order(check, measures), *_fit(known)):
        raise wrong(name, problem)
    return known


def known_measure(path: str, key: str, name: str, known: Iterable[str] | None) -> None:
    """A name that no analyser gives is a ConfigError that says which may be meant."""
    names = None if known is None else tuple(known)
    if names is None or name in names:
        return
    full = next((prefix + name for prefix in ("tracker.", "script.", PHASE) if prefix + name in names), None)
    hint = f"; did you mean '{full}'?" if full else nearest(name, names)
    raise ConfigError(path, key, f"no analyser gives '{name}'{hint}")


def _bounds(check: Check) -> Iterator[tuple[str, str]]:
    """Contradictions among the bounds, as (key, what is wrong)."""
    given = [name for name in ("at_least", "at_most") if getattr(check, name) is not None]
    if check.absent and (given or check.band):
        yield "absent", f"contradicts {given[0] if given else 'band'}; keep one of them"
    if check.band and given:
        yield given[0], "contradicts band, which makes the number itself the value; keep one of them"
    if check.bands and not check.band:
        yield "bands", "need a band beside them, for calls of other types"
    if any(not math.isfinite(getattr(check, name)) for name in given):
        yield given[0], "is no number"
    least, most = check.bounds
    if check.at_least is not None and least > most:
        yield "at_least", f"{least:g} is more than at_most = {most:g}: nothing can pass"


def _order(check: Check, measures: Mapping[str, Measure] | None) -> Iterator[tuple[str, str]]:
    for order in ("before", "after"):
        name = getattr(check, order)
        if name and name == check.measure:
            yield order, f"'{name}' cannot come {order} itself; name another measure"
        elif name and measures and measures[name].unit not in COUNTED and not name.startswith(PHASE):
            yield order, f"'{name}' is a figure of the whole call and no moment; name a tracker, a step or a phase"
    if check.before and check.before == check.after:
        yield "after", f"both before and after '{check.before}'; keep one of them"


def _fit(check: Check) -> Iterator[tuple[str, str]]:
    """What does not fit the measure: a figure has no moments, and moments are counted from 0."""
    name = check.measure
    if not check.counts:
        used = next((f for f in ("before", "after", "absent") if getattr(check, f)), "")
        if used:
            yield (
                used,
                f"'{name}' is one figure ({check.unit}); only moments come {used if used != 'absent' else 'never'}",
            )
        if check.band is None and check.at_least is None and check.at_most is None:
            yield "", f"'{name}' is a figure ({check.unit}): give at_least, at_most or a band"
    elif check.at_most is not None and check.at_most < 0:
        yield "at_most", f"{check.at_most:g} is less than none: nothing can pass"
    elif check.at_least is not None and check.at_least <= 0 and check.at_most is None:
        yield "at_least", f"{check.at_least:g} passes whatever is said; for never, write absent = true"
    if check.side != "any" and not name.startswith(("tracker.", "script.")):
        other = name if name.endswith("_customer") else f"{name}_customer"
        yield "side", f"'{name}' is one side's already (a customer's figure is called '{other}'); leave it out"
