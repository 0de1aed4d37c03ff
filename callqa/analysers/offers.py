"""What the rep offers beyond what was asked for, and whether the customer takes it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from callqa.analysers import lexicon
from callqa.analysers.heard import Heard, Moment, named, tables, unheard
from callqa.analysers.lexicon import NO_LEXICON, Lexicons
from callqa.types import Call, Evidence, Language, Measure, Measurement

NOTES: dict[Language, dict[bool | None, str]] = {
    "ru": {True: "принято", False: "отклонено", None: "без ответа"},
    "en": {True: "accepted", False: "declined", None: "not answered"},
}


@dataclass(frozen=True)
class Kind:
    """One kind of offer: how reps make it; a phrase inside one of ``unless`` is another thing."""

    label: str
    phrases: tuple[str, ...]
    unless: tuple[str, ...] = ()


@dataclass(frozen=True)
class Answer:
    """How customers take an offer, turn it down, say yes to a question, or ask for more themselves."""

    accept: tuple[str, ...]
    refuse: tuple[str, ...]
    yes: tuple[str, ...]
    asks: tuple[str, ...]


@dataclass(frozen=True)
class Offer:
    """``accepted``: None when the customer neither takes it nor turns it down."""

    kind: str
    turn: int
    moment: Moment
    accepted: bool | None


@dataclass(frozen=True)
class Offers:
    """Offers of more (upsell) and of something beside (cross-sell), one a rep turn and kind.

    An answer lies in the customer's next ``turns`` turns; a bare yes counts only in the next, after a question.
    """

    turns: int = 2
    lexicons: Lexicons = field(default_factory=dict)

    def __post_init__(self) -> None:
        _ = self._tables

    @cached_property
    def _tables(self) -> dict[str, dict[str, Any]]:
        return tables("offers", self.lexicons, {"offers": dict[str, Kind], "answer": Answer})

    @property
    def _kinds(self) -> dict[str, dict[str, Kind]]:
        return {language: each["offers"] for language, each in self._tables.items()}

    @property
    def measures(self) -> tuple[Measure, ...]:
        labels = named(self._kinds, lambda kind: kind.label)
        return (
            Measure("offers", "count", "Rep's further offers", "Дополнительные предложения"),
            *(Measure(f"offers.{name}", "count", f"Further offers: {en}", f"Дополнительные предложения: {ru}")
              for name, (en, ru) in labels.items()),
            Measure("offers_accepted", "0-1", "Further offers accepted", "Принятые дополнительные предложения"),
            Measure("offers_customer", "count", "Customer asks for more", "Клиент спрашивает о дополнительном"),
        )  # fmt: skip

    def analyse(self, call: Call) -> Iterator[Measurement]:
        language = call.transcript.language
        reason = unheard(call, "rep", "customer") if language in self._tables else NO_LEXICON
        if reason:
            yield from lexicon.unmeasured(self.measures, reason)
            return
        heard = Heard.of(call, self._tables[language]["backchannels"])
        found = self.found(heard)
        moments = [self._evidence(heard, offer) for offer in found]
        yield Measurement("offers", float(len(found)), len(found), evidence=tuple(moments))
        for name in named(self._kinds, lambda kind: kind.label):
            mine = tuple(e for e, one in zip(moments, found, strict=True) if one.kind == name)
            listed = name in self._kinds[language]
            value, why = (float(len(mine)), None) if listed else (None, "not_in_lexicon")
            yield Measurement(f"offers.{name}", value, len(mine), why, mine)
        yield _accepted(found, moments)
        asked = heard.hits(self._tables[language]["answer"].asks, "customer")
        evidence = tuple(heard.cited(moment, "") for moment in asked)
        yield Measurement("offers_customer", float(len(asked)), len(asked), evidence=evidence)

    def found(self, heard: Heard) -> list[Offer]:
        """The rep's offers in order of time."""
        first: dict[tuple[int, str], Moment] = {}
        for name, kind in self._kinds[heard.language].items():
            excused = heard.hits(kind.unless, "rep")
            for moment in heard.hits(kind.phrases, "rep", affirmed=True):
                if not any(e.start <= moment.start and moment.end <= e.end for e in excused):
                    first.setdefault((heard.turn(moment.start), name), moment)
        offers = sorted((moment, name, turn) for (turn, name), moment in first.items())
        return [Offer(name, turn, moment, self._accepted(heard, turn)) for moment, name, turn in offers]

    def _accepted(self, heard: Heard, turn: int) -> bool | None:
        answer: Answer = self._tables[heard.language]["answer"]
        asks = turn >= 0 and heard.floors[turn].text.rstrip("»\"' ").endswith("?")
        for i, reply in enumerate(heard.following(turn, "customer", self.turns)):
            if heard.says(answer.refuse, reply):
                return False
            if heard.says(answer.accept, reply) or (i == 0 and asks and heard.says(answer.yes, reply)):
                return True
        return None

    def _evidence(self, heard: Heard, offer: Offer) -> Evidence:
        label = self._kinds[heard.language][offer.kind].label
        return heard.cited(offer.moment, f"{label}, {NOTES[heard.language][offer.accepted]}")


def _accepted(found: Sequence[Offer], moments: Sequence[Evidence]) -> Measurement:
    if not found:
        return Measurement("offers_accepted", None, reason="no_offers")
    taken = sum(offer.accepted is True for offer in found)
    # what was not taken comes first
    order = sorted(range(len(found)), key=lambda i: (found[i].accepted is True, i))
    return Measurement("offers_accepted", taken / len(found), len(found), evidence=tuple(moments[i] for i in order))
