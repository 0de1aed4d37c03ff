"""A call as the phrase analysers hear it: each side's words as tokens, and whose turn a moment belongs to."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from typing import Any, TypeVar

from callqa import text
from callqa.analysers import lexicon
from callqa.analysers.timeline import EPS, PARTIES, Floor, Rules, timeline
from callqa.types import Call, Evidence, Language, Seconds, Side, Span, Word

Made = TypeVar("Made")


@dataclass(frozen=True, slots=True, order=True)
class Moment:
    """Something one side said."""

    span: Span
    side: Side

    @property
    def start(self) -> Seconds:
        return self.span.start

    @property
    def end(self) -> Seconds:
        return self.span.end


@dataclass(frozen=True)
class Heard:
    """One call's turns (``floors``) and the words of rep and customer, listening signals included."""

    language: Language
    floors: tuple[Floor, ...]
    active: tuple[Span, ...]
    words: Mapping[Side, tuple[Word, ...]]

    @classmethod
    def of(cls, call: Call, backchannels: frozenset[str]) -> Heard:
        line = timeline(call, Rules(backchannels=backchannels))
        words = {side: lexicon.spoken(call, side) for side in PARTIES}
        return cls(call.transcript.language, line.floors, line.active, words)

    @cached_property
    def tokens(self) -> Mapping[Side, text.Tokens]:
        return {side: text.tokens(words, self.language) for side, words in self.words.items()}

    def hits(
        self, patterns: Iterable[str], *sides: Side, within: Span | None = None, affirmed: bool = False
    ) -> list[Moment]:
        """Where the sides say one of the phrases; ``affirmed`` leaves out what stands behind a negation."""
        sought = lexicon.phrases(patterns, self.language)
        said = {side: self.said(side, within) if within else self.tokens[side] for side in sides}
        return sorted(Moment(hit.span, side) for side in sides for hit in text.find_any(sought, said[side], affirmed))

    def says(self, patterns: Iterable[str], turn: int) -> bool:
        """Whether the words of that turn hold one of the phrases."""
        said = text.tokens(self.floors[turn].words, self.language)
        return any(text.find(sought, said) for sought in lexicon.phrases(patterns, self.language))

    def said(self, side: Side, within: Span) -> text.Tokens:
        """The side's tokens that begin inside the span."""
        tokens = self.tokens[side]
        return text.Tokens(tokens[_begun(tokens, within.start) : _begun(tokens, within.end + 2 * EPS)])

    def sentences(self, side: Side, within: Span) -> tuple[text.Sentence, ...]:
        """The side's sentences of the words that begin inside the span."""
        words = self.words[side]
        inside = words[_begun(words, within.start) : _begun(words, within.end + 2 * EPS)]
        return text.sentences(inside, self.language)

    @cached_property
    def _starts(self) -> list[Seconds]:
        return [floor.start for floor in self.floors]

    def turn(self, at: Seconds) -> int:
        """The index of the turn that a moment belongs to: the last that has begun; -1 before the first."""
        return bisect_right(self._starts, at + EPS) - 1

    def following(self, turn: int, side: Side, most: int) -> list[int]:
        """The indices of the side's next turns after that one, ``most`` at most."""
        return list(islice((i for i in range(turn + 1, len(self.floors)) if self.floors[i].side == side), most))

    def cited(self, moment: Moment, about: str, around: int = 3) -> Evidence:
        """The moment as evidence: what it is about and what was said then."""
        return lexicon.cited(self.words[moment.side], moment.span, about, around)


def _begun(said: Sequence[text.Token] | Sequence[Word], at: Seconds) -> int:
    """How many of the words or tokens, in order, begin before that moment."""
    return bisect_left(said, at - EPS, key=lambda one: one.start)


def unheard(call: Call, *sides: Side) -> str | None:
    """Why the words of these sides cannot be judged, as a reason code; None when every one of them has words."""
    silent = [side for side in sides if not lexicon.spoken(call, side)]
    if not silent:
        return None
    if call.transcript.by("unknown"):
        return "sides_unknown"
    if not (call.transcript.by("rep") or call.transcript.by("customer")):
        return "no_speech"
    return "no_words" if call.transcript.by(silent[0]) else f"{silent[0]}_silent"


def tables(name: str, lexicons: lexicon.Lexicons, kinds: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """The word lists as their types, every phrase in them checked; what is wrong is a ConfigError that names it."""
    read = lexicon.parsed(name, lexicons, kinds)
    for language in read:
        for table in kinds:
            for key, patterns in _listed(lexicons[language][table], table):
                lexicon.checked(name, language, key, patterns)
    return read


def _listed(raw: Any, key: str) -> list[tuple[str, list[str]]]:
    """Every list of phrases in a table, with its key."""
    if isinstance(raw, Mapping):
        return [pair for name, value in raw.items() for pair in _listed(value, f"{key}.{name}")]
    return [(key, raw)] if isinstance(raw, list) and all(isinstance(one, str) for one in raw) else []


def named(rows: Mapping[str, Mapping[str, Made]], label: Callable[[Made], str]) -> dict[str, tuple[str, str]]:
    """Each row's name to its English and Russian label; a language that lacks the row shows its name."""

    def said(name: str, language: str) -> str:
        return label(rows[language][name]) if name in rows.get(language, {}) else name

    names = dict.fromkeys(name for each in rows.values() for name in each)
    return {name: (said(name, "en"), said(name, "ru")) for name in names}
