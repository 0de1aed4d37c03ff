"""The log of a run for machines: one JSON object a line, one line an event, and no word of any call."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from callqa.errors import UsageError
from callqa.events import Event
from callqa.nightly.summary import Summary


@dataclass(slots=True)
class Log:
    """Appends to a file, which logrotate may copy and truncate. A disk that is full ends the log, not the run."""

    path: Path
    note: Callable[[str], None]
    run: int = 0
    _file: int = -1  # a descriptor; -1 when the log has ended

    def __post_init__(self) -> None:
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            # one write a line: what was said before a SIGKILL can be read after it
            self._file = os.open(self.path, os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        except OSError as error:
            raise UsageError(f"--log {self.path}: {error.strerror}") from error

    def started(self, run: int, **told: Any) -> None:
        self.run = run
        self._line("started", process=os.getpid(), **told)

    def heard(self, event: Event) -> None:
        told: dict[str, Any] = {"path": str(event.path)}
        for name in ("seconds", "score", "code", "problem", "language", "layout", "wall"):
            value = getattr(event, name)
            if value or (name == "score" and value is not None):
                told[name] = round(value, 3) if isinstance(value, float) else value
        if event.kind == "failed":
            told["retryable"] = event.retryable
        self._line(event.kind, **told)

    def tick(self) -> None:
        """Nothing waits to be written."""

    def ended(self, told: Summary) -> None:
        self._line(
            told.state,
            seconds=told.seconds,
            recordings=told.recordings,
            counts=told.counts,
            waiting=told.waiting,
            call_seconds=told.call_seconds,
            exit_code=told.exit_code,
            problem=told.problem,
        )
        self._close()

    def _line(self, event: str, **told: Any) -> None:
        if self._file < 0:
            return
        at = datetime.now(UTC).isoformat(timespec="milliseconds")
        try:
            os.write(self._file, msgspec.json.encode({"at": at, "run": self.run, "event": event, **told}) + b"\n")
        except OSError as error:
            self.note(f"--log {self.path}: {error.strerror}; the run goes on without it")
            self._close()

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1
