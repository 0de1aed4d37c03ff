"""The dictionary forms of a spoken word: Russian by pymorphy3, English by spacy-lookups-data, without downloads."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import dataclass
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from callqa.types import Language

RARE_FORM = 0.02  # readings of a Russian word rarer than this are left out ("стали" is not steel)
NUMBER, CLOCK = "#", "#:"
_PERCENT = {"ru": " процентов", "en": " percent"}
_PART = re.compile(r"\d+(?:[.:,/]\d+)*|\w+(?:['’-]\w+)*")
_ABBREVIATED = re.compile(r"\b[^\W\d_]\.[^\W\d_]\.|\b(?:mr|mrs|ms|dr|prof)\.")
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


@lru_cache(maxsize=100_000)
def spelt(text: str, language: Language) -> tuple[tuple[str, ...], str]:
    """The plain parts of one written word and the punctuation after the last of them."""
    lowered = text.lower().replace("ё", "е").replace("’", "'").replace("%", _PERCENT[language])
    found = list(_PART.finditer(lowered))
    mark = lowered[found[-1].end() :] if found else lowered.strip()
    if found and _ABBREVIATED.search(lowered):
        mark = mark.removeprefix(".")  # "from 8 a.m. to 10 a.m." is one sentence
    result = [_steady(match.group(), language) for match in found]
    if language == "en":
        result = [part for whole in result for part in _expanded(whole)]
    return tuple(result), mark


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


@lru_cache(maxsize=100_000)
def read(word: str, language: Language) -> tuple[frozenset[str], bool]:
    """The lemmas of one plain word, and whether a dictionary holds it.

    >>> sorted(read("дорогой", "ru")[0])
    ['дорога', 'дорогой']
    """
    if word[:1].isdigit():
        return frozenset({word, NUMBER, CLOCK} if re.fullmatch(r"\d?\d[:.]\d\d", word) else {word, NUMBER}), True
    return _read_russian(word) if language == "ru" else _read_english(word)


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
