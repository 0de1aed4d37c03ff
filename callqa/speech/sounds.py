"""What is in a call's sound besides conversation: ring-back, busy and keypad tones, a voicemail's beep, hold music.

A tone is nearly all of a frame's energy in one or two narrow peaks that keep pitch and level; its cadence says which
tone (ITU-T E.180, Q.23). Music is energy in partials that stand still for a third of a second: of speech hardly one
hundredth stands still that long, of music a tenth to nearly all.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from callqa.types import Seconds, Sounds, Span, covered, joined, overlaps

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]
else:
    Array = Any

BLOCK: Seconds = 60.0  # long calls are read piece by piece: memory stays flat
TONE_FRAME, TONE_HOP = 0.064, 0.016
LOWEST = 200.0  # Hz: mains hum lies below
QUIETEST = -50.0  # dBFS: fainter tones and music are leakage or line noise
PURE = 0.9  # share of a frame's energy in the peaks of a tone
STEADY_DB, STEADY_HZ = 2.0, 10.0
RING_BAND = (380.0, 500.0)  # 425 Hz in Russia and Europe, 440+480 Hz in North America, which beats inside one peak
BEEP_BAND = (800.0, 2000.0)
BUSY_PAIR = ((480.0,), (620.0,))
KEYS = ((697.0, 770.0, 852.0, 941.0), (1209.0, 1336.0, 1477.0, 1633.0))
KEY_TOLERANCE = 0.022
TWIST_DB = 10.0  # the two tones of a pair differ by less
RING_MIN, DIAL_MIN, BUSY_MIN, BEEP_MIN, BEEP_MAX, KEY_MIN = 0.65, 3.0, 0.18, 0.15, 2.5, 0.045
RING_GAP, BUSY_GAP = 6.5, 0.8  # longest pause inside a cadence
QUIETER_DB = 12.0  # the pauses of a cadence are quieter than its tone by this, or somebody speaks there
MUSIC_FRAME, MUSIC_HOP = 0.128, 0.032
MUSIC_TOP = 3500.0
STANDS = 9  # frames: a partial in its bin for 0.38 s of sound
CREST = 2.5  # a partial is this much above the mean of its neighbourhood of 80 Hz either side
MUSIC_WINDOW: Seconds = 4.0
MUSIC_SHARE, NOTE_SHARE = 0.2, 0.25  # of a window's energy in standing partials; of a frame's
MUSIC_BREAK, MUSIC_GAP, MUSIC_MIN = 0.3, 2.2, 4.0
LOUDER = 1.6  # a gap's mean power over the music's
BLEED_DB = 8.0

Kind = Literal["ringback", "hold_music", "dtmf", "beep", "busy"]


@dataclass(frozen=True, slots=True)
class _Found:
    """``level`` in dBFS."""

    kind: Kind
    span: Span
    level: float


@dataclass(frozen=True, slots=True)
class _Peaks:
    """The two strongest peaks of every frame: ``hz`` and ``share`` of the energy, shape (2, n); ``level`` in dBFS."""

    hz: Array
    share: Array
    level: Array

    def at(self, index: int) -> Seconds:
        """The middle of a frame."""
        return index * TONE_HOP + TONE_FRAME / 2

    def frames(self, span: Span) -> slice:
        first, last = ((t - TONE_FRAME / 2) / TONE_HOP for t in (span.start, span.end))
        return slice(max(0, round(first)), max(0, round(last)))


def events(samples: Array, rate: int) -> tuple[Sounds, ...]:
    """Every such sound by channel, in order of time; ``samples`` float32 in -1..1, shape (channels, n).

    A cadence with quiet pauses is one event, a key press one each. What leaks into another channel is told once.
    """
    found = [_of_channel(channel, rate) for channel in samples]
    kept = [
        Sounds(one.kind, round(one.span.start, 3), round(one.span.end, 3), i)
        for i, mine in enumerate(found)
        for one in mine
        if not any(_leaked(one, other) for j, theirs in enumerate(found) if j != i for other in theirs)
    ]
    return tuple(sorted(kept, key=lambda e: (e.start, e.end, e.channel, e.kind)))


def _leaked(one: _Found, other: _Found) -> bool:
    return one.kind == other.kind and other.level > one.level + BLEED_DB and (one.span & other.span) is not None


def _of_channel(samples: Array, rate: int) -> list[_Found]:
    if samples.shape[-1] < TONE_FRAME * rate:
        return []
    peaks = _peaks(samples, rate)
    bursts = _bursts(peaks, RING_BAND)
    busy = _cadences("busy", [*(b for b in bursts if b.span.duration < RING_MIN), *_pairs(peaks, BUSY_PAIR)], peaks)
    rings = [b for b in bursts if RING_MIN <= b.span.duration < DIAL_MIN]
    dial = [replace(b, kind="busy") for b in bursts if b.span.duration >= DIAL_MIN]
    lines = [*_cadences("ringback", rings, peaks), *busy, *dial]
    music = _music(samples, rate, [b.span for b in (*rings, *busy, *dial)])
    keys = [replace(k, kind="dtmf") for k in _pairs(peaks, KEYS) if k.span.duration >= KEY_MIN]
    beeps = [replace(b, kind="beep") for b in _bursts(peaks, BEEP_BAND) if BEEP_MIN <= b.span.duration <= BEEP_MAX]
    notes = [m.span for m in music]
    return [*lines, *music, *(t for t in (*keys, *beeps) if not overlaps([t.span], notes))]


def _spectra(samples: Array, rate: int, frame: Seconds, hop: Seconds, extra: int) -> Iterator[tuple[Array, int]]:
    """Power spectra block by block, shape (frames, bins), full scale sine = 1, and how many of the last frames come
    again at the head of the next block (``extra``; 0 in the last one)."""
    import numpy as np

    size, step = round(frame * rate), hop * rate
    window = np.hanning(size).astype(np.float32)
    scale = np.float32(2.0 / window.sum())
    count = max(1, int((len(samples) - size) / step) + 1)
    per_block = int(BLOCK / hop)
    for first in range(0, count, per_block):
        last = min(count, first + per_block + extra)
        starts = (np.arange(first, last) * step).astype(np.int64)
        pieces = np.lib.stride_tricks.sliding_window_view(samples, size)[starts]
        spectrum = np.fft.rfft(pieces * window * scale, axis=1)
        yield spectrum.real**2 + spectrum.imag**2, last - min(count, first + per_block)
        if last == count:
            return


def _peaks(samples: Array, rate: int) -> _Peaks:
    import numpy as np

    parts = [_two_peaks(power, rate) for power, _ in _spectra(samples, rate, TONE_FRAME, TONE_HOP, 0)]
    return _Peaks(*(np.concatenate([part[i] for part in parts], axis=-1) for i in range(3)))


def _two_peaks(power: Array, rate: int) -> tuple[Array, Array, Array]:
    import numpy as np

    width = rate / round(TONE_FRAME * rate)
    power = power.astype(np.float64)
    power[:, : int(LOWEST / width)] = 0.0
    power[:, -4:] = 0.0  # room for a peak's neighbours
    total = power.sum(axis=1) + 1e-12
    rows = np.arange(len(power))
    hz, share = [], []
    for _ in range(2):
        top = power.argmax(axis=1).clip(4, power.shape[1] - 5)
        left, middle, right = (np.log(power[rows, top + d] + 1e-14) for d in (-1, 0, 1))
        bend = left - 2 * middle + right
        shift = np.where(np.abs(bend) > 1e-6, 0.5 * (left - right) / np.where(np.abs(bend) > 1e-6, bend, 1.0), 0.0)
        hz.append((top + shift.clip(-1, 1)) * width)
        around = top[:, None] + np.arange(-3, 4)
        share.append(power[rows[:, None], around].sum(axis=1) / total)
        power[rows[:, None], around] = 0.0
    # a sine's Hann peak holds 1.5 times its power
    return np.stack(hz), np.stack(share), 10 * np.log10(total / 1.5)


def _runs(holds: Array) -> Iterator[tuple[int, int]]:
    """First and last (exclusive) frame of every stretch where ``holds``."""
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate(([0], holds.astype(np.int8), [0]))))
    yield from zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)


def _bursts(peaks: _Peaks, band: tuple[float, float]) -> list[_Found]:
    """Stretches of one steady tone inside the band; of ring and busy tones those alone that begin and end in quiet."""
    import numpy as np

    hz, low = peaks.hz[0], band == RING_BAND
    pure = (peaks.share[0] >= PURE) & (hz > band[0]) & (hz < band[1]) & (peaks.level > QUIETEST)
    result = []
    for first, last in _runs(pure):
        trimmed = _flat(peaks, first, last)
        if trimmed is None:
            continue
        first, last = trimmed
        spread = float(np.ptp(np.percentile(hz[first:last], (10, 90))))
        span = Span(peaks.at(first), peaks.at(last - 1))
        # 440 and 480 Hz pull the one peak to and fro
        if spread <= (50.0 if low else STEADY_HZ) and (not low or _alone(peaks, first, last)):
            result.append(_Found("ringback", span, float(np.median(peaks.level[first:last]))))
    return result


def _flat(peaks: _Peaks, first: int, last: int) -> tuple[int, int] | None:
    """The run without its rise and fall, None when it is short or its level moves."""
    import numpy as np

    level = peaks.level[first:last]
    full = np.flatnonzero(level > np.median(level) - 6.0)
    if last - first < 3 or len(full) < 3:
        return None
    first, last = first + int(full[0]), first + int(full[-1]) + 1
    inner = peaks.level[first + 2 : last - 2]
    return None if len(inner) and float(np.std(inner)) > STEADY_DB else (first, last)


def _alone(peaks: _Peaks, first: int, last: int) -> bool:
    """Whether quiet comes within a quarter of a second on both sides, as it never does between notes of a melody."""
    near = int(0.25 / TONE_HOP)
    limit = float(peaks.level[first:last].max()) - QUIETER_DB
    before, after = peaks.level[max(0, first - near) : first], peaks.level[last : last + near]
    return all(not len(side) or float(side.min()) < limit for side in (before, after))


def _pairs(peaks: _Peaks, nominal: tuple[Sequence[float], Sequence[float]]) -> list[_Found]:
    """Stretches of two steady tones at once, one of each group."""
    import numpy as np

    low, high = peaks.hz.min(axis=0), peaks.hz.max(axis=0)
    near = [
        np.stack([np.abs(hz - n) <= n * KEY_TOLERANCE for n in group])
        for hz, group in zip((low, high), nominal, strict=True)
    ]
    twist = 10 * np.log10((peaks.share[0] + 1e-9) / (peaks.share[1] + 1e-9))
    both = (peaks.share.sum(axis=0) >= PURE) & (twist < TWIST_DB) & (peaks.level > QUIETEST)
    result = []
    for one in near[0]:
        for other in near[1]:
            for first, last in _runs(both & one & other):
                if (trimmed := _flat(peaks, first, last)) is not None:
                    span = Span(peaks.at(trimmed[0]), peaks.at(trimmed[1] - 1))
                    result.append(_Found("dtmf", span, float(np.median(peaks.level[first:last]))))
    return sorted(result, key=lambda f: f.span)


def _cadences(kind: Kind, bursts: Sequence[_Found], peaks: _Peaks) -> list[_Found]:
    """Bursts joined over their quiet pauses. One ring is a ring-back; one short burst is no busy tone yet."""
    longest = RING_GAP if kind == "ringback" else BUSY_GAP
    groups: list[list[_Found]] = []
    for burst in sorted(bursts, key=lambda b: b.span):
        if kind == "busy" and burst.span.duration < BUSY_MIN:
            continue
        if groups and burst.span.start - groups[-1][-1].span.end <= longest and _quiet(groups[-1][-1], burst, peaks):
            groups[-1].append(burst)
        else:
            groups.append([burst])
    return [
        _Found(kind, Span(group[0].span.start, group[-1].span.end), max(b.level for b in group))
        for group in groups
        if kind == "ringback" or len(group) > 1
    ]


def _quiet(left: _Found, right: _Found, peaks: _Peaks) -> bool:
    between = peaks.level[peaks.frames(Span(left.span.end, max(left.span.end, right.span.start)))]
    inner = between[4:-4]  # the tone's own fall and rise
    return not len(inner) or float((inner > left.level - QUIETER_DB).mean()) <= 0.03


def _music(samples: Array, rate: int, tones: Sequence[Span]) -> list[_Found]:
    """Stretches of music, from the first standing note to the last; ``tones`` are taken out before."""
    import numpy as np

    if len(samples) < MUSIC_MIN * rate:
        return []
    standing, total = _standing(samples, rate)
    middle = np.arange(len(total)) * MUSIC_HOP + MUSIC_FRAME / 2
    for tone in tones:
        inside = (middle > tone.start - MUSIC_FRAME) & (middle < tone.end + MUSIC_FRAME)
        standing[inside] = total[inside] = 0.0
    size = min(len(total), int(MUSIC_WINDOW / MUSIC_HOP))
    share, power = _over(standing, size) / (_over(total, size) + 1e-12), _over(total, size) / size
    loud = 10 * np.log10(power + 1e-12) > QUIETEST
    musical = _runs((share >= MUSIC_SHARE) & loud)
    windows = [Span(first * MUSIC_HOP, (last - 1 + size) * MUSIC_HOP) for first, last in musical]
    notes = standing >= NOTE_SHARE * total
    notes &= total > 10 ** (QUIETEST / 10)
    sounding = [Span(float(middle[first]), float(middle[last - 1])) for first, last in _runs(notes)]
    result = []
    for span in _bridged(joined(overlaps(windows, sounding), MUSIC_BREAK), np.cumsum(np.pad(total, (1, 0)))):
        if span.duration >= MUSIC_MIN and covered(overlaps([span], sounding)) >= span.duration / 4:
            inside = (middle >= span.start) & (middle <= span.end)
            result.append(_Found("hold_music", span, float(10 * np.log10(total[inside].mean() + 1e-12))))
    return result


def _bridged(spans: Sequence[Span], power: Array) -> list[Span]:
    """Spans joined over gaps no louder than the music: in a louder one somebody speaks. ``power``: sums by frame."""

    def mean(start: Seconds, end: Seconds) -> float:
        first, last = (min(len(power) - 1, max(0, round((t - MUSIC_FRAME / 2) / MUSIC_HOP))) for t in (start, end))
        return float((power[last] - power[first]) / max(1, last - first))

    result: list[Span] = []
    for span in spans:
        last = result[-1] if result else span
        louder = mean(last.end, span.start) > LOUDER * max(mean(last.start, last.end), mean(span.start, span.end))
        if result and span.start - last.end <= MUSIC_GAP and not louder:
            result[-1] = Span(last.start, span.end)
        else:
            result.append(span)
    return result


def _over(values: Array, size: int) -> Array:
    """Sums of every ``size`` values in a row."""
    import numpy as np

    sums = np.concatenate(([0.0], np.cumsum(values)))
    return np.asarray(sums[size:] - sums[:-size])


def _standing(samples: Array, rate: int) -> tuple[Array, Array]:
    """Of every frame the power in standing partials, and all of it."""
    import numpy as np

    width = rate / round(MUSIC_FRAME * rate)
    band = slice(int(LOWEST / width), int(MUSIC_TOP / width))
    parts = []
    for power, again in _spectra(samples, rate, MUSIC_FRAME, MUSIC_HOP, STANDS):
        kept = len(power) - again
        standing, total = _partials(power[:, band], round(80.0 / width))
        parts.append((standing[:kept], total[:kept]))
    return np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])


def _partials(power: Array, reach: int) -> tuple[Array, Array]:
    import numpy as np

    peak = np.zeros(power.shape, bool)
    peak[:, 1:-1] = (power[:, 1:-1] > power[:, :-2]) & (power[:, 1:-1] >= power[:, 2:])
    sums = np.cumsum(np.pad(power, ((0, 0), (1, 0))), axis=1)
    bins = np.arange(power.shape[1])
    low, high = (bins - reach).clip(0), (bins + reach + 1).clip(None, len(bins))
    peak &= power > CREST * (sums[:, high] - sums[:, low]) / (high - low)
    stands = np.zeros(power.shape, bool)
    if len(power) >= STANDS:
        counts = np.cumsum(np.pad(peak.astype(np.int16), ((1, 0), (0, 0))), axis=0)
        whole = counts[STANDS:] - counts[:-STANDS] == STANDS
        for i in range(STANDS):
            stands[i : i + len(whole)] |= whole
    total = power.sum(axis=1)
    near = stands.copy()
    near[:, 1:] |= stands[:, :-1]
    near[:, :-1] |= stands[:, 1:]
    return np.where(near, power, 0.0).sum(axis=1, dtype=np.float64), total.astype(np.float64)
