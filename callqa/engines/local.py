"""Everything in this process, one item after the other; the recogniser uses the cores."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from callqa.engines import PAUSE, WAIT, Done, Failed, attempt, lost, started


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """The worker is made when the first item comes: a run with nothing to do loads no model."""

    def map(
        self, make_worker: Callable[[], Callable[[Any], Any]], items: Iterable[Any]
    ) -> Iterator[Done[Any, Any] | Failed[Any]]:
        work = None
        for item in items:
            if item is WAIT:
                time.sleep(PAUSE)
                continue
            work = work or started(make_worker)
            outcome = attempt(work, item)
            if lost(outcome):
                work = started(make_worker)
                outcome = attempt(work, item)
            yield outcome
