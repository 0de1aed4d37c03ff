"""What the word lists of configs/ have in common: strict reading, and one side's words as tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from typing import Any, TypeVar

from callqa import text
from callqa.config import check_known, convert
from callqa.errors import ConfigError
from callqa.types import Call, Evidence, Language, Measure, Measurement, Side, Span, Transcript, Word
from callqa.window import Window as Window

T = TypeVar("T")
Lexicons = Mapping[str, Mapping[str, Any]]
NO_LEXICON = "no_lexicon"


def parsed(name: str, lexicons: Lexicons, tables: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Each language's tables as their types; an unknown table or key is a ConfigError that names it.

    ``tables`` says what an analyser reads: {"trackers": dict[str, Tracker]}. ``backchannels`` may stand beside.
    """
    result: dict[str, dict[str, Any]] = {}
    for language, raw in lexicons.items():
        where = f"{name} word list ({language})"
        for key in raw:
            check_known(where, key, (*tables, "backchannels"))
        missing = [key for key in tables if key not in raw]
        if missing:
            raise ConfigError(where, missing[0], "missing; see the shipped list in configs/ for its form")
        result[language] = {key: convert(where, key, raw[key], kind) for key, kind in tables.items()}
        result[language]["backchannels"] = backchannels(raw, where)
    return result


def backchannels(raw: Mapping[str, Any], where: str = "word list") -> frozenset[str]:
    """The listening signals of one language's word list; none when it has no such list."""
    return frozenset(convert(where, "backchannels", raw.get("backchannels", []), tuple[str, ...]))


def checked(name: str, language: str, key: str, patterns: Iterable[str]) -> None:
    """Every pattern follows the phrase syntax, or a ConfigError names the one that does not."""
    for pattern in patterns:
        try:
            text.check(pattern)
        except ValueError as error:
            raise ConfigError(f"{name} word list ({language})", key, str(error)) from error


def phrases(patterns: Iterable[str], language: Language) -> tuple[text.Phrase, ...]:
    return tuple(text.phrase(pattern, language) for pattern in patterns)


def unexcused(hits: Iterable[text.Hit], excused: Sequence[text.Hit]) -> list[text.Hit]:
    """The hits that do not lie inside a turn of phrase which means something else."""
    return [hit for hit in hits if not any(o.first <= hit.first and hit.last <= o.last for o in excused)]


def spoken(call: Call, *sides: Side) -> tuple[Word, ...]:
    """The words of the sides in order of time: the same tuple each time that a call is asked for them."""
    return _spoken(text.Same(call.transcript), sides)


@lru_cache(maxsize=8)
def _spoken(transcript: text.Same[Transcript], sides: tuple[Side, ...]) -> tuple[Word, ...]:
    words = (word for side in sides for turn in transcript.value.by(side) for word in turn.words)
    return tuple(sorted(words, key=lambda w: (w.start, w.end)))


def cited(words: Sequence[Word], span: Span, about: str = "", around: int = 3) -> Evidence:
    """The moment and what was said then: "label: …words around it…"."""
    said = text.quote(words, span, around)
    return Evidence(span.start, span.end, f"{about}: {said}" if about else said)


def unmeasured(measures: Iterable[Measure], reason: str) -> list[Measurement]:
    return [Measurement(measure.name, None, reason=reason) for measure in measures]
