"""How fast somebody speaks, pauses taken out, and whether the pace fits the other side's and holds to the end."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from statistics import median

from callqa.analysers.conversation import SHOWN, Conversation, decimal, first, suffix, unmeasurable
from callqa.analysers.timeline import EPS, PARTIES, Floor
from callqa.types import Evidence, Language, Measure, Measurement, Seconds, Side, Span, Word, covered, joined, overlaps

NOTES: dict[Language, dict[str, str]] = {
    "ru": {"rate": "{:.0f} слов/мин", "gap": "темп различается в {} раза", "third": "{:.0f} слов/мин в этой трети"},
    "en": {"rate": "{:.0f} wpm", "gap": "paces differ by a factor of {}", "third": "{:.0f} wpm in this third"},
}
LABELS = {"rep": ("Rep's", "менеджера"), "customer": ("Customer's", "клиента")}
# recognisers cut words short: on the labelled calls a pause of 0.3 s stands as a gap of 0.45 s between two words
CUT: Seconds = 0.15
RU_VOWELS = frozenset("аеёиоуыэюя")


@dataclass(frozen=True)
class Pace:
    """Words and the seconds of speech they took. ``syllables`` and ``syllable_seconds`` leave numerals out."""

    words: int
    net: Seconds
    syllables: int
    syllable_seconds: Seconds

    @property
    def wpm(self) -> float:
        return 60 * self.words / self.net

    @property
    def syllable_rate(self) -> float:
        return self.syllables / self.syllable_seconds


@dataclass(frozen=True)
class Rates:
    """``enough``: the speech a rate rests on at least, ``drift``: that of each third; ``phrase``: words of a phrase."""

    enough: Seconds
    drift: Seconds
    phrase: int
    pause: Seconds

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (
            *(measure for side in PARTIES for measure in _declared(side)),
            Measure("rate_gap", "ratio", "Gap between the two paces", "Различие темпа сторон"),
        )

    def measured(self, heard: Conversation) -> Iterator[Measurement]:
        for side in PARTIES:
            yield from self._side(heard, side)
        yield self._gap(heard)

    def _side(self, heard: Conversation, side: Side) -> Iterator[Measurement]:
        names = [measure.name for measure in _declared(side)]
        words = _words(heard, side)
        reason = heard.absent(side) or ("no_words" if not words else None)
        pace = self._pace(heard, words, heard.line.speech[side])
        if reason or pace.net < self.enough - EPS:
            yield from (unmeasurable(name, reason or "too_little_speech") for name in names)
            return
        moments = self._fastest(heard, side)
        yield heard.say(names[0], pace.wpm, pace.net, moments)
        if pace.syllable_seconds < self.enough - EPS:
            yield unmeasurable(names[1], "too_little_speech")
        else:
            yield heard.say(names[1], pace.syllable_rate, pace.syllable_seconds, moments)
        yield self._drift(heard, side, names[2], words)

    def _drift(self, heard: Conversation, side: Side, name: str, words: Sequence[Word]) -> Measurement:
        thirds = [
            [w for w in words if third.start - EPS <= (w.start + w.end) / 2 < third.end - EPS] for third in heard.thirds
        ]
        early, late = (self._pace(heard, some, heard.line.speech[side]) for some in (thirds[0], thirds[-1]))
        if min(early.net, late.net) < self.drift - EPS:
            return unmeasurable(name, "too_little_speech")
        moments = [
            Evidence(some[0].start, max(w.end for w in some), NOTES[heard.language]["third"].format(pace.wpm))
            for some, pace in ((thirds[-1], late), (thirds[0], early))
        ]
        return heard.say(name, late.wpm / early.wpm, early.net + late.net, moments)

    def _gap(self, heard: Conversation) -> Measurement:
        """Syllables, not words: five words may be twenty syllables or six."""
        if reason := heard.absent(*PARTIES):
            return unmeasurable("rate_gap", reason)
        pairs = []
        for before, after in pairwise(heard.line.floors):
            if before.side != after.side and (pair := self._phrases(heard, before, after)):
                slower, faster = sorted(phrase[0] for phrase in pair)
                pairs.append((faster / slower, Span(pair[0][1].start, max(pair[0][1].end, pair[1][1].end))))
        if not pairs:
            return unmeasurable("rate_gap", "no_pairs")
        note, widest = NOTES[heard.language]["gap"], first(pairs, lambda p: -round(p[0], 6))
        moments = [Evidence(at.start, at.end, note.format(decimal(ratio, heard.language))) for ratio, at in widest]
        return heard.say("rate_gap", median(ratio for ratio, _ in pairs), len(pairs), moments)

    def _phrases(self, heard: Conversation, before: Floor, after: Floor) -> list[tuple[float, Span]]:
        """The rates and moments of the phrases on either side of a change, nothing when one of them is too short."""
        pair = []
        for floor, words in ((before, self._runs(before.words)[-1:]), (after, self._runs(after.words)[:1])):
            speech = [piece.span for piece in floor.pieces]
            pace = self._pace(heard, words[0], speech) if words and len(words[0]) >= self.phrase else None
            if pace is None or not pace.syllables or pace.syllable_seconds <= EPS:
                return []
            pair.append((pace.syllable_rate, Span(words[0][0].start, words[0][-1].end)))
        return pair

    def _runs(self, words: Iterable[Word]) -> list[list[Word]]:
        """Words cut into phrases where the speaker pauses."""
        runs: list[list[Word]] = []
        for word in words:
            if runs and word.start - runs[-1][-1].end <= self.pause + CUT + EPS:
                runs[-1].append(word)
            else:
                runs.append([word])
        return runs

    def _pace(self, heard: Conversation, words: Sequence[Word], speech: Sequence[Span]) -> Pace:
        spelled = [w for w in words if not any(c.isdigit() for c in w.text)]
        return Pace(
            words=len(words),
            net=self._net(words, speech),
            syllables=sum(syllables(w.text, heard.language) for w in spelled),
            syllable_seconds=self._net(spelled, speech),
        )

    def _net(self, words: Iterable[Word], speech: Sequence[Span]) -> Seconds:
        """Speech that both the words and the voice activity show: each misses some of the other's pauses."""
        return covered(overlaps(joined((w.span for w in words), self.pause + CUT), speech))

    def _fastest(self, heard: Conversation, side: Side) -> list[Evidence]:
        runs = [(self._pace(heard, f.words, [p.span for p in f.pieces]), f.span) for f in heard.line.by(side)]
        timed = [(pace.wpm, at) for pace, at in runs if pace.words >= 2 * self.phrase and pace.net > EPS]
        note = NOTES[heard.language]["rate"]
        return [
            Evidence(at.start, at.end, note.format(wpm)) for wpm, at in first(timed, lambda t: -round(t[0], 6), SHOWN)
        ]


@lru_cache(maxsize=50_000)
def syllables(word: str, language: Language) -> int:
    """Spoken syllables of a written word: vowels in Russian, groups of vowel letters less the silent ones in English.

    >>> [syllables(w, "ru") for w in ("здравствуйте", "в", "её")]
    [3, 0, 2]
    >>> [syllables(w, "en") for w in ("table", "asked", "wanted", "prices", "late", "idea", "the")]
    [2, 1, 2, 2, 1, 3, 1]
    """
    if language == "ru":
        return sum(letter in RU_VOWELS for letter in word.lower())
    return sum(_english(part) for part in re.findall(r"[a-z]+(?:'[a-z]+)?", word.lower().replace("’", "'")))


# neighbouring vowels that are two syllables, and letters e that are none
_APART = re.compile(
    r"(?<![tcsg])ia|(?<![tcsgx])iou|iet|ie(?=n[tc]|u)(?<!tie)(?<!cie)|scie|io(?!n|us)|eo(?!p|u)|[dr]ea$|crea|reali|eum"
    r"|ua(?!r[^y]|g)|[^qg]ui(?=ty|ne)|[aeiouy]ing|yee|[^aeiouyr]n't$"
)
_SILENT = re.compile(r"(?<=[^aeiouy])e(?=(?:ly|ty|ments?|thing|where|times?|ness|ful|less)$)|(?<=ev)e(?=ry)|busi")


def _english(word: str) -> int:
    bare = re.sub(r"'(?:s|d|m|re|ve|ll)$", "", word)
    count = len(re.findall(r"[aeiouy]+", bare)) + len(_APART.findall(bare)) - len(_SILENT.findall(bare))
    if re.search(r"[^aeiouy](?:e|es|ed)$", bare):
        spoken = re.search(r"(?:[^aeiouy]les?|[^aeiouylr]led|[sxzcg]es|[cs]hes|[td]r?ed)$", bare)
        count -= 0 if spoken else 1
    return max(1, count)


def _words(heard: Conversation, side: Side) -> list[Word]:
    """The side's words, punctuation written as a word of its own left out."""
    words = (w for turn in heard.call.transcript.by(side) for w in turn.words if any(c.isalnum() for c in w.text))
    return sorted(words, key=lambda w: (w.start, w.end))


def _declared(side: Side) -> tuple[Measure, ...]:
    en, ru = LABELS[side]
    end = suffix(side)
    return (
        Measure(f"speech_rate{end}", "wpm", f"{en} speech rate", f"Темп речи {ru}"),
        Measure(f"syllable_rate{end}", "syl/s", f"{en} syllable rate", f"Темп речи {ru} в слогах"),
        Measure(f"rate_drift{end}", "ratio", f"{en} pace, end to beginning", f"Темп {ru} к концу разговора"),
    )
