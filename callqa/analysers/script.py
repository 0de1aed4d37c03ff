"""Which steps of the script the rep went through, in what order, and in time."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import combinations
from typing import Any, Literal

from callqa.analysers import lexicon
from callqa.analysers.heard import Heard, Moment, named, tables, unheard
from callqa.analysers.lexicon import NO_LEXICON, Lexicons, Window
from callqa.analysers.objections import Objections
from callqa.errors import ConfigError
from callqa.types import Call, Evidence, Language, Measure, Measurement, Side, Span, covered

NOTES: dict[Language, dict[str, str]] = {
    "ru": {"missing": "Нет шага", "order": "Раньше, чем нужно", "late": "Не вовремя", "said": "Сказано"},
    "en": {"missing": "Step left out", "order": "Too early", "late": "At the wrong time", "said": "Said"},
}


@dataclass(frozen=True)
class Step:
    """One step of a script file.

    ``phrases`` of ``side`` that show it, at least ``min`` times. ``order``: its place (equal places may swap, None may
    come at any time). ``window``: where in the call it belongs; ``strict``: phrases outside of it do not count at all.
    ``when`` = "objection": the step applies only to calls in which the customer objects, and is done where an objection
    is handled; it needs no phrases. ``absent``: done where none of its phrases is said (inside the window).
    ``negation`` = "without": phrases behind "не", "not" do not count.
    """

    label: str
    phrases: tuple[str, ...] = ()
    side: Literal["rep", "customer", "any"] = "rep"
    weight: float = 1.0
    min: int = 1
    order: int | None = None
    window: Window | None = None
    strict: bool = False
    when: Literal["always", "objection"] = "always"
    absent: bool = False
    negation: Literal["any", "without"] = "any"

    @property
    def sides(self) -> tuple[Side, ...]:
        return ("rep", "customer") if self.side == "any" else (self.side,)


@dataclass(frozen=True)
class Done:
    """Where a step was done: all its moments, the one that counts for order and time, and whether it was in time."""

    moments: tuple[Moment, ...]
    moment: Moment
    timely: bool


@dataclass(frozen=True)
class Script:
    """Coverage, order and timeliness of the script file's steps, and each step by itself."""

    lexicons: Lexicons = field(default_factory=dict)

    def __post_init__(self) -> None:
        for language, steps in self._steps.items():
            for name, step in steps.items():
                _check(language, name, step)
        _ = self._objections

    @cached_property
    def _tables(self) -> dict[str, dict[str, Any]]:
        own = {code: _without(raw, "objections", "handling") for code, raw in self.lexicons.items()}
        return tables("script", own, {"steps": dict[str, Step]})

    @property
    def _steps(self) -> dict[str, dict[str, Step]]:
        return {language: each["steps"] for language, each in self._tables.items()}

    @cached_property
    def _objections(self) -> Objections:
        """What finds objections, for the languages whose script asks for it: their lists stand beside the script."""
        asking = [code for code, steps in self._steps.items() if any(s.when == "objection" for s in steps.values())]
        return Objections(lexicons={code: _without(self.lexicons[code], "steps") for code in asking})

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (
            Measure("script_coverage", "0-1", "Script coverage", "Полнота сценария"),
            Measure("script_order", "0-1", "Script order", "Порядок сценария"),
            Measure("step_timeliness", "0-1", "Steps in time", "Своевременность шагов"),
            *(Measure(f"script.{name}", "bool", f"Script: {en}", f"Сценарий: {ru}")
              for name, (en, ru) in self._labels.items()),
        )  # fmt: skip

    @property
    def _labels(self) -> dict[str, tuple[str, str]]:
        return named(self._steps, lambda step: step.label)

    def analyse(self, call: Call) -> Iterator[Measurement]:
        language = call.transcript.language
        reason = unheard(call, "rep") if language in self._tables else NO_LEXICON
        if reason or not self._steps[language]:
            yield from lexicon.unmeasured(self.measures, reason or NO_LEXICON)
            return
        heard = Heard.of(call, self._tables[language]["backchannels"])
        steps = self._applicable(heard)
        done = {name: found for name, step in steps.items() if (found := self._done(heard, step))}
        broken = {name: self._said(heard, step) for name, step in steps.items() if step.absent and name not in done}
        yield _coverage(heard, steps, done, broken)
        yield _order(heard, steps, done)
        yield _timeliness(heard, steps, done)
        for name in self._labels:
            yield self._step(heard, name, steps, done, broken)

    def _applicable(self, heard: Heard) -> dict[str, Step]:
        steps = self._steps[heard.language]
        needless = [name for name, step in steps.items() if step.when == "objection"]
        if needless and self._objections.heard(heard):
            needless = []
        return {name: step for name, step in steps.items() if name not in needless}

    def _done(self, heard: Heard, step: Step) -> Done | None:
        moments = self._said(heard, step)
        if step.absent:
            at = _moment(step.window, heard.active)
            return None if moments else Done((), Moment(Span(at, at), "rep"), True)
        inside = [m for m in moments if step.window is None or step.window.holds(m.start, heard.active)]
        if len(inside if step.strict else moments) < step.min:
            return None
        return Done(tuple(inside if step.strict else moments), (inside or moments)[0], bool(inside))

    def _said(self, heard: Heard, step: Step) -> list[Moment]:
        """Every moment of the step; of one that must not come, those inside its window."""
        if step.when == "objection":
            return [objection.moment for objection in self._objections.heard(heard) if objection.handled]
        moments = heard.hits(step.phrases, *step.sides, affirmed=step.negation == "without")
        if step.absent and step.window is not None:
            return [m for m in moments if step.window.holds(m.start, heard.active)]
        return moments

    def _step(
        self,
        heard: Heard,
        name: str,
        steps: Mapping[str, Step],
        done: Mapping[str, Done],
        broken: Mapping[str, Sequence[Moment]],
    ) -> Measurement:
        if name not in self._steps[heard.language]:
            return Measurement(f"script.{name}", None, reason="not_in_lexicon")
        if name not in steps:
            return Measurement(f"script.{name}", None, reason="no_objections")
        moments = done[name].moments if name in done else broken.get(name, ())
        evidence = tuple(heard.cited(moment, steps[name].label) for moment in moments)
        return Measurement(f"script.{name}", float(name in done), len(moments), evidence=evidence)


def _coverage(
    heard: Heard, steps: Mapping[str, Step], done: Mapping[str, Done], broken: Mapping[str, Sequence[Moment]]
) -> Measurement:
    """The weighted share of applicable steps done; each missing step is evidence at the place where it belongs.

    Of a step that must not come (``broken``) the first moment is.
    """
    whole = sum(step.weight for step in steps.values())
    share = sum(steps[name].weight for name in done) / whole
    missing = sorted((name for name in steps if name not in done), key=lambda name: -steps[name].weight)
    evidence = [
        heard.cited(broken[name][0], f"{NOTES[heard.language]['said']}: {steps[name].label}")
        if name in broken
        else _missing(heard, steps[name])
        for name in missing
    ]
    return Measurement("script_coverage", share, len(steps), evidence=tuple(evidence))


def _order(heard: Heard, steps: Mapping[str, Step], done: Mapping[str, Done]) -> Measurement:
    """1 - inversions / pairs over the done steps that have a place (Kendall); evidence: what came too early."""
    placed = [name for name in done if steps[name].order is not None]
    pairs = [
        (first, then)
        for first, then in combinations(sorted(placed, key=lambda name: steps[name].order or 0), 2)
        if steps[first].order != steps[then].order
    ]
    if not pairs:
        return Measurement("script_order", None, reason="too_few_steps")
    inverted = [(f, t) for f, t in pairs if done[t].moment.start < done[f].moment.start]
    evidence = [
        heard.cited(done[then].moment, f"{NOTES[heard.language]['order']}: {steps[then].label} ← {steps[first].label}")
        for first, then in inverted
    ]
    return Measurement("script_order", 1 - len(inverted) / len(pairs), len(placed), evidence=tuple(evidence))


def _timeliness(heard: Heard, steps: Mapping[str, Step], done: Mapping[str, Done]) -> Measurement:
    timed = [name for name in done if steps[name].window is not None and not steps[name].absent]
    if not timed:
        return Measurement("step_timeliness", None, reason="too_few_steps")
    late = [name for name in timed if not done[name].timely]
    evidence = [
        heard.cited(done[name].moment, f"{NOTES[heard.language]['late']}: {steps[name].label}") for name in late
    ]
    return Measurement("step_timeliness", 1 - len(late) / len(timed), len(timed), evidence=tuple(evidence))


def _missing(heard: Heard, step: Step) -> Evidence:
    """A step left out, at the end of its window: the last moment to do it in time."""
    at = _moment(step.window, heard.active)
    return Evidence(at, at, f"{NOTES[heard.language]['missing']}: {step.label}")


def _moment(window: Window | None, active: Sequence[Span]) -> float:
    whole = covered(active)
    end = None if window is None else window.end
    passed = whole if end is None else end * (whole if window and window.unit == "share" else 1.0)
    passed = min(passed + whole if passed < 0 else passed, whole)
    for span in active:
        if passed <= span.duration:
            return round(span.start + passed, 3)
        passed -= span.duration
    return active[-1].end if active else 0.0


def _check(language: str, name: str, step: Step) -> None:
    where = f"script word list ({language})"
    if step.when == "always" and not step.phrases:
        raise ConfigError(where, f"steps.{name}.phrases", 'missing; only a step with when = "objection" needs none')
    if step.weight <= 0:
        raise ConfigError(where, f"steps.{name}.weight", f"{step.weight:g}; a weight is above 0, leave the step out")
    extra = "strict" if step.strict else "order" if step.order is not None else "min" if step.min > 1 else ""
    if step.absent and (extra or step.when == "objection"):
        key = extra or "when"
        raise ConfigError(
            where, f"steps.{name}.{key}", "contradicts absent: what must not come has no place and no number"
        )
    if step.min < 1:
        raise ConfigError(where, f"steps.{name}.min", f"{step.min}; a step needs at least 1 phrase")


def _without(raw: Mapping[str, Any], *names: str) -> dict[str, Any]:
    """A language's tables but those: script and objection lists stand in one mapping, each has its own reader."""
    return {key: value for key, value in raw.items() if key not in names}
