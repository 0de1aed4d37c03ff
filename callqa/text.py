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

import gzip
import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from callqa.types import Language, Seconds, Span, Word

FUZZY_LETTERS = 5
FUZZY_RATIO = 85.0
LONG_GAP: Seconds = 1.5  # a pause that ends a sentence whatever the punctuation says
RARE_FORM = 0.02  # readings of a Russian word rarer than this are left out ("стали" is not steel)
NUMBER, CLOCK = "#", "#:"
NEGATORS = {
    "ru": frozenset({"не", "ни", "без", "нет", "никогда"}),
    "en": frozenset({"not", "no", "never", "without", "neither", "nor"}),
}
_ENDS = re.compile(r"[.?!…]")
_PERCENT = {"ru": " процентов", "en": " percent"}
_PART = re.compile(r"\d+(?:[.:,/]\d+)*|\w+(?:['’-]\w+)*")
_EN_ENDINGS = {"'m": "am", "'re": "are", "'ve": "have", "'ll": "will", "'d": "would"}
_EN_WHOLE = {
    "can't": "can not", "cannot": "can not", "won't": "will not", "shan't": "shall not", "let's": "let us",
    "gonna": "going to", "wanna": "want to", "gotta": "got to", "y'all": "you all",
}  # fmt: skip
_EN_IS = frozenset("it that this what he she there here who where how when everything everyone nobody".split())
_EN_NUMBERS = frozenset(
    """zero one two three four five six seven eight nine ten eleven twelve thirteen fourteen fifteen sixteen seventeen
    eighteen nineteen twenty thirty forty fifty sixty seventy eighty ninety hundred thousand million half dozen first
    second third fourth fifth sixth seventh eighth ninth tenth eleventh twelfth thirteenth fourteenth fifteenth
    sixteenth seventeenth eighteenth nineteenth twentieth thirtieth""".split()
)
# words of five letters and more that the tables leave out
_EN_FUNCTION = frozenset(
    """about above after again against along although among around because before behind below beside between beyond
    could during either every might neither ought ourselves shall should since their theirs themselves there these
    those though through toward under unless until where whether which while whose within without would yours yourself
    yourselves itself himself herself myself everybody somebody nobody anything something nothing everything anyone
    someone everyone another across""".split()
)
_RU_NUMBERS = frozenset({"тысяча", "миллион", "миллиард", "половина", "полтора", "сотня", "десяток"})


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


def tokens(words: Iterable[Word], language: Language) -> Tokens:
    """The words as tokens; a word that is punctuation alone lengthens the mark before it.

    >>> [(t.text, sorted(t.lemmas), t.mark) for t in tokens([Word("Цены?", 0, 1)], "ru")]
    [('цены', ['цена'], '?')]
    """
    result: list[Token] = []
    for word in words:
        parts, mark = _split(word.text, language)
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
        hit
        for one in sought
        for hit in find(one, where)
        if not (affirmed and not one.negative and negated(where, hit))
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
    """What was said in the span, as written, with up to ``around`` words on either side, none beyond a long pause."""
    inside = [i for i, w in enumerate(words) if w.start < span.end - 1e-9 and w.end > span.start + 1e-9]
    if not inside:
        return ""
    first, last = inside[0], inside[-1]
    while first > max(0, inside[0] - around) and words[first].start - words[first - 1].end <= LONG_GAP:
        first -= 1
    while last < min(len(words) - 1, inside[-1] + around) and words[last + 1].start - words[last].end <= LONG_GAP:
        last += 1
    return " ".join(w.text for w in words[first : last + 1])


@lru_cache(maxsize=100_000)
def read(word: str, language: Language) -> tuple[frozenset[str], bool]:
    """The lemmas of one plain word, and whether a dictionary holds it.

    >>> sorted(read("дорогой", "ru")[0])
    ['дорога', 'дорогой']
    """
    if word[:1].isdigit():
        return frozenset({word, NUMBER, CLOCK} if re.fullmatch(r"\d?\d[:.]\d\d", word) else {word, NUMBER}), True
    return _read_russian(word) if language == "ru" else _read_english(word)


def _remarked(token: Token, mark: str) -> Token:
    return Token(token.text, token.lemmas, token.start, token.end, token.confidence, mark, token.known)


def _split(text: str, language: Language) -> tuple[list[str], str]:
    """The plain parts of one written word and the punctuation after the last of them."""
    lowered = text.lower().replace("ё", "е").replace("’", "'").replace("%", _PERCENT[language])
    found = list(_PART.finditer(lowered))
    mark = lowered[found[-1].end() :] if found else lowered.strip()
    parts = [_steady(match.group(), language) for match in found]
    if language == "en":
        parts = [part for whole in parts for part in _expanded(whole)]
    return parts, mark


def _steady(word: str, language: Language) -> str:
    """Hesitations in one spelling: э-э, эээ, э are "э"; ummm is "um"; uh-huh stays two sounds."""
    if re.fullmatch(r"[эмх-]+" if language == "ru" else r"[umh]+(?:-[umh]+)*|er+m?", word):
        return re.sub(r"(.)\1+", r"\1", word.replace("-", ""))
    return word


def _expanded(word: str) -> list[str]:
    """Short forms of spoken English in full, possessives without their s."""
    if word in _EN_WHOLE:
        return _EN_WHOLE[word].split()
    if word.endswith("n't"):
        return [word[:-3], "not"]
    if word.endswith("'s"):
        return [word[:-2], "is"] if word[:-2] in _EN_IS else [word[:-2]]
    for ending, full in _EN_ENDINGS.items():
        if word.endswith(ending):
            return [word.removesuffix(ending), full]
    return [word]


def _places(piece: str, optional: bool, language: Language) -> list[Element]:
    if "|" in piece or piece in (NUMBER, CLOCK):
        return [Element(frozenset(w for option in piece.split("|") for w in _option(option, language)), optional)]
    exact = "=" if piece.startswith("=") else ""
    parts, _ = _split(piece.removeprefix("="), language)
    return [Element(frozenset(_option(exact + part, language)), optional) for part in parts]


def _option(option: str, language: Language) -> frozenset[str]:
    if option in (NUMBER, CLOCK):
        return frozenset({option})
    parts, _ = _split(option.removeprefix("="), language)
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
    if token.known:
        return False
    said = {f"={token.text}", *token.lemmas}
    return any(_alike(form.lstrip("="), word.lstrip("=")) for form in said for word in words if form[0] == word[0])


@lru_cache(maxsize=200_000)
def _alike(said: str, listed: str) -> bool:
    if min(len(said), len(listed)) < FUZZY_LETTERS or said[0] != listed[0]:
        return False
    if said.startswith(("не", "un")) != listed.startswith(("не", "un")):
        return False
    from rapidfuzz.fuzz import ratio

    return ratio(said, listed) >= FUZZY_RATIO


def _read_russian(word: str) -> tuple[frozenset[str], bool]:
    morph = _russian()
    readings = [r for r in morph.parse(word) if r.score >= RARE_FORM] or morph.parse(word)[:1]
    lemmas = {reading.normal_form.replace("ё", "е") for reading in readings}
    if lemmas & _RU_NUMBERS or any("NUMR" in r.tag or "Anum" in r.tag for r in readings):
        lemmas.add(NUMBER)
    return frozenset(lemmas), bool(morph.word_is_known(word)) or "-" in word


def _read_english(word: str) -> tuple[frozenset[str], bool]:
    tables = _english()
    lemmas: set[str] = {word} if any(word in known for known in tables.index.values()) else set()
    for kind, known in tables.index.items():
        lemmas.update(tables.exceptions.get(kind, {}).get(word, ()))
        for ending, base in tables.rules.get(kind, ()):
            if word.endswith(ending) and word[: len(word) - len(ending)] + base in known:
                lemmas.add(word[: len(word) - len(ending)] + base)
    held = bool(lemmas) or word in tables.lookup or "-" in word or word in _EN_FUNCTION
    lemmas = lemmas or {tables.lookup.get(word, word)}
    return frozenset(lemmas | ({NUMBER} if word in _EN_NUMBERS else set())), held


@lru_cache(maxsize=1)
def _russian() -> Any:
    from pymorphy3 import MorphAnalyzer

    return MorphAnalyzer(lang="ru")


@dataclass(frozen=True, slots=True)
class _English:
    """spacy-lookups-data's English tables: words by part of speech, irregular forms, endings, and a plain table."""

    index: dict[str, frozenset[str]]
    exceptions: dict[str, dict[str, list[str]]]
    rules: dict[str, list[list[str]]]
    lookup: dict[str, str]


@lru_cache(maxsize=1)
def _english() -> _English:
    spec = find_spec("spacy_lookups_data")  # the data alone: importing the package would load spaCy
    if spec is None or not spec.submodule_search_locations:
        raise ImportError("spacy-lookups-data is not installed")
    folder = Path(next(iter(spec.submodule_search_locations))) / "data"
    table = {
        name: json.loads(gzip.decompress((folder / f"en_lemma_{name}.json.gz").read_bytes()))
        for name in ("index", "exc", "rules", "lookup")
    }
    index = {kind: frozenset(words) for kind, words in table["index"].items()}
    return _English(index, table["exc"], table["rules"], table["lookup"])
