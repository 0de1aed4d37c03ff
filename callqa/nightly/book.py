"""The run as the store knows it while it goes on: that it is at work, its counts, and what is still waiting."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callqa.errors import StoreError
from callqa.events import Event
from callqa.nightly.summary import Summary
from callqa.nightly.tally import Tally
from callqa.store import Store, runs
from callqa.types import Seconds

EVERY: Seconds = 5.0


@dataclass(slots=True)
class Book:
    """Writes to the store every few seconds and at the end. While the database is away, what there is to say waits."""

    store: Store
    tally: Tally
    note: Callable[[str], None]
    run: int
    _done: list[str] = field(default_factory=list)
    _next: float = 0.0

    @classmethod
    def begun(
        cls,
        store: Store,
        tally: Tally,
        note: Callable[[str], None],
        command: str,
        folders: Sequence[Path] = (),
        calls: Path | None = None,
        engine: str = "local",
    ) -> Book:
        """A new run. Raises StoreError."""
        names = [str(folder.absolute()) for folder in folders]
        run = runs.begin(store, command, names, str(calls.absolute()) if calls else None, engine)
        return cls(store, tally, note, run)

    def queue(self, paths: Sequence[Path], folders: Sequence[Path] = ()) -> None:
        """What the run is about to do. Raises StoreError."""
        runs.enqueue(self.store, self.run, map(str, paths), [str(folder.absolute()) for folder in folders])
        self._next = time.monotonic() + EVERY

    def started(self, run: int, **told: Any) -> None:
        """Written by ``begun``."""

    def heard(self, event: Event) -> None:
        if event.kind != "retrying":
            self._done.append(str(event.path))

    def tick(self) -> None:
        if time.monotonic() < self._next:
            return
        self._next = time.monotonic() + EVERY
        try:
            self._tell()
        except StoreError:
            return  # the run itself says so, if it needs the store

    def ended(self, told: Summary) -> None:
        try:
            self._tell()
            runs.end(self.store, self.run, told.state, self.tally.seen().counts())
        except StoreError as error:
            self.note(f"callqa: the end of the run could not be noted: {error}")

    def _tell(self) -> None:
        """What is known by now; what came meanwhile is told the next time."""
        done = self._done[:]
        runs.beat(self.store, self.run, self.tally.seen().counts(), done)
        del self._done[: len(done)]
