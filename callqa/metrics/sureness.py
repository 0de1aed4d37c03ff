"""How sure a figure is: 95 % intervals of shares, means and medians; the same rows give the same interval."""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import Any

Z = 1.959963984540054  # 95 %
DRAWS = 1000
SEED = 20
# over so many values the limit that the draws tend to takes their place
MANY = 200
MANY_FOR_QUANTILES = 50

Interval = tuple[float, float]


def wilson(hits: float, n: float) -> Interval | None:
    """The score interval of a share (Wilson 1927), as shares.

    >>> [round(end, 4) for end in wilson(1, 10)]
    [0.0179, 0.4042]
    """
    if n <= 0 or not 0 <= hits <= n:
        return None
    share = hits / n
    middle = (share + Z * Z / (2 * n)) / (1 + Z * Z / n)
    half = Z / (1 + Z * Z / n) * math.sqrt(share * (1 - share) / n + Z * Z / (4 * n * n))
    return max(0.0, middle - half), min(1.0, middle + half)


def quantile(values: Sequence[float], share: float) -> float:
    """The value at that share of sorted ones, between the neighbours in proportion."""
    at = (len(values) - 1) * share
    low, high = float(values[math.floor(at)]), float(values[math.ceil(at)])
    return low + (high - low) * (at - math.floor(at))


def bootstrap_mean(values: Sequence[float]) -> Interval | None:
    """Percentile bootstrap with a fixed seed (Efron 1979); ``values`` sorted. None under two values."""
    import numpy as np

    if len(values) < 2:
        return None
    known = np.asarray(values, float)
    if len(known) > MANY:
        half = Z * float(known.std(ddof=1)) / math.sqrt(len(known))
        return float(known.mean()) - half, float(known.mean()) + half
    return _middle(known[_picks(len(known))].mean(axis=1))


def bootstrap_quantile(values: Sequence[float], share: float = 0.5) -> Interval | None:
    """The same for a quantile; many values: the order statistics that the draws' quantiles tend to."""
    import numpy as np

    n = len(values)
    if n < 2:
        return None
    if n > MANY_FOR_QUANTILES:
        half = Z * math.sqrt(n * share * (1 - share))
        low, high = math.floor(n * share - half), math.ceil(n * share + half)
        return float(values[max(0, low)]), float(values[min(n - 1, high)])
    known = np.asarray(values, float)
    low, high = _pairs(n, share)
    below, above = known[low], known[high]
    return _middle(below + (above - below) * ((n - 1) * share % 1))


def _middle(drawn: Any) -> Interval:
    """Where 95 % of the draws lie."""
    import numpy as np

    low, high = np.quantile(drawn, (0.025, 0.975))
    return float(low), float(high)


@lru_cache(MANY)
def _picks(n: int) -> Any:
    """Which of ``n`` values each draw takes, one row a draw: the same for all values, hence made once."""
    import numpy as np

    return np.random.default_rng(SEED).integers(0, n, (DRAWS, n)).astype(np.uint8)


@lru_cache(MANY)
def _pairs(n: int, share: float) -> tuple[Any, Any]:
    """Of each draw the two of ``n`` sorted values that a quantile lies between."""
    import numpy as np

    drawn, at = np.sort(_picks(n), axis=1), (n - 1) * share
    return drawn[:, math.floor(at)], drawn[:, math.ceil(at)]
