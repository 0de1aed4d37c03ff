"""Who speaks of price and competitors, how often, and from which minute on."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from callqa import text
from callqa.analysers import lexicon
from callqa.analysers.conversation import NAMES, suffix
from callqa.analysers.heard import Heard, Moment, named, tables, unheard
from callqa.analysers.lexicon import NO_LEXICON, Lexicons
from callqa.analysers.timeline import PARTIES
from callqa.types import Call, Evidence, Measure, Measurement, Span, covered

NOT_MENTIONED = "not_mentioned"


@dataclass(frozen=True)
class Topic:
    """What is spoken of. ``names``: products and companies; add those you meet. A hit inside ``unless`` is another."""

    label: str
    phrases: tuple[str, ...]
    names: tuple[str, ...] = ()
    unless: tuple[str, ...] = ()


@dataclass(frozen=True)
class Mentions:
    """Sentences of each side that speak of a topic, and the minute of the conversation in which the first one falls."""

    lexicons: Lexicons = field(default_factory=dict)

    def __post_init__(self) -> None:
        _ = self._tables

    @cached_property
    def _tables(self) -> dict[str, dict[str, Any]]:
        return tables("mentions", self.lexicons, {"mentions": dict[str, Topic]})

    @property
    def _topics(self) -> dict[str, dict[str, Topic]]:
        return {language: each["mentions"] for language, each in self._tables.items()}

    @property
    def measures(self) -> tuple[Measure, ...]:
        labels = named(self._topics, lambda topic: topic.label)
        return tuple(m for name, (en, ru) in labels.items() for m in _declared(name, en, ru))

    def analyse(self, call: Call) -> Iterator[Measurement]:
        language = call.transcript.language
        silent = {side: unheard(call, side) for side in PARTIES}
        if language not in self._tables or all(silent.values()):
            known = language in self._tables
            yield from lexicon.unmeasured(self.measures, (silent["rep"] if known else None) or NO_LEXICON)
            return
        heard = Heard.of(call, self._tables[language]["backchannels"])
        for name, (en, ru) in named(self._topics, lambda topic: topic.label).items():
            topic, declared = self._topics[language].get(name), _declared(name, en, ru)
            if topic is None:
                yield from lexicon.unmeasured(declared, "not_in_lexicon")
                continue
            found = {side: mentioned(heard, topic, side) for side in PARTIES}
            for side, measure in zip(PARTIES, declared[:2], strict=True):
                moments = tuple(heard.cited(moment, topic.label) for moment in found[side])
                if reason := silent[side]:
                    yield Measurement(measure.name, None, reason=reason)
                else:
                    yield Measurement(measure.name, float(len(moments)), len(moments), evidence=moments)
            yield _first(heard, declared[2].name, sorted(found["rep"] + found["customer"]))


def mentioned(heard: Heard, topic: Topic, side: str) -> list[Moment]:
    """The side's sentences with one of the topic's phrases, each at its first phrase."""
    who = PARTIES[side == "customer"]
    said = heard.tokens[who]
    sought = lexicon.phrases((*topic.phrases, *topic.names), heard.language)
    excused = text.find_any(lexicon.phrases(topic.unless, heard.language), said)
    ends = [i for i, ends in enumerate(said.breaks) if ends]
    first: dict[int, Moment] = {}
    for hit in lexicon.unexcused(text.find_any(sought, said), excused):
        first.setdefault(bisect_left(ends, hit.first), Moment(hit.span, who))
    return list(first.values())


def _first(heard: Heard, name: str, moments: list[Moment]) -> Measurement:
    if not moments:
        return Measurement(name, None, reason=NOT_MENTIONED)
    first = moments[0]
    passed = covered(Span(s.start, min(s.end, first.start)) for s in heard.active if s.start < first.start)
    told = heard.cited(first, NAMES[heard.language][first.side])
    return Measurement(name, round(passed / 60, 9), len(moments), evidence=(Evidence(told.start, told.end, told.note),))


def _declared(name: str, en: str, ru: str) -> tuple[Measure, Measure, Measure]:
    return (
        Measure(f"{name}_mentions{suffix('rep')}", "count", f"Rep on “{en}”", f"Менеджер о теме «{ru}»"),
        Measure(f"{name}_mentions{suffix('customer')}", "count", f"Customer on “{en}”", f"Клиент о теме «{ru}»"),
        Measure(f"first_{name}_minute", "min", f"Minutes until “{en}” comes up", f"Минут до темы «{ru}»"),
    )
