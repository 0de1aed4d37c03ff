"""Speech of a channel packed into the windows that a recogniser hears, and what it heard put back in its place."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from callqa.models import cores
from callqa.speech import Channel, Heard
from callqa.speech.cleanup import Decoded, clean
from callqa.types import Dropped, Seconds, Span, Word

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
else:
    Samples = Any


@dataclass(frozen=True, slots=True)
class Chunk:
    """Stretches of one channel (its index in the call of ``transcribe``) that are heard as one window."""

    channel: int
    pieces: tuple[Span, ...]

    @property
    def seconds(self) -> Seconds:
        return sum(piece.duration for piece in self.pieces)

    def at(self, time: Seconds) -> tuple[Seconds, Span]:
        """Channel time of a time inside the chunk, and the piece it lies in."""
        for piece in self.pieces[:-1]:
            if time < piece.duration:
                return piece.start + time, piece
            time -= piece.duration
        return self.pieces[-1].start + time, self.pieces[-1]


def packed(
    index: int, speech: Sequence[Span], duration: Seconds, longest: Seconds, padding: Seconds
) -> Iterator[Chunk]:
    """The speech of channel ``index``, which lasts ``duration``, a little padded, in windows of up to ``longest``."""
    held: list[Span] = []
    for piece in pieces(speech, padding, longest, duration):
        if held and sum(p.duration for p in held) + piece.duration > longest:
            yield Chunk(index, tuple(held))
            held = []
        held.append(piece)
    if held:
        yield Chunk(index, tuple(held))


def pieces(speech: Sequence[Span], padding: Seconds, longest: Seconds, duration: Seconds) -> list[Span]:
    """Speech with padding, touching stretches joined, none longer than ``longest``: those are cut in equal parts.

    >>> pieces([Span(1, 2), Span(2.3, 3), Span(9, 10)], 0.25, 28, 10)
    [Span(start=0.75, end=3.25), Span(start=8.75, end=10)]
    """
    padded: list[Span] = []
    for span in speech:
        start, end = max(0.0, span.start - padding), min(duration, span.end + padding)
        if padded and start <= padded[-1].end:
            padded[-1] = Span(padded[-1].start, max(end, padded[-1].end))
        elif start < end:
            padded.append(Span(start, end))
    return [part for span in padded for part in _parts(span, longest)]


def _parts(span: Span, longest: Seconds) -> Iterator[Span]:
    count = int(-(-span.duration // longest))
    edges = [span.start + span.duration * i / count for i in range(count)] + [span.end]
    yield from (Span(a, b) for a, b in pairwise(edges))


def cut(sound: Samples, chunk: Chunk, rate: int) -> Samples:
    """The chunk's own sound, shape (n,)."""
    import numpy as np

    return np.concatenate([sound[int(p.start * rate) : int(p.end * rate)] for p in chunk.pieces])


def placed(words: Iterable[tuple[str, Seconds, Seconds, float]], chunk: Chunk) -> tuple[Word, ...]:
    """(text, start, end, confidence) of a chunk as words in channel time, each in the piece its middle lies in."""
    found = []
    for text, start, end, confidence in words:
        middle, piece = chunk.at((start + end) / 2)
        half = (end - start) / 2
        first = min(max(piece.start, middle - half), piece.end)
        last = max(first, min(piece.end, middle + half))
        found.append(Word(text, round(first, 3), round(last, 3), round(confidence, 3)))
    return tuple(found)


def heard(decoded: Sequence[Decoded], channel: Channel, language: str) -> Heard:
    """A channel's chunks as its words and what was taken out of them, in order of time."""
    words: list[Word] = []
    dropped: list[Dropped] = []
    for one in decoded:
        kept, thrown = clean(one, language, channel.speech)
        words.extend(kept)
        dropped.extend(thrown)
    words.sort(key=lambda w: (w.start, w.end))
    dropped.sort(key=lambda d: (d.start, d.end, d.text))
    return Heard(tuple(words), tuple(dropped))


def threads() -> int:
    """How many threads a recogniser may use: what the environment says, as for a batch's workers, else one a core."""
    told = os.environ.get("OMP_NUM_THREADS", "")
    return int(told) if told.isdigit() else cores()
