"""How many voices a call holds and which one speaks when, from voiceprints of short pieces of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
else:
    Floats = Ints = Any

STARTS = 8  # first guesses that k-means is begun from
ROUNDS = 50
SURE_SECONDS = 1.0  # shorter pieces are assigned, but do not shape the voices
NEIGHBOURS = 3  # pieces so close in order may share sound
WITHIN = 0.65  # cosine of two pieces of one voice, where too few were heard to tell
# likeness (see ``likeness``) at which the voices found are as unsure as can be, and as sure
TWO_UNSURE, TWO_SURE = 0.88, 0.38
ONE_UNSURE, ONE_SURE = 0.7, 0.9


@dataclass(frozen=True, slots=True)
class Prior:
    """How many voices a call is taken to hold before it is heard, and what it takes to believe in more or fewer.

    More than ``expected`` (up to ``most``) when every two are at most ``more_below`` alike (see ``likeness``) and each
    is heard ``more_seconds``; fewer when two are more alike than ``one_above`` or one is heard less than ``seconds``.
    The bounds lie between what was measured: docs/decisions/0006.
    """

    expected: int = 2
    most: int = 3
    one_above: float = 0.76
    seconds: float = 1.0
    more_below: float = 0.66
    more_seconds: float = 4.0

    def allows(self, count: int, alike: float, spoken: float) -> bool:
        """Whether ``count`` voices hold, the closest two ``alike``, the rarest heard for ``spoken`` seconds."""
        if count > self.expected:
            return alike <= self.more_below and spoken >= self.more_seconds
        return alike <= self.one_above and spoken >= self.seconds


@dataclass(frozen=True, slots=True)
class Voices:
    """``centres`` (k, d) are unit vectors, one a voice; ``alike`` is the likeness of the closest two.

    Of one voice, ``alike`` is that of the two halves it was cut into on trial.
    """

    centres: Floats
    alike: float

    @property
    def separation(self) -> float:
        """0..1, how clearly the voices are apart; of one voice, how clearly it is one."""
        unsure, sure = (ONE_UNSURE, ONE_SURE) if len(self.centres) == 1 else (TWO_UNSURE, TWO_SURE)
        return min(1.0, max(0.0, (self.alike - unsure) / (sure - unsure)))


def unit(rows: Floats) -> Floats:
    """Rows at length 1."""
    import numpy as np

    result: Floats = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-9)
    return result


def find(prints: Floats, seconds: Floats, prior: Prior) -> Voices:
    """The voices behind unit voiceprints (n, d) of pieces that last ``seconds`` (n,), n at least 1."""
    import numpy as np

    sure = seconds >= SURE_SECONDS
    if sure.sum() > prior.most:
        prints, seconds = prints[sure], seconds[sure]
    alike = 1.0
    for count in range(min(prior.most, len(prints)), 1, -1):
        centres, labels = clusters(prints, seconds, count)
        alike = likeness(prints, seconds, labels, count)
        if prior.allows(count, alike, float(np.bincount(labels, seconds, minlength=count).min())):
            return Voices(centres, alike)
    return Voices(unit((prints * seconds[:, None]).sum(axis=0, keepdims=True)), alike)


def likeness(prints: Floats, seconds: Floats, labels: Ints, count: int) -> float:
    """How alike the closest two of ``count`` voices are: mean cosine across them / mean cosine within voices.

    About 0.9 where one voice was cut in two, however short the call; under 0.7 for two people. Pieces next to each
    other are left out of the mean within: they share sound.
    """
    import numpy as np

    weighted = prints * seconds[:, None]
    sums = np.stack([weighted[labels == k].sum(axis=0) for k in range(count)])
    spoken = np.bincount(labels, seconds, minlength=count)
    dots, weights = float((sums**2).sum()), float((spoken**2).sum())
    for lag in range(NEIGHBOURS + 1):
        same = labels[lag:] == labels[: len(labels) - lag]
        times = (1 if lag == 0 else 2) * same
        dots -= float((times * (weighted[lag:] * weighted[: len(weighted) - lag]).sum(axis=1)).sum())
        weights -= float((times * seconds[lag:] * seconds[: len(seconds) - lag]).sum())
    within = dots / weights if weights > 1e-6 and dots > 0 else WITHIN
    across = (sums @ sums.T) / np.outer(spoken, spoken)
    return float(across[np.triu_indices(count, 1)].max() / within)


def clusters(prints: Floats, seconds: Floats, count: int) -> tuple[Floats, Ints]:
    """Spherical k-means weighted by duration: centres (count, d) and the label of each row. No randomness."""
    import numpy as np

    best: tuple[float, Floats, Ints] | None = None
    longest = np.argsort(-seconds, kind="stable")
    for start in longest[: min(STARTS, len(prints))]:
        centres = _farthest(prints, seconds, int(start), count)
        labels = (prints @ centres.T).argmax(axis=1)
        for _ in range(ROUNDS):
            sums = [(prints[labels == k] * seconds[labels == k, None]).sum(axis=0) for k in range(count)]
            centres = np.stack([unit(s) if (labels == k).any() else centres[k] for k, s in enumerate(sums)])
            before, labels = labels, (prints @ centres.T).argmax(axis=1)
            if (before == labels).all():
                break
        fit = float((seconds * (prints @ centres.T).max(axis=1)).sum())
        if best is None or fit > best[0] + 1e-6:
            best = fit, centres, labels
    assert best is not None
    return best[1], best[2]


def _farthest(prints: Floats, seconds: Floats, start: int, count: int) -> Floats:
    """The print at ``start`` and those that are each least like all chosen before, among the longer pieces."""
    import numpy as np

    chosen = [start]
    while len(chosen) < count:
        alike = (prints @ prints[chosen].T).max(axis=1)
        chosen.append(int(np.where(seconds >= np.median(seconds), alike, 2.0).argmin()))
    return prints[chosen]


def path(scores: Floats, costs: Floats) -> Ints:
    """The most likely voice of every frame (Viterbi): scores (n, k), ``costs[i]`` of changing the voice before i."""
    import numpy as np

    count, voices = scores.shape
    came_from = np.tile(np.arange(voices), (count, 1))
    value = scores[0].copy()
    for i in range(1, count):
        leader = int(value.argmax())
        changed = value[leader] - costs[i]
        better = value < changed
        came_from[i, better] = leader
        value = np.where(better, changed, value) + scores[i]
    result = np.empty(count, np.int64)
    result[-1] = value.argmax()
    for i in range(count - 1, 0, -1):
        result[i - 1] = came_from[i, result[i]]
    return result


def runs(flags: Any) -> Iterator[tuple[int, int]]:
    """(first, one past the last) of every stretch of true flags.

    >>> import numpy as np
    >>> list(runs(np.array([True, True, False, True])))
    [(0, 2), (3, 4)]
    """
    import numpy as np

    edges = np.flatnonzero(np.diff(np.concatenate([[False], flags, [False]]).astype(np.int8)))
    return zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True)
