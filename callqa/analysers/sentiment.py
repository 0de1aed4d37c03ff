"""How the customer's words sound, good or bad, at the start and at the end; never a judgement of an employee."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

from callqa import text
from callqa.analysers import lexicon
from callqa.analysers.conversation import Conversation, decimal
from callqa.analysers.heard import tables, unheard
from callqa.analysers.lexicon import NO_LEXICON, Lexicons
from callqa.analysers.timeline import EPS, Rules
from callqa.types import Call, Evidence, Language, Measure, Measurement, Span, Word

WEIGHTS = {
    "strong_positive": 2.0,
    "positive": 1.0,
    "mild_positive": 0.5,
    "neutral": 0.0,
    "mild_negative": -0.5,
    "negative": -1.0,
    "strong_negative": -2.0,
}
MEASURES = (
    Measure("sentiment_customer", "-1..1", "Customer's sentiment", "Тон слов клиента"),
    Measure("sentiment_first_customer", "-1..1", "Customer's sentiment, first third", "Тон слов клиента, первая треть"),
    Measure(
        "sentiment_last_customer", "-1..1", "Customer's sentiment, last third", "Тон слов клиента, последняя треть"
    ),
    Measure("sentiment_change_customer", "-2..2", "Change of the customer's sentiment", "Изменение тона слов клиента"),
    Measure("negative_peaks_customer", "count", "Customer's negative peaks", "Пики недовольства клиента"),
)


@dataclass(frozen=True)
class Lists:
    """Words and phrases by how good or bad they are; ``neutral`` ones only look like the others."""

    strong_positive: tuple[str, ...]
    positive: tuple[str, ...]
    mild_positive: tuple[str, ...]
    neutral: tuple[str, ...]
    mild_negative: tuple[str, ...]
    negative: tuple[str, ...]
    strong_negative: tuple[str, ...]


@dataclass(frozen=True)
class Degree:
    """Words before a polar word that make it stronger or weaker."""

    stronger: tuple[str, ...]
    weaker: tuple[str, ...]


@dataclass(frozen=True, order=True)
class Polar:
    """A polar word or phrase as said, with its weight after negation and degree."""

    span: Span
    weight: float


@dataclass(frozen=True)
class Sentiment:
    """Polarity = (good - bad) / (good + bad + ``calm``), of the weights of the polar words; no polar word gives 0.

    ``negated``: what is left of a weight, turned round, behind "not". ``degree``: how much stronger or weaker words of
    degree make it. A third needs ``words`` words of the customer. ``peak``: the weight of a sentence that is a peak.
    """

    lexicons: Lexicons = field(default_factory=dict)
    calm: float = 2.0
    negated: float = 0.5
    degree: float = 1.5
    words: int = 5
    peak: float = -1.5

    def __post_init__(self) -> None:
        _ = self._tables
        if self.calm <= 0 or self.degree < 1 or self.peak >= 0:
            raise ValueError("calm is more than 0, degree at least 1, peak less than 0")

    @cached_property
    def _tables(self) -> dict[str, dict[str, Any]]:
        return tables("sentiment", self.lexicons, {"sentiment": Lists, "degree": Degree})

    @property
    def measures(self) -> tuple[Measure, ...]:
        return MEASURES

    def analyse(self, call: Call) -> Iterator[Measurement]:
        language = call.transcript.language
        reason = unheard(call, "customer") if language in self._tables else NO_LEXICON
        heard = Conversation.of(call, Rules())
        if reason or not heard.line.active:
            yield from lexicon.unmeasured(MEASURES, reason or "no_speech")
            return
        words = lexicon.spoken(call, "customer")
        said = text.tokens(words, language)
        found = self.polar(said, language)
        first, _, last = heard.thirds
        values = [self._third(words, found, within) for within in (None, first, last)]
        for measure, (value, count, mine) in zip(MEASURES, values, strict=False):
            yield _given(heard, measure.name, value, count, _shown(words, mine, language))
        start, end = values[1][0], values[2][0]
        change = None if start is None or end is None else end - start
        yield _given(heard, MEASURES[3].name, change, len(found), [])
        peaks = self._peaks(heard, words, said, found)
        yield heard.say(MEASURES[4].name, float(len(peaks)), len(peaks), peaks)

    def polar(self, said: text.Tokens, language: Language) -> list[Polar]:
        """The polar words in order of time; the longest of overlapping hits counts, and neutral ones hide others."""
        weights = {p: weight for kind, weight in WEIGHTS.items() for p in getattr(self._lists(language), kind)}
        hits = [(hit, phrase) for phrase in lexicon.phrases(weights, language) for hit in text.find(phrase, said)]
        degrees = {name: self._places(said, name, language) for name in ("stronger", "weaker")}
        taken: set[int] = set()
        found: list[Polar] = []
        for hit, phrase in sorted(hits, key=lambda pair: (pair[0].first - pair[0].last, pair[0].first)):
            if taken.isdisjoint(range(hit.first, hit.last)):
                taken.update(range(hit.first, hit.last))
                weight = weights[phrase.pattern]
                if not phrase.negative and text.negated(said, hit):
                    weight *= -self.negated
                near = _before(said, hit)
                weight *= self.degree if near & degrees["stronger"] else 1.0
                weight /= self.degree if near & degrees["weaker"] else 1.0
                if weight:
                    found.append(Polar(hit.span, weight))
        return sorted(found)

    def _lists(self, language: Language) -> Lists:
        lists: Lists = self._tables[language]["sentiment"]
        return lists

    def _places(self, said: text.Tokens, name: str, language: Language) -> set[int]:
        """Positions of the words of degree."""
        patterns = lexicon.phrases(getattr(self._tables[language]["degree"], name), language)
        return {i for hit in text.find_any(patterns, said) for i in range(hit.first, hit.last)}

    def _third(
        self, words: Sequence[Word], found: Sequence[Polar], within: Span | None
    ) -> tuple[float | None, int, list[Polar]]:
        """Polarity of the words that begin in the span, how many they are, and the polar ones among them."""
        if within is not None:
            words = [w for w in words if _begins(w.span, within)]
            found = [one for one in found if _begins(one.span, within)]
        if len(words) < self.words:
            return None, len(words), []
        good = sum(one.weight for one in found if one.weight > 0)
        bad = -sum(one.weight for one in found if one.weight < 0)
        return (good - bad) / (good + bad + self.calm), len(words), list(found)

    def _peaks(
        self, heard: Conversation, words: Sequence[Word], said: text.Tokens, found: Sequence[Polar]
    ) -> list[Evidence]:
        """Sentences as bad as a peak, the worst first; mild words alone make none."""
        turns = [floor.start for floor in heard.line.by("customer")]
        turn = [bisect_right(turns, token.start + EPS) for token in said]
        # a sentence broken off ends with its turn
        ends = [i + 1 for i, end in enumerate(said.breaks) if end or turn[i] != turn[i + 1]]
        peaks = []
        for first, last in pairwise([0, *ends]):
            span = Span(said[first].start, max(said[first].start, said[last - 1].end))
            weights = [one.weight for one in found if _begins(one.span, span)]
            if sum(weights) <= self.peak + EPS and min(weights) <= WEIGHTS["negative"] + EPS:
                peaks.append((round(sum(weights), 6), span))
        return [
            lexicon.cited(words, span, _signed(weight, heard.language), around=0)
            for weight, span in sorted(peaks, key=lambda pair: (pair[0], pair[1]))
        ]


def _before(said: text.Tokens, hit: text.Hit) -> set[int]:
    """The positions of up to two words before the hit, none beyond a mark."""
    near: set[int] = set()
    for i in range(hit.first - 1, max(-1, hit.first - 3), -1):
        if said[i].mark:
            break
        near.add(i)
    return near


def _begins(inner: Span, outer: Span) -> bool:
    return outer.start - EPS <= inner.start < outer.end + EPS


def _given(
    heard: Conversation, name: str, value: float | None, count: float, evidence: Sequence[Evidence]
) -> Measurement:
    if value is None:
        return Measurement(name, None, reason="too_little_speech")
    return heard.say(name, value, count, evidence)


def _shown(words: Sequence[Word], found: Sequence[Polar], language: Language) -> list[Evidence]:
    """The polar words, the strongest first."""
    order = sorted(found, key=lambda one: (-abs(one.weight), one.span))
    return [lexicon.cited(words, one.span, _signed(one.weight, language), around=2) for one in order]


def _signed(weight: float, language: Language) -> str:
    return ("+" if weight > 0 else "−") + decimal(abs(weight), language)
