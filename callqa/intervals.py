"""How far each headline figure can be trusted: what it would be had the recogniser and the diarizer not erred.

The call is drawn again and again as it may really have been: edges of speech moved, short pieces lost or added, short
turns given to the other side on a mono recording, words lost, put in or taken for others by their confidence, question
marks restored, all at the rates that labelled calls showed (configs/errors.toml). The quantiles of the figures over the
draws are the interval; evidence that stays in most draws is steady.
"""

from __future__ import annotations

import hashlib
import math
import random
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from callqa.types import Call, Doubt, Evidence, Measurement, Seconds, Side, Turn, Word

SIDES: tuple[Side, Side] = ("rep", "customer")
SCORE = "score"
# "drawn": the draws are what may have been said. "lost": words taken for others lose phrases in the draws as they lost
# them on the way here, so what goes is what may be missing (the basic bootstrap interval). "both": either way.
HEADLINES: Mapping[str, Literal["drawn", "lost", "both"]] = {
    "talk_share": "drawn",
    "longest_monologue": "drawn",
    "silence_share": "drawn",
    "switches_per_minute": "both",
    "patience": "both",
    "interruptions": "both",
    "overtalk_share": "both",
    "questions": "drawn",
    "question_yield": "both",
    "answered_share": "both",
    "longest_customer_story": "drawn",
    "speech_rate": "drawn",
    "script_coverage": "lost",
    "next_step": "drawn",
    "forbidden_phrases": "lost",
    "objections_handled": "drawn",
    "fillers": "lost",
    "qualification": "lost",
    "score": "both",
}
MOST = {
    "talk_share": 1.0, "silence_share": 1.0, "overtalk_share": 1.0, "answered_share": 1.0, "script_coverage": 1.0,
    "next_step": 1.0, "objections_handled": 1.0, "qualification": 1.0, "score": 100.0,
}  # fmt: skip
LONG: Seconds = 300.0  # a call up to this long gets all draws, a longer one fewer: its figures rest on more
FEWEST = 8
CLOSE: Seconds = 2.0  # the same moment in a draw begins this near


@dataclass(frozen=True, slots=True)
class Edge:
    """What is true minus what was heard: its mean and its standard deviation."""

    bias: float
    spread: float


@dataclass(frozen=True, slots=True)
class Rates:
    """How often one language and layout goes wrong. ``start`` and ``end``: the edges of pieces of speech, in seconds.

    ``stretch``: how much longer one side's speech was than heard, as a share of it (bias and spread from call to call).
    Of pieces up to ``short`` seconds: ``false`` of those heard were not said, ``flipped`` of those heard are the other
    side's, ``missed`` a minute were not heard. Of words: ``deleted`` of those said were lost, ``inserted`` of the wrong
    ones were not said at all. Of sentences without a question mark ``asked`` ask, of the marks ``unasked`` do not.
    """

    start: Edge
    end: Edge
    stretch: Edge
    missed: float
    false: float
    flipped: float
    deleted: float
    inserted: float
    asked: float
    unasked: float


@dataclass(frozen=True, slots=True)
class Margin:
    """What the draws alone leave out, in the measure's unit or as a share of the value; measured like the rates."""

    below: float = 0.0
    above: float = 0.0
    share_below: float = 0.0
    share_above: float = 0.0


@dataclass(frozen=True, slots=True)
class Errors:
    """configs/errors.toml. ``wrong[i]`` of the words heard with a confidence under ``confidence[i]`` are other words.

    ``spread``: how much the rates differ from call to call, as the sigma of a log-normal factor.
    """

    confidence: tuple[float, ...]
    wrong: tuple[float, ...]
    rates: Mapping[str, Mapping[str, Rates]]
    margins: Mapping[str, Margin] = field(default_factory=dict)
    draws: int = 20
    level: float = 0.9
    short: Seconds = 1.0
    spread: float = 0.5

    def of(self, call: Call) -> Rates | None:
        transcript = call.transcript
        return self.rates.get(transcript.language, {}).get(transcript.layout)


Measured = Mapping[str, Measurement]


def doubts(
    call: Call,
    measured: Measured,
    score: float | None,
    errors: Errors,
    again: Callable[[Call], Measured],
    scored: Callable[[Call, Measured], float | None],
) -> Doubt:
    """The interval of every headline figure and of the score, and which evidence is steady.

    ``again`` measures a drawn call, ``scored`` gives its score. Nothing is told of a language or layout without rates.
    """
    rates = errors.of(call)
    if rates is None or not call.transcript.turns:
        return Doubt()
    drawn = list(draws(call, rates, errors))
    figures = [again(one) for one in drawn]
    intervals = {
        name: interval(name, m.value, [one[name].value for one in figures], errors)
        for name, m in measured.items()
        if m.value is not None and name in HEADLINES and name in figures[0]
    }
    if score is not None:
        chance = random.Random(hashlib.sha256(call.recording.sha256.encode()).digest())
        totals = [
            scored(one, {**measured, **{n: _likely(n, measured[n], m, errors, chance) for n, m in found.items()}})
            for one, found in zip(drawn, figures, strict=True)
        ]
        intervals[SCORE] = interval(SCORE, score, totals, errors)
    steady = {
        name: tuple(_stays(e, [one[name].evidence for one in figures]) for e in m.evidence)
        for name, m in measured.items()
        if m.evidence and name in figures[0]
    }
    return Doubt(intervals, {name: kept for name, kept in steady.items() if not all(kept)})


def _likely(name: str, heard: Measurement, drawn: Measurement, errors: Errors, chance: random.Random) -> Measurement:
    """A drawn figure as the score is to see it: what the draws leave out is in it, anywhere inside the margins."""
    at = chance.random()
    if name not in HEADLINES or heard.value is None or drawn.value is None:
        return drawn
    margin = errors.margins.get(name, Margin())
    below = margin.below + margin.share_below * abs(heard.value)
    above = margin.above + margin.share_above * abs(heard.value)
    value = 2 * heard.value - drawn.value if HEADLINES[name] == "lost" else drawn.value
    value += at * (above + below) - below
    return replace(drawn, value=min(MOST.get(name, math.inf), max(0.0, value)))


def draws(call: Call, rates: Rates, errors: Errors) -> Iterator[Call]:
    """The call as it may have been; the same recording gives the same draws anywhere."""
    count = max(FEWEST, round(errors.draws * min(1.0, LONG / max(1.0, call.recording.duration))))
    for i in range(count):
        seed = hashlib.sha256(f"{call.recording.sha256}/{i}".encode()).digest()
        yield replace(call, transcript=replace(call.transcript, turns=_Draw(call, rates, errors, seed).turns()))


class _Draw:
    """One way the call may have been, from its own source of chance."""

    def __init__(self, call: Call, rates: Rates, errors: Errors, seed: bytes) -> None:
        self.call, self.rates, self.errors = call, rates, errors
        self.chance = random.Random(seed)
        self.factors = [self.chance.lognormvariate(0.0, errors.spread) for _ in range(6)]
        self.stretch = {side: self.chance.gauss(rates.stretch.bias, rates.stretch.spread) for side in SIDES}

    def turns(self) -> tuple[Turn, ...]:
        """Every turn's fate, then short pieces that were not heard."""
        found: list[Turn] = []
        last: dict[Side, Turn] = {}
        for turn in self.call.transcript.turns:
            if turn.side not in SIDES:
                found.append(turn)
                continue
            drawn = self._drawn(turn, last.get(turn.side))
            last[turn.side] = turn
            if drawn is not None:
                found.append(drawn)
        return tuple(sorted([*found, *self._missed()], key=lambda t: (t.start, t.end, t.side)))

    def _drawn(self, turn: Turn, before: Turn | None) -> Turn | None:
        side, chance = turn.side, self.chance.random()
        if turn.end - turn.start <= self.errors.short:
            if chance < self._rate(self.rates.flipped, 0):
                side = "customer" if side == "rep" else "rep"
            elif chance > 1 - self._rate(self.rates.false, 1):
                return None
        longer = self.stretch[turn.side] * (turn.end - turn.start) / 2
        start, end = turn.start - longer, turn.end + longer
        if before is None or start - before.end > JOINED:
            start += self._moved(self.rates.start)
            end += self._moved(self.rates.end)
        start = max(0.0, start)
        return Turn(side, start, max(start, end), tuple(self._words(turn.words)))

    def _moved(self, edge: Edge) -> Seconds:
        """Cut at two sigmas: what lies further is no jitter but another piece of speech."""
        return edge.bias + edge.spread * min(2.0, max(-2.0, self.chance.gauss(0.0, 1.0)))

    def _words(self, words: Sequence[Word]) -> Iterator[Word]:
        for i, word in enumerate(words):
            if self.chance.random() < self._wrong(word.confidence):
                if self.chance.random() < self.rates.inserted:
                    continue
                word = replace(word, text=_other(word.text))
            yield self._marked(word, words[i + 1] if i + 1 < len(words) else None)
            if self.chance.random() < self._rate(self.rates.deleted, 2):
                yield Word(OTHER, word.end, word.end, 0.0)

    def _wrong(self, confidence: float) -> float:
        pairs = zip(self.errors.confidence, self.errors.wrong, strict=True)
        return self._rate(next((wrong for under, wrong in pairs if confidence < under), self.errors.wrong[-1]), 3)

    def _marked(self, word: Word, following: Word | None) -> Word:
        """A sentence's end with its question mark given or taken."""
        chance = self.chance.random()
        if word.text.endswith("?"):
            return replace(word, text=word.text.rstrip("?") + ".") if chance < self.rates.unasked else word
        ends = following is None or word.text.endswith((".", "!", "…"))
        if ends and chance < self._rate(self.rates.asked, 4):
            return replace(word, text=word.text.rstrip(".!…,") + "?")
        return word

    def _missed(self) -> Iterator[Turn]:
        turns = [t for t in self.call.transcript.turns if t.side in SIDES]
        if not turns:
            return
        first, last = min(t.start for t in turns), max(t.end for t in turns)
        expected = self._rate(self.rates.missed, 5, 60.0) * (last - first) / 60
        # a share of one piece is a piece with that chance
        count = int(expected) + (self.chance.random() < expected % 1)
        for _ in range(count):
            start = first + self.chance.random() * (last - first)
            length = 0.2 + self.chance.random() * (self.errors.short - 0.2)
            side = SIDES[self.chance.random() < 0.5]
            yield Turn(side, start, min(start + length, self.call.recording.duration) if last > start else start)

    def _rate(self, rate: float, which: int, most: float = 0.95) -> float:
        return min(most, rate * self.factors[which])


JOINED: Seconds = 0.3  # pieces of one side this near are one piece: nothing is known of an edge between them
OTHER = "хх"  # stands for a word that is not known; no list holds it


def _other(text: str) -> str:
    """Another word in the place of this one, written as it was.

    >>> _other("Цена,"), _other("дорого?")
    ('Хх,', 'хх?')
    """
    mark = re.search(r"\W*$", text)
    return (OTHER.capitalize() if text[:1].isupper() else OTHER) + (mark.group() if mark else "")


def interval(name: str, value: float, drawn: Sequence[float | None], errors: Errors) -> tuple[float, float]:
    """From the lower to the upper quantile of the draws, the figure itself inside, and the margins beyond."""
    known = sorted([value, *(one for one in drawn if one is not None)])
    tail = (1 - errors.level) / 2
    low, high = min(value, quantile(known, tail)), max(value, quantile(known, 1 - tail))
    mirrored = 2 * value - high, 2 * value - low
    if HEADLINES[name] == "lost":
        low, high = mirrored
    elif HEADLINES[name] == "both":
        low, high = min(low, mirrored[0]), max(high, mirrored[1])
    margin = errors.margins.get(name, Margin())
    low -= margin.below + margin.share_below * abs(value)
    high += margin.above + margin.share_above * abs(value)
    if all(one == int(one) for one in known):
        low, high = math.floor(low + 1e-9), math.ceil(high - 1e-9)  # counts, yes and no
    return max(0.0, low), min(MOST.get(name, math.inf), high)


def quantile(ordered: Sequence[float], share: float) -> float:
    """Between the neighbours in proportion.

    >>> quantile([1.0, 2.0, 3.0], 0.75)
    2.5
    """
    at = share * (len(ordered) - 1)
    below = int(at)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (at - below)


def _stays(evidence: Evidence, drawn: Sequence[Sequence[Evidence]]) -> bool:
    """Whether at least half of the draws hold the moment."""
    kept = sum(any(abs(other.start - evidence.start) <= CLOSE for other in found) for found in drawn)
    return 2 * kept >= len(drawn)
