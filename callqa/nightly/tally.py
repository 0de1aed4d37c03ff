"""The count of a run as it goes, from which all that is shown of a run comes: how many, how fast, why not, how long."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callqa.events import Event, Kind
from callqa.types import Seconds

SHOWN = 5  # names of files beside each reason
WORKED: tuple[Kind, ...] = ("scored", "failed")  # what costs time; the others were there already


@dataclass(frozen=True, slots=True)
class Seen:
    """A run at one moment. ``failed`` and ``aside`` by code; ``names``: the first few files of each code.

    ``seconds`` of calls scored in this run; seconds ``passed`` since it began, and ``worked`` since it had looked
    through what was there already (0 before the first result); ``left`` until the end, None while nobody can tell.
    """

    total: int
    kinds: Mapping[str, int]
    failed: Mapping[str, int]
    aside: Mapping[str, int]
    names: Mapping[str, tuple[str, ...]]
    seconds: Seconds
    passed: Seconds
    worked: Seconds
    left: Seconds | None

    @property
    def done(self) -> int:
        """Recordings that have come to an end in this run, whatever the end."""
        return sum(n for kind, n in self.kinds.items() if kind != "retrying") + sum(self.aside.values())

    @property
    def waiting(self) -> int:
        return max(0, self.total - self.done)

    @property
    def calls_per_hour(self) -> float:
        return self._an_hour(sum(self.kinds.get(kind, 0) for kind in WORKED))

    @property
    def call_hours_per_hour(self) -> float:
        return self._an_hour(self.seconds / 3600)

    def _an_hour(self, amount: float) -> float:
        return amount / self.worked * 3600 if self.worked else 0.0

    def counts(self) -> dict[str, Any]:
        """As the store keeps them of a run."""
        kinds: dict[str, Any] = {kind: n for kind, n in self.kinds.items() if n}
        aside = sum(self.aside.values())
        return {**kinds, **({"aside": aside} if aside else {}), "codes": dict(self.failed), "seconds": self.seconds}


@dataclass(slots=True)
class Tally:
    """Counts events; costs a microsecond an event. ``sizes``: bytes of each file, by which the time left is told.

    Other threads may look while one counts.
    """

    total: int
    sizes: Mapping[Path, int] = field(default_factory=dict)
    clock: Callable[[], float] = time.monotonic
    _kinds: Counter[str] = field(default_factory=Counter)
    _failed: Counter[str] = field(default_factory=Counter)
    _aside: Counter[str] = field(default_factory=Counter)
    _names: dict[str, list[str]] = field(default_factory=dict)
    _seconds: Seconds = 0.0
    _began: float = 0.0
    _work_began: float = 0.0
    _working: bool = False
    _bytes_worked: int = 0
    _bytes_left: int = 0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def __post_init__(self) -> None:
        self._began = self._work_began = self.clock()
        self._bytes_left = sum(self.sizes.values())

    def leave_aside(self, code: str, path: str) -> None:
        """A file that failed before and is not tried in this run."""
        with self._lock:
            self._aside[code] += 1
            self._name(code, path)

    def more(self, count: int) -> None:
        """Recordings that came in while the run goes on."""
        with self._lock:
            self.total += count

    def heard(self, event: Event) -> None:
        with self._lock:
            self._kinds[event.kind] += 1
            if event.kind == "retrying":
                return
            size = self.sizes.get(event.path, 0)
            self._bytes_left -= size
            if event.kind in WORKED:
                self._working = True
                self._bytes_worked += size
            elif not self._working:
                self._work_began = self.clock()
            if event.kind == "scored":
                self._seconds += event.seconds
            elif event.kind == "failed":
                self._failed[event.code] += 1
                self._name(event.code, str(event.path))

    def seen(self) -> Seen:
        """The run at this moment."""
        with self._lock:
            now = self.clock()
            worked = now - self._work_began if self._working else 0.0
            left = worked / self._bytes_worked * self._bytes_left if self._bytes_worked else None
            return Seen(
                self.total,
                dict(self._kinds),
                dict(self._failed),
                dict(self._aside),
                {code: tuple(names) for code, names in self._names.items()},
                self._seconds,
                now - self._began,
                worked,
                left,
            )

    def _name(self, code: str, path: str) -> None:
        names = self._names.setdefault(code, [])
        if len(names) < SHOWN:
            names.append(path)


def sizes(paths: Iterable[Path]) -> dict[Path, int]:
    """Bytes of each file; 0 where it cannot be seen any more."""
    return {path: _size(path) for path in paths}


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except OSError:
        return 0
