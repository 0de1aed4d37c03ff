"""The language layer: words as tokens with their dictionary forms, sentences, and phrases that find every word form.

A phrase is a line of the word lists in configs/: words separated by spaces, each of which is

=========== =========================================================================================================
``цена``    every form of the word (цены, ценой); ё is е
``=цены``   this form alone
``a|b``     one of several (``|`` joins any of the kinds here, except gaps)
``word?``   may be left out
``*``       up to three other words; ``*5`` up to five
``#``       a number: digits or a number word; ``#:`` a clock time (18:30)
=========== =========================================================================================================

A phrase lies inside one sentence. A word that no dictionary knows is taken for one that the recogniser bent: it also
matches where both have five letters or more, begin with the same letter and are alike by 85 of 100 (rapidfuzz's
ratio: one letter changed in seven, or one lost in five). A known word is itself alone: "дорога" is never "дорогой".
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Generic, TypeVar

from callqa.lemmas import CLOCK, NUMBER, read, spelt
from callqa.types import Language, Seconds, Span, Word

Kept = TypeVar("Kept")
FUZZY_LETTERS = 5
FUZZY_RATIO = 85.0
LONG_GAP: Seconds = 1.5  # a pause that ends a sentence whatever the punctuation says
KEPT_WORDS = 64
LONGEST_WORD: Seconds = 60.0  # no word that began before this long ago is still spoken
NEGATORS = {
    "ru": frozenset({"не", "ни", "без", "нет", "никогда"}),
    "en": frozenset({"not", "no", "never", "without", "neither", "nor"}),
}
_ENDS = re.compile(r"[.?!…]")


@dataclass(frozen=True, slots=True)
class Token:
    """One word as the lists see it: ``text`` in lower case with ё as е, ``lemmas`` its possible dictionary forms.

    ``mark`` is the punctuation written after it. Numbers have the lemma "#" (clock times "#:" too). ``known`` is False
    for a word that no dictionary holds. A word of several parts ("don't", "и/или") gives several tokens.
    """

    text: str
    lemmas: frozenset[str]
    start: Seconds
    end: Seconds
    confidence: float
    mark: str
    known: bool = True

    @property
    def ends_sentence(self) -> bool:
        return bool(_ENDS.search(self.mark))


class Tokens(tuple[Token, ...]):
    """Tokens in order, with an index of where each word form and lemma stands."""

    @cached_property
    def where(self) -> dict[str, list[int]]:
        """Positions by lemma, and by form under "=form"."""
        found: dict[str, list[int]] = {}
        for i, token in enumerate(self):
            for key in (f"={token.text}", *token.lemmas):
                found.setdefault(key, []).append(i)
        return found

    @cached_property
    def unknown(self) -> list[int]:
        return [i for i, token in enumerate(self) if not token.known and len(token.text) >= FUZZY_LETTERS]

    @cached_property
    def initials(self) -> set[str]:
        """First letters of what the unknown words may stand for."""
        return {form[0] for i in self.unknown for form in (self[i].text, *self[i].lemmas)}

    @cached_property
    def breaks(self) -> list[bool]:
        """Whether a sentence ends after token i."""
        return [
            token.ends_sentence or i + 1 == len(self) or self[i + 1].start - token.end > LONG_GAP
            for i, token in enumerate(self)
        ]


@dataclass(frozen=True, slots=True)
class Sentence:
    """A run of tokens up to a full stop or a long pause; ``asks``: a question mark is written at its end."""

    tokens: Tokens
    asks: bool

    @property
    def start(self) -> Seconds:
        return self.tokens[0].start

    @property
    def end(self) -> Seconds:
        return self.tokens[-1].end


@dataclass(frozen=True, slots=True)
class Element:
    """One place of a phrase. ``words`` are lemmas, "=form" entries and "#"; ``gap`` > 0 is a place for other words."""

    words: frozenset[str] = frozenset()
    optional: bool = False
    gap: int = 0


@dataclass(frozen=True, slots=True)
class Phrase:
    """A compiled pattern of one language."""

    pattern: str
    elements: tuple[Element, ...]
    negative: bool


@dataclass(frozen=True, slots=True, order=True)
class Hit:
    """Where a phrase was said: tokens ``first`` to ``last`` (exclusive) and their time."""

    first: int
    last: int
    start: Seconds
    end: Seconds

    @property
    def span(self) -> Span:
        return Span(self.start, max(self.start, self.end))


@dataclass(frozen=True, slots=True, eq=False)
class Same(Generic[Kept]):
    """An immutable value as the key of a cache: equal to itself alone, so that no long call is hashed or compared."""

    value: Kept

    def __hash__(self) -> int:
        return id(self.value)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Same) and self.value is other.value


def tokens(words: Iterable[Word], language: Language) -> Tokens:
    """The words as tokens; a word that is punctuation alone lengthens the mark before it.

    >>> [(t.text, sorted(t.lemmas), t.mark) for t in tokens([Word("Цены?", 0, 1)], "ru")]
    [('цены', ['цена'], '?')]
    """
    # one side's words are asked for by every analyser: they are read once
    long = isinstance(words, tuple) and len(words) >= KEPT_WORDS
    return _kept(Same(words), language) if long else _tokens(words, language)


@lru_cache(maxsize=8)
def _kept(words: Same[Iterable[Word]], language: Language) -> Tokens:
    return _tokens(words.value, language)


def _tokens(words: Iterable[Word], language: Language) -> Tokens:
    result: list[Token] = []
    for word in words:
        parts, mark = spelt(word.text, language)
        if not parts and result:
            last = result.pop()
            result.append(_remarked(last, last.mark + mark))
        step = (word.end - word.start) / max(1, len(parts))
        for i, part in enumerate(parts):
            lemmas, known = read(part, language)
            start = word.start + i * step
            after = mark if i + 1 == len(parts) else ""
            result.append(Token(part, lemmas, start, start + step, word.confidence, after, known))
    return Tokens(result)


def sentences(words: Iterable[Word], language: Language) -> tuple[Sentence, ...]:
    """The words cut after ``. ? ! …`` and at pauses over LONG_GAP.

    >>> [s.asks for s in sentences([Word("Да.", 0, 1), Word("Удобно?", 1, 2)], "ru")]
    [False, True]
    """
    said = words if isinstance(words, Tokens) else tokens(words, language)
    result, first = [], 0
    for i, ends in enumerate(said.breaks):
        if ends:
            result.append(Sentence(Tokens(said[first : i + 1]), "?" in said[i].mark))
            first = i + 1
    return tuple(result)


@lru_cache(maxsize=8192)
def phrase(pattern: str, language: Language) -> Phrase:
    """The pattern compiled; what the syntax does not allow is a ValueError that says so."""
    elements = []
    for piece in check(pattern):
        if piece.startswith("*"):
            elements.append(Element(gap=int(piece[1:] or 3)))
        else:
            # a word of several tokens ("don't", "чек лист") becomes as many places
            elements.extend(_places(piece.removesuffix("?"), piece.endswith("?"), language))
    negative = any(place.words & _negators(language) for place in elements)
    return Phrase(pattern, tuple(elements), negative)


def check(pattern: str) -> list[str]:
    """The pieces of a pattern, or a ValueError; no dictionary is loaded."""
    pieces = pattern.split()
    if not pieces:
        raise ValueError("an empty phrase")
    for piece in pieces:
        if not re.fullmatch(r"\*\d*|#:?\??|=?[\w'’#:-]+(?:\|=?[\w'’#:-]+)*\??", piece):
            raise ValueError(f"phrase {pattern!r}: cannot read {piece!r}; see callqa/text.py for the syntax")
    if pieces[0].startswith("*") or pieces[-1].startswith("*"):
        raise ValueError(f"phrase {pattern!r}: a gap needs a word on both sides")
    if all(piece.endswith("?") or piece.startswith("*") for piece in pieces):
        raise ValueError(f"phrase {pattern!r}: at least one word must not be optional")
    return pieces


def find(sought: Phrase, said: Sequence[Token]) -> list[Hit]:
    """Every place where the phrase is said, left to right, no two overlapping."""
    where = said if isinstance(said, Tokens) else Tokens(said)
    begins = sought.elements[0]
    # most phrases are not said: their first word is not even there, nor one that begins like it
    absent = where.where.keys().isdisjoint(begins.words) and where.initials.isdisjoint(_initials(begins.words))
    if absent and not begins.optional:
        return []
    hits: list[Hit] = []
    free = 0
    for first in _starts(sought, where):
        last = _matched(sought.elements, where, first, first) if first >= free else None
        if last is not None:
            hits.append(Hit(first, last, where[first].start, where[last - 1].end))
            free = last
    return hits


def find_any(sought: Iterable[Phrase], said: Sequence[Token], affirmed: bool = False) -> list[Hit]:
    """The hits of several phrases; where hits overlap the longest stands for all of them.

    ``affirmed``: negated hits are left out, unless the phrase holds the negation itself ("не подходит").
    """
    where = said if isinstance(said, Tokens) else Tokens(said)
    found = [
        hit for one in sought for hit in find(one, where) if not (affirmed and not one.negative and negated(where, hit))
    ]
    chosen: list[Hit] = []
    taken: set[int] = set()
    for hit in sorted(found, key=lambda h: (h.first - h.last, h.first)):
        if taken.isdisjoint(range(hit.first, hit.last)):
            chosen.append(hit)
            taken.update(range(hit.first, hit.last))
    return sorted(chosen)


def negated(said: Sequence[Token], hit: Hit) -> bool:
    """Whether "не", "not" or their like stands one or two words before the hit with no punctuation between.

    >>> said = tokens([Word("не", 0, 1), Word("очень", 1, 2), Word("дорого", 2, 3)], "ru")
    >>> [negated(said, hit) for hit in find(phrase("дорого", "ru"), said)]
    [True]
    """
    for i in range(hit.first - 1, max(-1, hit.first - 3), -1):
        if said[i].mark:
            return False
        if said[i].text in NEGATORS["ru"] or said[i].text in NEGATORS["en"]:
            return True
    return False


def quote(words: Sequence[Word], span: Span, around: int = 0) -> str:
    """What was said in the span, as written, with up to ``around`` words on either side, none beyond a long pause.

    ``words`` in order of their starts.
    """
    begin, end = (bisect_left(words, at, key=lambda w: w.start) for at in (span.start - LONGEST_WORD, span.end - 1e-9))
    inside = [i for i in range(begin, end) if words[i].end > span.start + 1e-9]
    if not inside:
        return ""
    first, last = inside[0], inside[-1]
    while first > max(0, inside[0] - around) and words[first].start - words[first - 1].end <= LONG_GAP:
        first -= 1
    while last < min(len(words) - 1, inside[-1] + around) and words[last + 1].start - words[last].end <= LONG_GAP:
        last += 1
    return " ".join(w.text for w in words[first : last + 1])


def _remarked(token: Token, mark: str) -> Token:
    return Token(token.text, token.lemmas, token.start, token.end, token.confidence, mark, token.known)


def _places(piece: str, optional: bool, language: Language) -> list[Element]:
    if "|" in piece or piece in (NUMBER, CLOCK):
        return [Element(frozenset(w for option in piece.split("|") for w in _option(option, language)), optional)]
    exact = "=" if piece.startswith("=") else ""
    parts, _ = spelt(piece.removeprefix("="), language)
    return [Element(frozenset(_option(exact + part, language)), optional) for part in parts]


def _option(option: str, language: Language) -> frozenset[str]:
    if option in (NUMBER, CLOCK):
        return frozenset({option})
    parts, _ = spelt(option.removeprefix("="), language)
    if len(parts) != 1:
        raise ValueError(f"{option!r} is several words: write it as a phrase of its own")
    if option.startswith("="):
        return frozenset({f"={parts[0]}"})
    lemmas, _ = read(parts[0], language)
    # a list that holds a dictionary form means that word alone: "дорогой" is not "дорога"
    return frozenset({parts[0]}) if parts[0] in lemmas else lemmas


def _negators(language: Language) -> frozenset[str]:
    return frozenset(word for negator in NEGATORS[language] for word in (negator, f"={negator}"))


def _starts(sought: Phrase, said: Tokens) -> list[int]:
    """Where the phrase could begin, in order."""
    found: set[int] = set()
    for element in sought.elements:
        for word in element.words:
            found.update(said.where.get(word, ()))
        if said.unknown:
            found.update(i for i in said.unknown if _bent(said[i], element.words))
        if not element.optional and not element.gap:
            break
    return sorted(found)


def _matched(elements: Sequence[Element], said: Tokens, at: int, first: int) -> int | None:
    """The position after the last word when the elements match from ``at`` on; the shortest gaps are tried first."""
    if not elements:
        return at
    element, rest = elements[0], elements[1:]
    if element.gap:
        tries: Iterator[int] = iter(range(at, at + element.gap + 1))
        ends = (_matched(rest, said, n, first) for n in tries if _together(said, first, n))
        return next((end for end in ends if end is not None), None)
    if at < len(said) and _together(said, first, at) and _is(said[at], element.words):
        end = _matched(rest, said, at + 1, first)
        if end is not None:
            return end
    return _matched(rest, said, at, first) if element.optional else None


def _together(said: Tokens, first: int, at: int) -> bool:
    """Whether tokens ``first`` and ``at`` are of one sentence."""
    return at <= len(said) and not any(said.breaks[first:at])


def _is(token: Token, words: frozenset[str]) -> bool:
    return not words.isdisjoint(token.lemmas) or f"={token.text}" in words or _bent(token, words)


def _bent(token: Token, words: frozenset[str]) -> bool:
    return not token.known and _bends(token.text, token.lemmas, words)


@lru_cache(maxsize=65_536)
def _initials(words: frozenset[str]) -> frozenset[str]:
    """What a bent word has to begin with to be taken for one of these."""
    return frozenset(word.lstrip("=")[0] for word in words)


@lru_cache(maxsize=200_000)
def _bends(text: str, lemmas: frozenset[str], words: frozenset[str]) -> bool:
    said = {f"={text}", *lemmas}
    return any(_alike(form.lstrip("="), word.lstrip("=")) for form in said for word in words if form[0] == word[0])


@lru_cache(maxsize=200_000)
def _alike(said: str, listed: str) -> bool:
    if min(len(said), len(listed)) < FUZZY_LETTERS or said[0] != listed[0]:
        return False
    if said.startswith(("не", "un")) != listed.startswith(("не", "un")):
        return False
    from rapidfuzz.fuzz import ratio

    return ratio(said, listed) >= FUZZY_RATIO
