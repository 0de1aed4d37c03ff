"""Gives the words of a mono call to the voice that was speaking."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence

from callqa.speech import Speakers
from callqa.types import Seconds, Word


def by_speaker(words: Sequence[Word], speakers: Speakers) -> tuple[tuple[Word, ...], ...]:
    """Each speaker's words, in their order: ``result[i]`` are those of ``speakers.exclusive[i]``.

    A word goes to the speaker whose exclusive spans hold most of it; one between spans to the nearest; at equal
    claims to the speaker named first. No speakers, no words.
    """
    turns = sorted((span.start, span.end, i) for i, spans in enumerate(speakers.exclusive) for span in spans)
    result: list[list[Word]] = [[] for _ in speakers.exclusive]
    if turns:
        starts = [start for start, _, _ in turns]
        for word in words:
            result[_owner(word, turns, starts)].append(word)
    return tuple(tuple(mine) for mine in result)


def _owner(word: Word, turns: Sequence[tuple[Seconds, Seconds, int]], starts: Sequence[Seconds]) -> int:
    """The speaker with the best claim: seconds of the word inside his turns, else the least distance to one."""
    # exclusive turns do not overlap: only those that start inside the word, and the ones just around it, matter
    first = max(0, bisect_left(starts, word.start) - 1)
    near = turns[first : bisect_left(starts, word.end) + 1] or turns[-1:]
    held: dict[int, Seconds] = {}
    for start, end, speaker in near:
        held[speaker] = held.get(speaker, 0.0) + max(0.0, min(end, word.end) - max(start, word.start))
    most = max(held.values())
    if most > 0:
        return min(speaker for speaker, seconds in held.items() if seconds == most)
    return min((max(start - word.end, word.start - end, 0.0), speaker) for start, end, speaker in near)[1]
