"""Cues of how surely a rep speaks: hedges, fillers, statements that rise like questions, pauses before numbers.

They are listed, each with its moment. None of them says what the rep feels.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np

from callqa import text
from callqa.analysers import asking, fillers, lexicon
from callqa.analysers.conversation import Conversation
from callqa.analysers.heard import tables, unheard
from callqa.analysers.lexicon import NO_LEXICON, Lexicons
from callqa.analysers.questions import Questions
from callqa.analysers.timeline import EPS, Rules
from callqa.lemmas import NUMBER
from callqa.types import Call, Evidence, Language, Measure, Measurement, Seconds, Span, Track, Word, joined, overlaps

LISTS = ("hedges", "unless")
NO_SOUND = "no_sound"
FEWEST_FRAMES = 8  # voiced values a slope rests on
MEASURES = (
    Measure("confidence_cues", "per 100 words", "Rep's confidence cues", "Признаки неуверенной речи менеджера"),
    Measure("hedges", "per 100 words", "Rep's hedges", "Оговорки менеджера"),
    Measure("rising_statements", "per 100 words", "Rep's rising statements", "Утверждения менеджера с тоном вопроса"),
    Measure("number_pauses", "per 100 words", "Rep's pauses before numbers", "Паузы менеджера перед числами"),
)
NOTES: dict[Language, dict[str, str]] = {
    "ru": {"hedge": "оговорка", "filler": "слово-паразит", "rise": "тон вверх", "pause": "пауза перед числом"},
    "en": {"hedge": "hedge", "filler": "filler", "rise": "rises", "pause": "pause before a number"},
}


@dataclass(frozen=True)
class Confidence:
    """Cues in 100 words of the rep.

    ``pause``: between words as recognised before a number (they stand 0.15 s further apart than they were spoken), at
    most ``longest``. ``rise``: semitones a second over the last ``ending`` of a statement; ``octave``: semitones from
    the rep's median beyond which a pitch is an octave error.
    """

    lexicons: Lexicons = field(default_factory=dict)
    pause: Seconds = 0.45
    longest: Seconds = 3.0
    rise: float = 10.0
    ending: Seconds = 0.4
    octave: float = 9.0

    def __post_init__(self) -> None:
        _ = self._tables, self._questions, self._fillers

    @cached_property
    def _tables(self) -> dict[str, dict[str, Any]]:
        return tables(
            "confidence", self._only("hedges", "unless"), {"hedges": tuple[str, ...], "unless": tuple[str, ...]}
        )

    @cached_property
    def _questions(self) -> Questions:
        return Questions(self._only(*asking.LISTS))

    @cached_property
    def _fillers(self) -> fillers.Fillers:
        return fillers.Fillers(self._only(*fillers.LISTS))

    @property
    def measures(self) -> tuple[Measure, ...]:
        return MEASURES

    def analyse(self, call: Call) -> Iterator[Measurement]:
        language = call.transcript.language
        reason = unheard(call, "rep") if language in self._tables else NO_LEXICON
        if reason:
            yield from lexicon.unmeasured(MEASURES, reason)
            return
        words = lexicon.spoken(call, "rep")
        said = text.tokens(words, language)
        notes = NOTES[language]
        hedges = [lexicon.cited(words, hit.span, notes["hedge"]) for hit in self._hedges(said, language)]
        pauses = [lexicon.cited(words, span, notes["pause"], around=1) for span in self._pauses(call, said)]
        filled = next(m for m in self._fillers.analyse(call) if m.name == "fillers")
        # "sort of" is one cue, though both lists hold it
        apart = [e for e in filled.evidence if not overlaps([e.span], [hedge.span for hedge in hedges])]
        known: list[Evidence] = [*hedges, *pauses, *(_named(e, notes["filler"]) for e in apart)]
        track = call.tracks.get("rep")
        rises = None if track is None or not len(track.f0) else self._rises(call, words, track)
        told = None if rises is None else [lexicon.cited(words, span, notes["rise"], around=0) for span in rises]
        spoken = sum(any(c.isalnum() for c in word.text) for word in words)
        every = None if told is None else [*known, *told]
        for measure, cues in zip(MEASURES, (every, hedges, told, pauses), strict=True):
            yield _per_100(measure.name, cues, spoken)

    def _only(self, *tables: str) -> dict[str, dict[str, Any]]:
        """The word lists of these tables."""
        kept = {*tables, "backchannels"}
        return {code: {k: v for k, v in raw.items() if k in kept} for code, raw in self.lexicons.items()}

    def _hedges(self, said: text.Tokens, language: Language) -> list[text.Hit]:
        lists: Mapping[str, Any] = self._tables[language]
        found = text.find_any(lexicon.phrases(lists["hedges"], language), said)
        return lexicon.unexcused(found, text.find_any(lexicon.phrases(lists["unless"], language), said))

    def _pauses(self, call: Call, said: text.Tokens) -> list[Span]:
        """The pauses right before a number, inside a sentence, in which nobody else speaks."""
        others = [t.span for t in call.transcript.turns if t.side != "rep"]
        found = []
        for before, token in pairwise(said):
            gap = token.start - before.end
            counts = NUMBER in token.lemmas and NUMBER not in before.lemmas and not before.ends_sentence
            if counts and self.pause < gap - EPS and gap <= self.longest + EPS:
                quiet = Span(before.end, token.start)
                if not overlaps([quiet], others):
                    found.append(Span(quiet.start, max(quiet.end, token.end)))
        return found

    def _rises(self, call: Call, words: Sequence[Word], track: Track) -> list[Span]:
        """The ends of the rep's statements that go up, where the rep speaks alone."""
        language = call.transcript.language
        signals = lexicon.backchannels(self.lexicons[language])
        heard = Conversation.of(call, Rules(backchannels=signals))
        asked = [one.span for one in self._questions.asked(heard, "rep")]
        taken = joined([*asked, *(t.span for t in call.transcript.turns if t.side != "rep")])
        f0 = np.asarray(track.f0, float)
        own = np.concatenate([np.empty(0), *(f0[_frames(span, track.step)] for span in heard.line.speech["rep"])])
        if not (own > 0).any():
            return []
        middle = float(np.median(own[own > 0]))
        found = []
        for sentence in text.sentences(words, language):
            end = Span(max(sentence.start, sentence.end - self.ending), max(sentence.start, sentence.end))
            if sentence.asks or _touches(end, taken):
                continue
            if self._slope(f0, end, track.step, middle) > self.rise:
                found.append(end)
        return found

    def _slope(self, f0: np.ndarray[Any, Any], end: Span, step: Seconds, middle: float) -> float:
        """Semitones a second over the voiced end: the median slope between any two values (Theil and Sen)."""
        part = f0[_frames(end, step)]
        times = np.flatnonzero(part > 0) * step
        height = 12 * np.log2(part[part > 0] / middle)
        near = np.abs(height) <= self.octave
        times, height = times[near], height[near]
        if len(times) < FEWEST_FRAMES:
            return 0.0
        left, right = np.triu_indices(len(times), 1)
        return float(np.median((height[right] - height[left]) / (times[right] - times[left])))


def _touches(span: Span, taken: Sequence[Span]) -> bool:
    """Whether the span overlaps one of the stretches, which are in order and apart."""
    i = bisect_right(taken, span.start, key=lambda one: one.end)
    return i < len(taken) and taken[i].start < span.end


def _frames(span: Span, step: Seconds) -> slice:
    return slice(round(span.start / step), round(span.end / step))


def _named(evidence: Evidence, kind: str) -> Evidence:
    return Evidence(evidence.start, evidence.end, f"{kind}: {evidence.note.rpartition(': ')[2]}")


def _per_100(name: str, cues: Sequence[Evidence] | None, spoken: int) -> Measurement:
    """The cues in order of time; one that cannot be heard is unknown, and so is the sum."""
    if cues is None or not spoken:
        return Measurement(name, None, reason=NO_SOUND if cues is None else "no_words")
    ordered = tuple(sorted(cues, key=lambda e: (e.start, e.end, e.note)))
    return Measurement(name, round(100 * len(ordered) / spoken, 9), spoken, evidence=ordered)
