"""Median time until something happens, with those for whom it has not happened yet (Kaplan and Meier 1958)."""

from __future__ import annotations

from typing import Any

Z = 1.959963984540054  # 95 %


def median(durations: Any, happened: Any) -> tuple[float | None, tuple[float, float | None] | None]:
    """The time by which half are done, and its 95 % interval (log-log Greenwood, Brookmeyer and Crowley 1982).

    ``durations``: times until it happened, or until it was last seen not to have; ``happened``: which of the two.
    None: more than half are still open when the curve ends. An upper end of None is open; so is an interval without
    a lower end, which is None as a whole.

    >>> median([2.0, 3.0, 5.0, 9.0], [True, False, True, False])[0]
    5.0
    """
    import numpy as np

    times, happened = np.asarray(durations, float), np.asarray(happened, bool)
    if not happened.any():
        return None, None
    points, where = np.unique(times, return_inverse=True)
    events = np.bincount(where, weights=happened, minlength=len(points))
    left = np.bincount(where, minlength=len(points))
    at_risk = left[::-1].cumsum()[::-1].astype(float)
    curve = np.cumprod(1 - events / at_risk)
    with np.errstate(divide="ignore", invalid="ignore"):
        spread = np.sqrt(np.cumsum(events / (at_risk * (at_risk - events)))) / np.log(curve)
        low = np.where(curve > 0, curve ** np.exp(-Z * spread), 0.0)
        high = np.where(curve > 0, curve ** np.exp(Z * spread), 0.0)
    first, last = _half(points, low), _half(points, high)
    return _half(points, curve), None if first is None else (first, last)


def _half(points: Any, curve: Any) -> float | None:
    under = (curve <= 0.5 + 1e-12).nonzero()[0]
    return float(points[under[0]]) if len(under) else None
