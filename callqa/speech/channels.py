"""What the channels of a recording are to each other: two parties, a copy, a leak; and what leaked is taken out.

Levels are compared relative to each channel's own speech, so that a quiet customer is no leak of a loud rep. On the
labelled calls a leak lies 16 to 30 dB under the voice it comes from, two people at once within 13 dB
(docs/decisions/0003).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from callqa.audio import resample
from callqa.speech import Channel, Heard
from callqa.speech.vad import RATE, STEP, levels
from callqa.types import Dropped, Seconds, Span, Word, covered, joined, without

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
    Flags = NDArray[np.bool_]
else:
    Samples = Flags = Any

COPY_ALIKE = 0.9  # correlation of two channels that carry one sound
COPY_SHARE = 0.8  # of the windows with sound
COPY_SPREAD_DB = 3.0  # a copy is as much quieter everywhere; a leak is louder now here, now there
DEAD_DB = -75.0  # a channel whose loudest moment is under this is not connected
LEAK_DB = 15.0  # this much under the other voice, both relative to their own speech: a leak
ALIKE_LEAK_DB, LEAK_ALIKE = 5.0, 0.5  # less under, but the same wave
LOUDER_DB, SAME_WAVE = 1.5, 0.7  # a strong leak: surely the same wave, and the other channel is the louder one
PAUSE_DB = 20.0  # under the channel's loud speech: nobody speaks
LEAK_BRIDGE: Seconds = 0.25  # between two stretches of a leak lies the leak of a quiet consonant
LONGEST_LAG: Seconds = 0.02
SHORTEST: Seconds = 0.12


@dataclass(frozen=True, slots=True)
class Plan:
    """Which channels hold a party of their own (``channels``, from 0), and why."""

    kind: Literal["stereo", "mono"]
    channels: tuple[int, ...]
    reason: str


def layout(samples: Samples, rate: int, speech: Sequence[Sequence[Span]]) -> Plan:
    """One party a channel, or everybody in one; ``samples`` (channels, n), ``speech`` each channel's voice activity."""
    if len(samples) == 1:
        return Plan("mono", (0,), "one channel")
    alive = [i for i, channel in enumerate(samples) if levels(channel, rate).max() > DEAD_DB]
    distinct = _without_copies(samples, rate, alive, speech)
    if len(distinct) == 1:
        why = "all channels carry one sound" if len(alive) > 1 else "one channel is dead"
        return Plan("mono", tuple(distinct), why)
    speaking = [i for i in distinct if covered(speech[i])]
    if len(speaking) >= 2:
        return Plan("stereo", tuple(speaking), "a voice on each channel")
    # one silent but connected channel is a party that says nothing
    return Plan("stereo", tuple(sorted({*speaking, *distinct[:2]})[:2]), "one channel is silent")


def unbled(samples: Samples, rate: int, speech: Sequence[Sequence[Span]]) -> tuple[tuple[Span, ...], ...]:
    """Each channel's speech without what leaked in from another."""
    result = []
    for i, mine in enumerate(speech):
        leaked = [
            leak(samples[i], samples[j], rate, mine, theirs)
            for j, theirs in enumerate(speech)
            if j != i and covered(theirs) and covered(mine)
        ]
        kept, level = without(mine, [span for spans in leaked for span in spans]), levels(samples[i], rate)
        result.append(tuple(s for s in joined(kept) if s.duration >= SHORTEST and _is_left(s, mine, level)))
    return tuple(result)


def _is_left(span: Span, speech: Sequence[Span], level: Samples) -> bool:
    """Whether a stretch beside a leak is speech itself, or only the pause that the leaked speech made."""
    return span in speech or _speech_level(level, [span]) > _speech_level(level, speech) - PAUSE_DB


def unbled_words(channels: Sequence[Channel], heard: Sequence[Heard]) -> list[Heard]:
    """Words that another channel's voice left in this one are taken out: outside own speech, inside the other's."""
    result = []
    for i, (channel, mine) in enumerate(zip(channels, heard, strict=True)):
        others = [span for j, other in enumerate(channels) if j != i for span in other.speech]
        words, dropped = [], list(mine.dropped)
        for word in mine.words:
            if _inside(word, channel.speech) or not _inside(word, others):
                words.append(word)
            else:
                dropped.append(Dropped(word.text, word.start, word.end, "leaked_from_other_channel"))
        result.append(replace(mine, words=tuple(words), dropped=tuple(dropped)))
    return result


def leak(own: Samples, other: Samples, rate: int, speech: Sequence[Span], theirs: Sequence[Span]) -> tuple[Span, ...]:
    """Where ``own`` carries the voice of ``other``: spans of channel time, shape of samples (n,)."""
    import numpy as np

    here, there = levels(own, rate), levels(other, rate)
    louder = _smoothed(there) - _smoothed(here)
    under = louder - _speech_level(there, theirs) + _speech_level(here, speech)
    talking = _flags(joined(theirs, 0.2), len(under))
    suspect = talking & _flags(speech, len(under)) & ((under > ALIKE_LEAK_DB) | (louder > LOUDER_DB))
    alike = np.zeros(len(under), np.float32)
    if suspect.any():
        alike[suspect] = _alike(resample(own, rate, RATE), resample(other, rate, RATE), np.flatnonzero(suspect))
    same = ((alike > LEAK_ALIKE) & (under > ALIKE_LEAK_DB)) | ((alike > SAME_WAVE) & (louder > LOUDER_DB))
    return joined(_spans(suspect & (same | (under > LEAK_DB))), LEAK_BRIDGE)


def _without_copies(samples: Samples, rate: int, alive: Sequence[int], speech: Sequence[Sequence[Span]]) -> list[int]:
    """The channels that are no copy of another; of copies the one with most speech stays."""
    kept: list[int] = []
    for i in sorted(alive, key=lambda i: (-covered(speech[i]), i)):
        if not any(_is_copy(samples[i], samples[k], rate) for k in kept):
            kept.append(i)
    return sorted(kept)


def _is_copy(left: Samples, right: Samples, rate: int) -> bool:
    import numpy as np

    first, second = resample(left, rate, RATE), resample(right, rate, RATE)
    a, b = levels(first, RATE), levels(second, RATE)
    loud = np.flatnonzero(np.maximum(a, b) > max(a.max(), b.max()) - 30)
    spread = np.subtract(*np.percentile((a - b)[loud], [90, 10]))
    if spread > COPY_SPREAD_DB:
        return False
    return bool((_alike(first, second, loud) > COPY_ALIKE).mean() >= COPY_SHARE)


def _alike(left: Samples, right: Samples, frames: Any) -> Samples:
    """Highest correlation within LONGEST_LAG of 128 ms around each frame: 1 is the same wave. 8 kHz samples."""
    import numpy as np

    size, lag = 1024, round(LONGEST_LAG * RATE)
    offset = size // 2 - round(STEP * RATE) // 2
    starts = frames * round(STEP * RATE)
    window = np.hanning(size)
    result: Samples = np.zeros(len(frames), np.float32)
    padded = [np.pad(x, (offset, size + offset)) for x in (left, right)]
    for first in range(0, len(frames), 2048):
        at = starts[first : first + 2048, None] + np.arange(size)
        a, b = (x[np.minimum(at, len(x) - 1)] * window for x in padded)
        both = np.fft.irfft(np.fft.rfft(a, 2 * size) * np.fft.rfft(b, 2 * size).conj(), 2 * size)
        near = np.abs(np.concatenate([both[:, : lag + 1], both[:, -lag:]], axis=1)).max(axis=1)
        result[first : first + 2048] = near / (np.sqrt((a**2).sum(axis=1) * (b**2).sum(axis=1)) + 1e-12)
    return result


def _speech_level(level: Samples, speech: Sequence[Span]) -> float:
    """The level of a channel's loud speech, dB."""
    import numpy as np

    spoken = level[_flags(speech, len(level))]
    return float(np.percentile(spoken, 90)) if len(spoken) else 0.0


def _smoothed(level: Samples) -> Samples:
    """Levels over 160 ms, in dB: single windows fall between the syllables."""
    import numpy as np

    decibels: Samples = 10 * np.log10(np.convolve(10 ** (level / 10), np.ones(5) / 5, "same") + 1e-12)
    return decibels


def _flags(spans: Sequence[Span], count: int) -> Flags:
    import numpy as np

    flags = np.zeros(count, bool)
    for span in spans:
        flags[round(span.start / STEP) : round(span.end / STEP)] = True
    return flags


def _spans(flags: Flags) -> tuple[Span, ...]:
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    pairs = zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
    return joined(Span(round(a * STEP, 3), round(b * STEP, 3)) for a, b in pairs)


def _inside(word: Word, spans: Sequence[Span]) -> bool:
    middle = (word.start + word.end) / 2
    return any(span.start - 0.1 <= middle <= span.end + 0.1 for span in spans)
