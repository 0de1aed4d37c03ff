"""What the customer objected, and whether the rep answered it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

from callqa import text
from callqa.analysers import lexicon
from callqa.analysers.heard import Heard, Moment, named, tables, unheard
from callqa.analysers.lexicon import NO_LEXICON, Lexicons
from callqa.types import Call, Evidence, Language, Measure, Measurement, Span

ONE_BREATH = 8.0  # seconds: "we have one already. Why would I need another?" is one objection
MIN_QUESTION = 3  # words: "да?", "right?" ask nothing
NOTES: dict[Language, dict[str, str]] = {
    "ru": {
        "handled": "отработано",
        "acknowledge": "без признания",
        "answer": "без вопроса и довода",
        "repeated": "клиент повторил",
    },
    "en": {
        "handled": "handled",
        "acknowledge": "not acknowledged",
        "answer": "no question, no argument",
        "repeated": "raised again",
    },
}


@dataclass(frozen=True)
class Kind:
    """One kind of objection: what people call it, and how customers say it.

    A phrase inside one of ``unless`` means something else ("mistakes cost us dear"). After a rep's question with one of
    ``asked`` the customer answers and does not object. ``absorbs`` names kinds that are part of this one when both are
    said in one breath ("another company is cheaper" is no matter of price).
    """

    label: str
    phrases: tuple[str, ...]
    unless: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    absorbs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Handling:
    """How reps show that they heard, ask back and argue. A written question mark is a question without a phrase."""

    acknowledge: tuple[str, ...]
    question: tuple[str, ...]
    argument: tuple[str, ...]


@dataclass(frozen=True)
class Objection:
    """``missing`` is empty when it was handled: "acknowledge", "answer", "repeated" (see NOTES)."""

    kind: str
    turn: int
    moment: Moment
    missing: tuple[str, ...] = ()

    @property
    def handled(self) -> bool:
        return not self.missing


@dataclass(frozen=True)
class Objections:
    """Objections by kind, and the share that was handled within ``turns`` rep turns."""

    turns: int = 3
    lexicons: Lexicons = field(default_factory=dict)

    def __post_init__(self) -> None:
        _ = self._tables

    @cached_property
    def _tables(self) -> dict[str, dict[str, Any]]:
        return tables("objections", self.lexicons, {"objections": dict[str, Kind], "handling": Handling})

    @property
    def _kinds(self) -> dict[str, dict[str, Kind]]:
        return {language: each["objections"] for language, each in self._tables.items()}

    @property
    def measures(self) -> tuple[Measure, ...]:
        labels = named(self._kinds, lambda kind: kind.label)
        return (
            Measure("objections", "count", "Objections", "Возражения"),
            *(Measure(f"objections.{name}", "count", f"Objections: {en}", f"Возражения: {ru}")
              for name, (en, ru) in labels.items()),
            Measure("objections_handled", "0-1", "Objections handled", "Отработанные возражения"),
        )  # fmt: skip

    def analyse(self, call: Call) -> Iterator[Measurement]:
        language = call.transcript.language
        reason = unheard(call, "customer") if language in self._tables else NO_LEXICON
        if reason:
            yield from lexicon.unmeasured(self.measures, reason)
            return
        heard = Heard.of(call, self._tables[language]["backchannels"])
        found = self.heard(heard)
        moments = [self._evidence(heard, objection) for objection in found]
        yield Measurement("objections", float(len(found)), len(found), evidence=tuple(moments))
        for name in named(self._kinds, lambda kind: kind.label):
            mine = tuple(e for e, one in zip(moments, found, strict=True) if one.kind == name)
            listed = name in self._kinds[language]
            yield Measurement(
                f"objections.{name}",
                float(len(mine)) if listed else None,
                len(mine),
                None if listed else "not_in_lexicon",
                mine,
            )
        yield _handled(found, moments)

    def found(self, call: Call) -> list[Objection]:
        """The objections of a call in order of time; none where its language has no list."""
        tables = self._tables.get(call.transcript.language)
        return self.heard(Heard.of(call, tables["backchannels"])) if tables else []

    def heard(self, heard: Heard) -> list[Objection]:
        """The same of a call whose words are at hand."""
        mentions = self._mentions(heard)
        result: list[Objection] = []
        for mention in mentions:
            open_ = [o for o in result if o.kind == mention.kind]
            if open_ and mention.turn <= self._until(heard, open_[-1], mentions):
                continue  # said again while it is being answered: one objection
            result.append(mention)
        return [self._judged(heard, objection, mentions) for objection in result]

    def _mentions(self, heard: Heard) -> list[Objection]:
        """Every turn and kind in which the customer objects, at its first phrase."""
        found: list[Objection] = []
        for turn, floor in enumerate(heard.floors):
            if floor.side == "customer":
                said = text.tokens(floor.words, heard.language)
                hits = _hits(said, self._kinds[heard.language], heard.language)
                found += [
                    Objection(kind, turn, Moment(span, "customer"))
                    for kind, span in hits.items()
                    if not self._asked(heard, kind, turn)
                ]
        return sorted(found, key=lambda o: (o.moment, o.kind))

    def _asked(self, heard: Heard, kind: str, turn: int) -> bool:
        """Whether the turn answers the rep's question about just that."""
        asked = self._kinds[heard.language][kind].asked
        return turn > 0 and heard.floors[turn - 1].side == "rep" and heard.says(asked, turn - 1)

    def _window(self, heard: Heard, objection: Objection, mentions: Sequence[Objection]) -> list[int]:
        """The rep turns in which it can be answered: another objection of the customer's closes them."""
        result: list[int] = []
        for turn in heard.following(objection.turn, "rep", self.turns):
            if result and any(result[-1] < o.turn < turn and o.kind != objection.kind for o in mentions):
                break
            result.append(turn)
        return result

    def _until(self, heard: Heard, objection: Objection, mentions: Sequence[Objection]) -> int:
        window = self._window(heard, objection, mentions)
        return window[-1] + 1 if window else objection.turn

    def _judged(self, heard: Heard, objection: Objection, mentions: Sequence[Objection]) -> Objection:
        handling: Handling = self._tables[heard.language]["handling"]
        acknowledged = answered = False
        for turn in self._window(heard, objection, mentions):
            floor = heard.floors[turn].span
            within = Span(min(objection.moment.start, floor.end), floor.end)  # words may lie beside their turn
            acknowledged = bool(heard.hits(handling.acknowledge, "rep", within=within, affirmed=True))
            asked = _asks(heard, handling, floor)
            answered = answered or asked or bool(heard.hits(handling.argument, "rep", within=within))
            if acknowledged and answered:
                # what answers the rep's question is no repetition
                settled = turn + 1 if asked else turn
                again = any(o.kind == objection.kind and o.turn > settled for o in mentions)
                return replace(objection, missing=("repeated",) if again else ())
        missing = {"acknowledge": not acknowledged, "answer": not answered}
        return replace(objection, missing=tuple(code for code, lacks in missing.items() if lacks))

    def _evidence(self, heard: Heard, objection: Objection) -> Evidence:
        notes = NOTES[heard.language]
        verdict = ", ".join(notes[code] for code in objection.missing) or notes["handled"]
        return heard.cited(objection.moment, f"{self._kinds[heard.language][objection.kind].label}, {verdict}")


def _hits(said: text.Tokens, kinds: Mapping[str, Kind], language: Language) -> dict[str, Span]:
    """Where each kind is said first, with what follows closely.

    Of kinds that share words the longer phrase wins: "cheaper elsewhere" is no matter of price.
    """
    found = [
        (kind, hit)
        for kind, listed in kinds.items()
        for hit in lexicon.unexcused(
            text.find_any(lexicon.phrases(listed.phrases, language), said, affirmed=True),
            text.find_any(lexicon.phrases(listed.unless, language), said),
        )
    ]
    result: dict[str, Span] = {}
    for kind, hit in sorted(found, key=lambda pair: (pair[1].first, pair[0])):
        longer = any(
            other.first < hit.last and hit.first < other.last and other.last - other.first > hit.last - hit.first
            for _, other in found
        )
        if longer:
            continue
        first = result.setdefault(kind, hit.span)
        if hit.start - first.end <= ONE_BREATH:
            result[kind] = Span(first.start, max(first.end, hit.end))
    return {kind: span for kind, span in result.items() if not _absorbed(kind, span, result, kinds)}


def _absorbed(kind: str, span: Span, said: Mapping[str, Span], kinds: Mapping[str, Kind]) -> bool:
    return any(
        kind in kinds[other].absorbs and abs(span.start - near.start) <= ONE_BREATH for other, near in said.items()
    )


def _asks(heard: Heard, handling: Handling, within: Span) -> bool:
    written = any(s.asks and len(s.tokens) >= MIN_QUESTION for s in heard.sentences("rep", within))
    return written or bool(heard.hits(handling.question, "rep", within=within))


def _handled(found: Sequence[Objection], moments: Sequence[Evidence]) -> Measurement:
    if not found:
        return Measurement("objections_handled", None, reason="no_objections")
    handled = sum(objection.handled for objection in found)
    # what cost the points comes first
    order = sorted(range(len(found)), key=lambda i: (found[i].handled, i))
    evidence = tuple(moments[i] for i in order)
    return Measurement("objections_handled", handled / len(found), len(found), evidence=evidence)
