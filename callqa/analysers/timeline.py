"""Who held the floor when: the geometry under every measure of conversation.

Turns (pieces of speech) become *pieces* (bridge_gap closed, noise dropped), pieces become *floors*: what a person would
call a turn. The rules are DEFINITIONS.md, section 1; docs/measures says them in words.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeVar

from callqa.text import Same
from callqa.types import Call, Seconds, Side, Span, Transcript, Turn, Word, covered, joined, overlaps, without
from callqa.window import EPS as EPS
from callqa.window import active_span

PARTIES: tuple[Side, Side] = ("rep", "customer")


@dataclass(frozen=True, slots=True)
class Rules:
    """The parameters of DEFINITIONS.md and the backchannel words of each language (lower case, ё as е)."""

    min_speech: Seconds = 0.12
    bridge_gap: Seconds = 0.30
    turn_pause: Seconds = 3.0
    backchannel_overlap: Seconds = 0.5
    backchannel_words: int = 3
    backchannel_wordless: Seconds = 1.0
    backchannels: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Piece:
    """One side's speech with no gap over bridge_gap. ``backchannel``: a listening signal that takes no floor."""

    side: Side
    start: Seconds
    end: Seconds
    words: tuple[Word, ...]
    backchannel: bool = False
    takes_floor: bool = True

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


Held = TypeVar("Held", Piece, Span)


@dataclass(frozen=True, slots=True)
class Floor:
    """One side's turn: its pieces up to turn_pause apart, the other side's backchannels inside passed over."""

    side: Side
    pieces: tuple[Piece, ...]

    @property
    def start(self) -> Seconds:
        return self.pieces[0].start

    @property
    def end(self) -> Seconds:
        return max(piece.end for piece in self.pieces)

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def words(self) -> tuple[Word, ...]:
        return tuple(word for piece in self.pieces for word in piece.words)

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Timeline:
    """A call seen as speech spans, pieces and floors of rep and customer."""

    speech: dict[Side, tuple[Span, ...]]
    pieces: tuple[Piece, ...]
    floors: tuple[Floor, ...]
    active: tuple[Span, ...]
    unknown: Seconds = 0.0

    @property
    def active_seconds(self) -> Seconds:
        return covered(self.active)

    @property
    def overlap(self) -> tuple[Span, ...]:
        return overlaps(self.speech["rep"], self.speech["customer"])

    def by(self, side: Side) -> tuple[Floor, ...]:
        return tuple(floor for floor in self.floors if floor.side == side)


def timeline(call: Call, rules: Rules) -> Timeline:
    """The call's timeline; sides other than rep and customer are not conversation."""
    return _timeline(Same(call.transcript), rules)


@lru_cache(maxsize=8)
def _timeline(transcript: Same[Transcript], rules: Rules) -> Timeline:
    """Kept for the latest calls: nearly every analyser asks for it."""
    turns = transcript.value.turns
    pieces = {side: _pieces([t for t in turns if t.side == side], side, rules) for side in PARTIES}
    speech: dict[Side, tuple[Span, ...]] = {side: tuple(p.span for p in pieces[side]) for side in PARTIES}
    marked = tuple(
        sorted(
            (_marked(piece, _near(pieces[_other(side)], piece), rules) for side in PARTIES for piece in pieces[side]),
            key=lambda p: (p.start, p.end, p.side),
        )
    )
    holes = [t.span for t in turns if t.side == "ivr"] + [event.span for event in transcript.value.events]
    return Timeline(
        speech=speech,
        pieces=marked,
        floors=_floors(marked, speech, rules),
        active=_active(speech, holes),
        unknown=covered(t.span for t in turns if t.side == "unknown"),
    )


def plain(text: str) -> str:
    """A word as lists hold it: lower case, ё as е, no punctuation.

    >>> plain("Ещё,")
    'еще'
    """
    return re.sub(r"[^\w\s'-]", "", text.lower().replace("ё", "е")).strip("'- ")


def _other(side: Side) -> Side:
    return "customer" if side == "rep" else "rep"


def _pieces(turns: Sequence[Turn], side: Side, rules: Rules) -> list[Piece]:
    spans = joined((t.span for t in turns), rules.bridge_gap)
    words = sorted((w for t in turns for w in t.words), key=lambda w: (w.start, w.end))
    starts = [span.start for span in spans]
    said: list[list[Word]] = [[] for _ in spans]
    for word in words if spans else ():
        said[_nearest(spans, starts, (word.start + word.end) / 2)].append(word)
    return [
        Piece(side, span.start, span.end, tuple(mine))
        for span, mine in zip(spans, said, strict=True)
        if span.duration >= rules.min_speech - EPS
    ]


def _nearest(spans: Sequence[Span], starts: Sequence[Seconds], at: Seconds) -> int:
    """The piece that a word belongs to whose middle is ``at``: times of words and of voice differ by a little."""
    begun = max(0, bisect_right(starts, at) - 1)
    late = begun + 1 < len(spans) and starts[begun + 1] - at < at - spans[begun].end - EPS
    return begun + 1 if late else begun


def _near(others: Sequence[Held], piece: Piece) -> Sequence[Held]:
    """Those of the other side's stretches, in order, that touch the piece, and two on either side of it."""
    first = bisect_right(others, piece.start, key=lambda other: other.end)
    last = bisect_left(others, piece.end, key=lambda other: other.start)
    return others[max(0, first - 2) : last + 2]


def _marked(piece: Piece, others: Sequence[Piece], rules: Rules) -> Piece:
    alone = covered(without([piece.span], [o.span for o in others]))
    inside = alone < rules.min_speech - EPS and bool(others)
    return Piece(
        piece.side, piece.start, piece.end, piece.words, _is_backchannel(piece, others, inside, rules), not inside
    )


def _is_backchannel(piece: Piece, others: Sequence[Piece], inside: bool, rules: Rules) -> bool:
    """Short or listed words while the other side keeps the floor, and no answer to the other's question."""
    before = [o for o in others if o.start < piece.start - EPS]
    after = [o for o in others if o.end > piece.end + EPS]
    if not before or not after:
        return False
    last, following = before[-1], after[0]
    if last is not following and following.start - last.end > rules.turn_pause + EPS:
        return False
    duration = piece.end - piece.start
    if inside and last is following and duration <= rules.backchannel_overlap + EPS:
        return True
    said_before = [w for w in last.words if w.start < piece.start]
    if last is not following and said_before and said_before[-1].text.rstrip("»\"'").endswith("?"):
        return False
    if not piece.words:
        return duration <= rules.backchannel_wordless + EPS
    return len(piece.words) <= rules.backchannel_words and _all_listed(piece.words, rules.backchannels)


def _all_listed(words: Sequence[Word], listed: Collection[str]) -> bool:
    said = [plain(word.text) for word in words]
    return " ".join(said) in listed or all(part in listed for word in said for part in word.split("-") if part)


def _floors(pieces: Sequence[Piece], speech: dict[Side, tuple[Span, ...]], rules: Rules) -> tuple[Floor, ...]:
    """Pieces in the order in which each first had the floor to itself, runs of one side joined."""
    holding = [p for p in pieces if p.takes_floor and not p.backchannel]
    holding.sort(key=lambda p: (without([p.span], _near(speech[_other(p.side)], p)) or (p.span,))[0].start)
    floors: list[Floor] = []
    for piece in holding:
        if floors and floors[-1].side == piece.side and piece.start - floors[-1].end <= rules.turn_pause + EPS:
            floors[-1] = Floor(piece.side, (*floors[-1].pieces, piece))
        else:
            floors.append(Floor(piece.side, (piece,)))
    return tuple(floors)


def _active(speech: dict[Side, tuple[Span, ...]], holes: Sequence[Span]) -> tuple[Span, ...]:
    return active_span((span for side in PARTIES for span in speech[side]), holes)
