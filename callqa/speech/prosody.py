"""The melody and the loudness of a voice: pitch and level a hundred times a second.

Pitch is swift-f0's (a small network, 16 kHz), read where somebody speaks. On telephone sound, whose fundamental the
line cuts off, it still hears the pitch; single frames that jump by an octave are brought back.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from callqa.audio import resample
from callqa.types import Seconds, Span, Track, joined

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
else:
    Array = Any

STEP: Seconds = 0.01
MARGIN: Seconds = 0.1  # read beyond a span's edges: the network wants context
PITCH_RATE = 16_000
LOWEST, HIGHEST = 60.0, 550.0  # Hz: a low man's voice, an upset woman's
VOICED = 0.5  # swift-f0's own threshold
LEVEL_WINDOW: Seconds = 0.025
SILENCE = -120.0
NEAR: Seconds = 3.0  # a frame is compared with the voice this far on either side
EVERY = 10  # frames from one median to the next
ENOUGH = 30  # voiced frames; fewer tell no jump from a melody
JUMP, BACK = 10.5, 4.0  # semitones from that voice's median: a jump; near enough after moving by an octave


def tracks(samples: Array, rate: int, spans: Sequence[Span]) -> Track:
    """Pitch and level of one channel, shape (n,); pitch inside the spans alone, 0.0 elsewhere.

    Value k is that of the middle of the k-th hundredth of a second. A span is one voice: jumps are judged inside it.
    """
    import numpy as np

    count = int(np.ceil(len(samples) / (rate * STEP) - 1e-9))
    f0: Any = np.zeros(count)
    end = len(samples) / rate
    for stretch in joined(spans, 2 * MARGIN):
        first, last = max(0.0, stretch.start - MARGIN), min(end, stretch.end + MARGIN)
        inside = _frames(stretch, count)
        middles = (np.arange(inside.start, inside.stop) + 0.5) * STEP - first
        if len(middles):
            f0[inside] = _pitch(samples[int(first * rate) : int(last * rate)], rate, middles)
    for span in sorted(set(spans)):
        f0[_frames(span, count)] = _steadied(f0[_frames(span, count)])
    f0 *= _within(spans, count)
    return Track(STEP, f0, _level(samples, rate, count))


def _frames(span: Span, count: int) -> slice:
    return slice(min(count, round(span.start / STEP)), min(count, round(span.end / STEP)))


def _within(spans: Sequence[Span], count: int) -> Array:
    import numpy as np

    inside = np.zeros(count)
    for span in spans:
        inside[_frames(span, count)] = 1.0
    return inside


@lru_cache(maxsize=1)
def _network() -> Any:
    from swift_f0 import SwiftF0

    # one thread: sums in one order, the same bytes everywhere
    return SwiftF0(threads=1, spin=False)


def _pitch(samples: Array, rate: int, at: Array) -> Array:
    """F0 in Hz at the given seconds of a stretch of sound, 0.0 where unvoiced."""
    import numpy as np

    sound = resample(samples, rate, PITCH_RATE)
    if len(sound) < PITCH_RATE * LEVEL_WINDOW:
        return np.zeros(len(at))
    heard = _network().detect(sound, PITCH_RATE, LOWEST, HIGHEST)
    height = 12 * np.log2(np.maximum(heard.pitch_hz, 1.0))
    return _resampled(heard.timestamps, height, heard.confidence >= VOICED, at)


def _steadied(f0: Array) -> Array:
    """One voice's pitch with octave jumps moved back; frames that fit nowhere are unvoiced."""
    import numpy as np

    where = np.flatnonzero(f0)
    if len(where) < ENOUGH:
        return f0
    reach = round(NEAR / STEP)
    values = 12 * np.log2(f0[where])
    at = where[::EVERY]
    firsts, lasts = np.searchsorted(where, at - reach), np.searchsorted(where, at + reach, side="right")
    medians = [np.median(values[a:b]) for a, b in zip(firsts, lasts, strict=True)]
    median = np.repeat(medians, EVERY)[: len(where)]
    moved = values - 12 * np.round((values - median) / 12)
    jumps = np.abs(values - median) > JUMP
    moved[jumps & (np.abs(moved - median) > BACK)] = -np.inf
    result = f0.copy()
    result[where] = np.where(jumps, 2.0 ** (moved / 12), f0[where])
    return result


def _resampled(times: Array, height: Array, voiced: Array, at: Array) -> Array:
    """Between two voiced frames the line from one to the other, else the nearer frame."""
    import numpy as np

    left = (np.searchsorted(times, at, side="right") - 1).clip(0, len(times) - 1)
    right = (left + 1).clip(None, len(times) - 1)
    gap = np.where(right > left, times[right] - times[left], 1.0)
    share = ((at - times[left]) / gap).clip(0.0, 1.0)
    nearest = np.where(share < 0.5, left, right)
    between = height[left] * (1 - share) + height[right] * share
    semitones = np.where(voiced[left] & voiced[right], between, height[nearest])
    heard: Array = np.where(voiced[nearest], 2.0 ** (semitones / 12), 0.0)
    return heard


def _level(samples: Array, rate: int, count: int) -> Any:
    import numpy as np

    power = np.concatenate(([0.0], np.cumsum(np.square(samples, dtype=np.float64))))
    middle = (np.arange(count) + 0.5) * STEP
    first = np.round((middle - LEVEL_WINDOW / 2) * rate).astype(np.int64).clip(0, len(samples))
    last = np.round((middle + LEVEL_WINDOW / 2) * rate).astype(np.int64).clip(0, len(samples))
    mean = (power[last] - power[first]) / np.maximum(1, last - first)
    return np.maximum(SILENCE, 10 * np.log10(np.maximum(mean, 1e-13)))
