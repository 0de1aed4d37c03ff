"""Whether the rep found out what qualifies a deal: by BANT, by MEDDIC, or by slots of your own."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar

from callqa.analysers import lexicon
from callqa.analysers.heard import Heard, Moment, named, tables, unheard
from callqa.analysers.lexicon import NO_LEXICON, Lexicons
from callqa.types import Call, Evidence, Language, Measure, Measurement, Seconds, Span

NOTES: dict[Language, dict[str, str]] = {
    "ru": {"asked": "спрошено", "answered": "ответ", "volunteered": "клиент сказал сам", "open": "спрошено, ответа нет",
           "gaps": "не выяснено"},
    "en": {"asked": "asked", "answered": "answered", "volunteered": "volunteered", "open": "asked, not answered",
           "gaps": "not found out"},
}  # fmt: skip


@dataclass(frozen=True)
class Slot:
    """One thing to find out: how reps ask for it, and how customers tell it unasked."""

    label: str
    ask: tuple[str, ...]
    answer: tuple[str, ...] = ()


@dataclass(frozen=True)
class Found:
    """A slot as heard: the question and the answer, None where there was none."""

    asked: Moment | None
    answered: Moment | None


@dataclass(frozen=True)
class Qualification:
    """Slots covered: asked and answered, or told unasked. An answer comes within ``answer_within`` seconds."""

    NAME: ClassVar[str] = "qualification"
    TITLE: ClassVar[tuple[str, str]] = ("Qualification", "Квалификация")

    answer_within: Seconds = 8.0
    lexicons: Lexicons = field(default_factory=dict)

    def __post_init__(self) -> None:
        _ = self._tables

    @cached_property
    def _tables(self) -> dict[str, dict[str, Any]]:
        return tables(self.NAME, self.lexicons, {"slots": dict[str, Slot], "evasive": tuple[str, ...]})

    @property
    def _slots(self) -> dict[str, dict[str, Slot]]:
        return {language: each["slots"] for language, each in self._tables.items()}

    @property
    def measures(self) -> tuple[Measure, ...]:
        labels, (title, title_ru) = named(self._slots, lambda slot: slot.label), self.TITLE
        return (
            Measure(self.NAME, "0-1", title, title_ru),
            *(Measure(f"{self.NAME}.{name}", "bool", f"{title}: {en}", f"{title_ru}: {ru}")
              for name, (en, ru) in labels.items()),
        )  # fmt: skip

    def analyse(self, call: Call) -> Iterator[Measurement]:
        language = call.transcript.language
        reason = unheard(call, "rep", "customer") if language in self._tables else NO_LEXICON
        if reason or not self._slots[language]:
            yield from lexicon.unmeasured(self.measures, reason or NO_LEXICON)
            return
        heard = Heard.of(call, self._tables[language]["backchannels"])
        slots = self._slots[language]
        found = {name: self._found(heard, slot) for name, slot in slots.items()}
        moments = {name: _evidence(heard, slots[name].label, one) for name, one in found.items()}
        yield self._overall(heard, found, moments)
        for name in named(self._slots, lambda slot: slot.label):
            if name in found:
                covered = float(found[name].answered is not None)
                yield Measurement(f"{self.NAME}.{name}", covered, len(moments[name]), evidence=moments[name])
            else:
                yield Measurement(f"{self.NAME}.{name}", None, reason="not_in_lexicon")

    def _overall(
        self, heard: Heard, found: Mapping[str, Found], moments: Mapping[str, tuple[Evidence, ...]]
    ) -> Measurement:
        """The share of slots covered; its first evidence names the gaps, where the last rep turn begins."""
        slots = self._slots[heard.language]
        gaps = [name for name, one in found.items() if one.answered is None]
        evidence = [e for each in moments.values() for e in each]
        if gaps:
            last = [floor for floor in heard.floors if floor.side == "rep"][-1:]
            note = f"{NOTES[heard.language]['gaps']}: {', '.join(slots[name].label for name in gaps)}"
            evidence = [*(Evidence(f.start, f.start, note) for f in last), *evidence]
        return Measurement(self.NAME, 1 - len(gaps) / len(slots), len(slots), evidence=tuple(evidence))

    def _found(self, heard: Heard, slot: Slot) -> Found:
        asked = heard.hits(slot.ask, "rep")
        for question in asked:
            if answer := self._answer(heard, question):
                return Found(question, answer)
        told = heard.hits(slot.answer, "customer")
        return Found(asked[0] if asked else None, told[0] if told else None)

    def _answer(self, heard: Heard, question: Moment) -> Moment | None:
        """The customer's words after a question, unless they evade it; silence is no answer."""
        turn = heard.turn(question.start)
        until = max(heard.floors[turn].end if turn >= 0 else 0.0, question.end) + self.answer_within
        following = [i for i in heard.following(turn, "customer", 1) if heard.floors[i].start <= until]
        end = heard.floors[following[0]].end if following else until
        within = Span(question.end, max(question.end, end))  # words may lie beside their turn
        said = heard.said("customer", within)
        if not said or heard.hits(self._tables[heard.language]["evasive"], "customer", within=within):
            return None
        return Moment(Span(said[0].start, said[-1].end), "customer")


@dataclass(frozen=True)
class Meddic(Qualification):
    """The same by MEDDIC: metrics, economic buyer, decision criteria and process, pain, champion."""

    NAME: ClassVar[str] = "qualification_meddic"
    TITLE: ClassVar[tuple[str, str]] = ("MEDDIC", "MEDDIC")


def _evidence(heard: Heard, label: str, found: Found) -> tuple[Evidence, ...]:
    notes = NOTES[heard.language]
    if found.asked is None:
        return (heard.cited(found.answered, f"{label}, {notes['volunteered']}"),) if found.answered else ()
    if found.answered is None:
        return (heard.cited(found.asked, f"{label}, {notes['open']}"),)
    return (
        heard.cited(found.asked, f"{label}, {notes['asked']}"),
        heard.cited(found.answered, f"{label}, {notes['answered']}", 0),
    )
