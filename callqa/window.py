"""A part of a call's time as lists and scorecards name it: the first ten seconds, the last quarter, a third."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from callqa.types import Seconds, Span, covered, without

EPS = 1e-6  # comparisons of times must not depend on where in the call they are made


@dataclass(frozen=True)
class Window:
    """A part of the active span, both borders inside it.

    ``start`` and ``end`` are shares (0 to 1), seconds (``unit`` "s") or thirds (0 to 3); negative ones count from the
    end. A window that no call can hold is a ValueError.
    """

    start: float = 0.0
    end: float | None = None
    unit: Literal["share", "s", "third"] = "share"

    def __post_init__(self) -> None:
        most = {"share": 1.0, "s": math.inf, "third": 3.0}[self.unit]
        end = most if self.end is None else self.end
        for bound in (self.start, end):
            if abs(bound) > most or math.isnan(bound) or abs(self.start) == math.inf:
                raise ValueError(f"a window in {self.unit} lies within {-most:g} to {most:g}, not at {bound:g}")
        if self.unit == "s" and (self.start < 0) != (end < 0) and end != 0:
            return  # one bound from the start, one from the end: the length of the call decides
        first, last = (bound + most if bound < 0 and self.unit != "s" else bound for bound in (self.start, end))
        if end == 0 or first >= last:
            raise ValueError(f"an empty window: it ends at {end:g}, not after its start at {self.start:g}")

    def holds(self, at: Seconds, active: Sequence[Span]) -> bool:
        """Whether call time ``at`` lies inside; hold and menus before it do not count."""
        passed = covered(Span(s.start, min(s.end, at)) for s in active if s.start < at)
        start, end = self.bounds(covered(active))
        return start - EPS <= passed <= end + EPS

    def spans(self, active: Sequence[Span]) -> tuple[Span, ...]:
        """The call time of the window, none where the call is too short for it.

        >>> Window(-10, unit="s").spans([Span(0, 5), Span(20, 40)]), Window(60, unit="s").spans([Span(0, 5)])
        ((Span(start=30.0, end=40.0),), ())
        """
        start, end = self.bounds(covered(active))
        found, passed = [], 0.0
        for span in active:
            first, last = max(start - passed, 0), min(end - passed, span.duration)
            if first < last:
                found.append(Span(span.start + first, span.start + last))
            passed += span.duration
        return tuple(found)

    def bounds(self, whole: Seconds) -> tuple[Seconds, Seconds]:
        """Start and end in seconds of a span of ``whole`` seconds."""
        scale = {"share": whole, "s": 1.0, "third": whole / 3}[self.unit]
        bounds = (self.start * scale, whole if self.end is None else self.end * scale)
        start, end = (bound + whole if bound < 0 else bound for bound in bounds)
        return start, end


def active_span(spoken: Iterable[Span], holes: Iterable[Span]) -> tuple[Span, ...]:
    """First to last speech of rep and customer, less menus, ring-back, hold music and other reps (``holes``).

    >>> active_span([Span(1, 4), Span(3, 9)], [Span(0, 2), Span(9, 20)])
    (Span(start=1, end=9),)
    """
    said = list(spoken)
    if not said:
        return ()
    whole = Span(min(s.start for s in said), max(s.end for s in said))
    # talking over hold music is still talking
    return without([whole], without(holes, said))
