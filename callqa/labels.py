"""What labelled calls say was asked, objected, agreed and forbidden, against what the measures found.

The measures may be those of the true words or of the recognised ones. Stages, next steps and moods are judged by call,
questions, interruptions and forbidden phrases by turn, objections by turn and kind, phases by labelled rep turn.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import msgspec

from callqa.analysers.objections import Objection
from callqa.types import Measurement, Span, covered, overlaps

Verdict = tuple[str, Literal["hits", "false", "missed"], str]
KINDS = ("price", "competitor", "timing", "authority", "need")
STEPS = {
    "greeting": ("greeting", "introduction"),
    "permission": ("permission", "agenda"),
    "needs": ("needs", "qualification"),
    "presentation": ("presentation",),
    "objection": ("objections",),
    "next_step": ("next_step",),
    "closing": ("closing",),
}
PHASES = {
    "greeting": "opening",
    "permission": "opening",
    "needs": "needs",
    "presentation": "presentation",
    "objection": "objections",
    "next_step": "close",
    "closing": "close",
}
MOODS = {"positive": 1, "calmer": 1, "negative": -1, "upset": -1, "angry": -1, "bored": -1}
ASKED = ("open", "closed", "alternative", "tag", "rhetorical")
SIDES = {"rep": "", "customer": "_customer"}


@dataclass(frozen=True, slots=True)
class Said:
    """One labelled turn: whose, when, the kind of its question, whether it interrupts."""

    side: str
    span: Span
    question: str | None
    interrupts: bool


@dataclass(frozen=True, slots=True)
class Labels:
    """What a truth file says of the call, and by turn: forbidden phrases, objections, phases, questions."""

    stages: frozenset[str]
    next_step: bool
    conversation: bool
    forbidden: tuple[Span, ...]
    objections: tuple[tuple[Span, str, bool], ...]
    phases: tuple[tuple[Span, str], ...]
    moods: Mapping[str, str | None]
    turns: tuple[Said, ...]


def read(path: Path) -> Labels | None:
    """The labels of a truth file; None where it has none."""
    raw = msgspec.json.decode(path.read_bytes())
    named = raw.get("labels")
    if not named:
        return None
    spans = [Span(turn["start"], turn["end"]) for turn in raw["turns"]]
    turns = list(zip(spans, raw["turns"], strict=True))
    forbidden = {found["turn"] for found in named.get("forbidden_used", ())}
    return Labels(
        frozenset(named.get("stages_present", ())),
        bool(named.get("next_step_agreed")),
        bool(named.get("conversation", True)),
        tuple(span for i, span in enumerate(spans) if i in forbidden),
        tuple((s, t["objection"], bool(t.get("objection_handled"))) for s, t in turns if t.get("objection")),
        tuple((s, PHASES[t["stage"]]) for s, t in turns if t.get("stage") in PHASES and t["speaker"] == "rep"),
        {third: named.get(f"customer_mood_{edge}") for third, edge in (("first", "start"), ("last", "end"))},
        tuple(_said(span, turn) for span, turn in turns if turn["speaker"] in SIDES),
    )


def _said(span: Span, raw: Mapping[str, Any]) -> Said:
    return Said(raw["speaker"], span, raw.get("question"), bool(raw.get("interruption")))


def judged(true: Labels, found: Mapping[str, Measurement], objections: Sequence[Objection]) -> Iterator[Verdict]:
    """(what, "hits" | "false" | "missed", which) for every label and every find."""
    for stage, steps in STEPS.items():
        done = any(_value(found, f"script.{step}") == 1 for step in steps)
        yield from _verdicts("stages", stage in true.stages, done, stage)
    if true.conversation:
        yield from _verdicts("next_step", true.next_step, _value(found, "next_step") == 1, "next_step")
        yield from _phases(true.phases, found)
        yield from _moods(true.moods, found)
    yield from _turns("forbidden", list(true.forbidden), _moments(found, "forbidden_phrases"))
    yield from _objected(true, objections)
    for side, suffix in SIDES.items():
        mine = [turn for turn in true.turns if turn.side == side]
        yield from _questions(mine, found, suffix)
        interrupting = [turn.span for turn in mine if turn.interrupts]
        yield from _turns("interruptions", interrupting, _moments(found, f"interruptions{suffix}"))


def _questions(turns: Sequence[Said], found: Mapping[str, Measurement], suffix: str) -> Iterator[Verdict]:
    """A turn is asked or not; its kind is that of its last question that is no tag. A find belongs to the turn that
    holds most of it."""
    kinds: dict[int, list[tuple[Span, str]]] = {}
    asked = [(span, kind) for kind in ASKED for span, _ in _moments(found, f"questions_{kind}{suffix}")]
    for span, kind in asked:
        shared = [covered(overlaps([span], [turn.span])) for turn in turns]
        if not shared or not max(shared):
            yield "questions", "false", f"at {span.start:.0f} s: {kind}"
        else:
            kinds.setdefault(shared.index(max(shared)), []).append((span, kind))
    for i, turn in enumerate(turns):
        mine = [name for _, name in sorted(kinds.get(i, []))]
        yield from _verdicts("questions", turn.question is not None, bool(mine), f"at {turn.span.start:.0f} s: {mine}")
        if turn.question and mine:
            last = next((name for name in reversed(mine) if name not in ("tag", "rhetorical")), mine[-1])
            for verdict in _met(last == turn.question):
                yield "question kinds", verdict, f"at {turn.span.start:.0f} s: {turn.question}, found {last}"


def _objected(true: Labels, objections: Sequence[Objection]) -> Iterator[Verdict]:
    for kind in KINDS:
        labelled = [(span, done) for span, name, done in true.objections if name == kind]
        mine = [o for o in objections if o.kind == kind]
        yield from _turns("objections", [s for s, _ in labelled], [(o.moment.span, kind) for o in mine])
        for span, done in labelled:
            if pair := next((o for o in mine if o.moment.span & span), None):
                yield from _verdicts("handled", done, pair.handled, f"{kind} at {span.start:.0f} s")


def _phases(true: Sequence[tuple[Span, str]], found: Mapping[str, Measurement]) -> Iterator[Verdict]:
    """Each labelled turn: found in its phase, or missed there and false elsewhere."""
    names = tuple(dict.fromkeys(PHASES.values()))
    stretches = {name: [span for span, _ in _moments(found, f"phase.{name}")] for name in names}
    for span, phase in true:
        mine = max(names, key=lambda name: covered(overlaps([span], stretches[name])))
        for verdict in _met(mine == phase):
            yield "phases", verdict, f"at {span.start:.0f} s: {phase}, found {mine}"


def _moods(true: Mapping[str, str | None], found: Mapping[str, Measurement]) -> Iterator[Verdict]:
    """Each label that says good or bad: met by the sign of that third, or missed and false."""
    for third, mood in true.items():
        value = _value(found, f"sentiment_{third}_customer") or 0.0
        if sign := MOODS.get(mood or ""):
            for verdict in _met(value * sign > 0):
                yield "mood", verdict, f"{third} third: {mood}, found {value:.2f}"


def _value(found: Mapping[str, Measurement], name: str) -> float | None:
    return found[name].value if name in found else None


def _moments(found: Mapping[str, Measurement], name: str) -> list[tuple[Span, str]]:
    return [(e.span, e.note) for e in found[name].evidence] if name in found else []


def _met(right: bool) -> tuple[Literal["hits", "false", "missed"], ...]:
    return ("hits",) if right else ("missed", "false")


def _verdicts(kind: str, true: bool, found: bool, which: str) -> Iterator[Verdict]:
    if true or found:
        yield kind, "hits" if true and found else "missed" if true else "false", which


def _turns(kind: str, true: Sequence[Span], found: Sequence[tuple[Span, str]]) -> Iterator[Verdict]:
    """Labels and finds that share a moment; a second find in a labelled turn is no error."""
    for span in true:
        yield kind, "hits" if any(span & other for other, _ in found) else "missed", f"at {span.start:.0f} s"
    for span, note in found:
        if not any(span & other for other in true):
            yield kind, "false", f"at {span.start:.0f} s: {note}"
