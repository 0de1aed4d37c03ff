"""Everything in this process, one item after the other; the recogniser uses the cores."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

from callqa.engines import Done, Failed, attempt


@dataclass(frozen=True, slots=True)
class LocalEngine:
    """The worker is made when the first item comes: a run with nothing to do loads no model."""

    def map(
        self, make_worker: Callable[[], Callable[[Any], Any]], items: Iterable[Any]
    ) -> Iterator[Done[Any, Any] | Failed[Any]]:
        work = None
        for item in items:
            work = work or make_worker()
            yield attempt(work, item)
