"""What every transcript format is read into, and the checks that hold for all of them."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import SequenceMatcher
from typing import Any, Literal

from callqa.errors import TranscriptError
from callqa.types import Seconds, Side, Span, Word, covered

ROLES: Mapping[Side, frozenset[str]] = {
    "rep": frozenset(
        "agent rep representative operator manager seller salesperson sales advisor "
        "менеджер оператор агент продавец сотрудник специалист консультант".split()
    ),
    "customer": frozenset("customer client caller buyer prospect клиент покупатель абонент заказчик".split()),
    "ivr": frozenset("ivr bot robot voicemail system автоответчик робот меню".split()),
}
SELF_OVERLAP = 10.0  # seconds a voice may speak over itself in all: captions overlap a little at their edges


@dataclass(frozen=True, slots=True)
class Piece:
    """A word as the file has it; times None where it gives none."""

    text: str
    start: Seconds | None = None
    end: Seconds | None = None
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class Segment:
    """A stretch of one voice. ``place`` is where it stands in the file, ``voice`` its name there, "" if it has none."""

    place: str
    voice: str
    start: Seconds | None
    end: Seconds | None
    text: str
    words: tuple[Piece, ...] = ()


@dataclass(frozen=True, slots=True)
class Draft:
    """A file as its format was read, before any check. ``channels`` are those of the voices on a two-channel call."""

    segments: Sequence[Segment]
    layout: Literal["stereo", "mono"]
    language: str | None = None
    duration: Seconds | None = None
    channels: Mapping[str, int] = field(default_factory=dict)
    metadata: Mapping[str, str | None] = field(default_factory=dict)


def number(value: Any) -> float | None:
    """A number, or one written as text; None for anything else.

    >>> number("1250"), number(0.5), number(None), number("soon")
    (1250.0, 0.5, None, None)
    """
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return None
    try:
        return float(value)
    except ValueError:
        return None


def milliseconds(value: Any) -> Seconds | None:
    at = number(value)
    return None if at is None else at / 1000


def side_of(voice: str) -> Side | None:
    """The side that a voice's name says, None where it says none.

    >>> side_of("AGENT_0"), side_of("Клиент"), side_of("SPEAKER_01")
    ('rep', 'customer', None)
    """
    words = re.findall(r"[^\W\d_]+", voice.lower())
    return next((side for side, names in ROLES.items() if words and names & set(words)), None)


def sides(voices: Sequence[str]) -> Mapping[str, Side] | None:
    """The side of every voice where their names tell it: one named rep makes the others customers, and the reverse."""
    known = {voice: side for voice in voices if (side := side_of(voice))}
    if "rep" in known.values():
        return {voice: known.get(voice, "customer") for voice in voices}
    if "customer" in known.values():
        return {voice: known.get(voice, "rep") for voice in voices}
    return None


def checked(path: str, draft: Draft, longest: Seconds) -> list[Segment]:
    """The segments that hold words, in order of time; what cannot be true is a TranscriptError with its place."""
    said = [segment for segment in draft.segments if re.search(r"\w", segment.text)]
    if not said:
        raise TranscriptError(path, "empty_transcript", "the whole file", "no words in it; set aside")
    result = [_bounded(path, segment, longest) for segment in said]
    if not any(segment.voice for segment in result):
        cure = "nobody is named as speaking; export it with speakers (WhisperX: --diarize; captions: <v Name> or Name:)"
        raise TranscriptError(path, "no_speakers", result[0].place, cure)
    for voice in dict.fromkeys(segment.voice for segment in result):
        mine = [Span(s.start or 0.0, s.end or 0.0) for s in result if s.voice == voice]
        twice = sum(span.duration for span in mine) - covered(mine)
        if twice > max(SELF_OVERLAP, 0.5 * covered(mine)):
            problem = f"'{voice}' speaks over itself for {twice:.0f} s; are several speakers under one name?"
            raise TranscriptError(path, "bad_times", "the whole file", problem)
    return sorted(result, key=lambda s: (s.start or 0.0, s.end or 0.0))


def _bounded(path: str, segment: Segment, longest: Seconds) -> Segment:
    starts = [t for t in (segment.start, *(word.start for word in segment.words)) if t is not None]
    ends = [t for t in (segment.end, *(word.end for word in segment.words)) if t is not None]
    if not starts or not ends:
        raise TranscriptError(path, "no_times", segment.place, "start or end is missing; export it with times")
    start, end = min(starts), max(ends)
    for first, last in ((start, end), *((w.start, w.end) for w in segment.words)):
        if first is not None and last is not None and not 0 <= first <= last:
            raise TranscriptError(path, "bad_times", segment.place, f"goes from {first:g} s to {last:g} s")
    if end > longest:
        problem = f"ends at {end / 3600:.1f} h, over intake.max_hours; is its time in milliseconds?"
        raise TranscriptError(path, "bad_times", segment.place, problem)
    return Segment(segment.place, segment.voice, start, end, segment.text, segment.words)


def words(segment: Segment) -> tuple[tuple[Word, ...], int]:
    """A checked segment's words as written, and how many of them had no times of their own.

    Those lie between their neighbours, or fill the segment, in proportion to their letters.
    """
    assert segment.start is not None
    assert segment.end is not None
    tokens = _tokens(segment.text)
    timed: list[Piece | None] = [None] * len(tokens)
    pieces = [p for p in segment.words if p.start is not None and p.end is not None and _plain(p.text)]
    matcher = SequenceMatcher(None, [_plain(t) for t in tokens], [_plain(p.text) for p in pieces], autojunk=False)
    same_count = len(tokens) == len(pieces)
    for i, j, size in [(0, 0, len(tokens))] if same_count else matcher.get_matching_blocks():
        timed[i : i + size] = pieces[j : j + size]
    result: list[Word] = []
    first = 0
    while first < len(tokens):
        if (piece := timed[first]) is not None:
            assert piece.start is not None
            assert piece.end is not None
            result.append(Word(tokens[first], piece.start, piece.end, piece.confidence))
            first += 1
            continue
        last = next((i for i in range(first, len(tokens)) if timed[i] is not None), len(tokens))
        begin = max(segment.start, result[-1].end if result else segment.start)
        following = timed[last] if last < len(tokens) else None
        until = following.start if following and following.start is not None else segment.end
        result.extend(spread(tokens[first:last], begin, max(begin, until)))
        first = last
    return tuple(result), sum(piece is None for piece in timed)


def spread(tokens: Sequence[str], start: Seconds, end: Seconds) -> list[Word]:
    """Words that fill a stretch in proportion to their letters.

    >>> [(w.text, w.start, w.end) for w in spread(["a", "bcd"], 0, 6)]
    [('a', 0.0, 2.0), ('bcd', 2.0, 6.0)]
    """
    sizes = [len(token) + 1 for token in tokens]
    edges = [start + (end - start) * sum(sizes[:i]) / sum(sizes) for i in range(len(sizes) + 1)]
    return [Word(token, round(a, 3), round(b, 3)) for token, a, b in zip(tokens, edges, edges[1:], strict=False)]


def _tokens(text: str) -> list[str]:
    """Words with their punctuation; a mark that stands alone goes to the word before it."""
    result: list[str] = []
    for part in text.split():
        if re.search(r"\w", part) or not result:
            result.append(part)
        elif not re.fullmatch(r"[-–—]+", part):
            result[-1] += part if part[0] in '.,!?;:…»”")' else f" {part}"
    return [part for part in result if re.search(r"\w", part)]


def _plain(text: str) -> str:
    return "".join(re.findall(r"\w", text.lower().replace("ё", "е")))
