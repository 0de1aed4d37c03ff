"""A run as Prometheus reads it: a file for the node exporter's textfile collector.

Counters go on from run to run: what earlier runs counted is in the store. Every series carries the command, so that the
file of a batch and that of a watch may lie in one folder.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from callqa.errors import UsageError
from callqa.events import Event
from callqa.nightly.summary import KINDS, Summary
from callqa.nightly.tally import Seen, Tally
from callqa.types import Seconds

EVERY: Seconds = 15.0


@dataclass(frozen=True, slots=True)
class Before:
    """What earlier runs of the command counted, and when one last came to its end (Unix time, 0: never)."""

    kinds: Mapping[str, int] = field(default_factory=dict)
    codes: Mapping[str, int] = field(default_factory=dict)
    seconds: Seconds = 0.0
    last_success: float = 0.0


def before(counts: Sequence[Mapping[str, Any]], last_success: float) -> Before:
    """Earlier runs' counts in one."""
    kinds: Counter[str] = Counter()
    codes: Counter[str] = Counter()
    for run in counts:
        kinds.update({kind: run.get(kind, 0) for kind in KINDS})
        codes.update(run.get("codes", {}))
    return Before(kinds, codes, sum(run.get("seconds", 0.0) for run in counts), last_success)


@dataclass(slots=True)
class Textfile:
    """Writes the file every EVERY seconds and at the end, whole each time. Its trouble never stops a run."""

    path: Path
    command: str
    tally: Tally
    note: Callable[[str], None]
    earlier: Before = field(default_factory=Before)
    _began: float = field(default_factory=time.time)
    _next: float = 0.0
    _complained: bool = False

    def __post_init__(self) -> None:
        if not (self.path.parent.is_dir() and os.access(self.path.parent, os.W_OK)):
            raise UsageError(f"--prometheus {self.path}: no folder that can be written to")

    def started(self, run: int, **told: Any) -> None:
        self._write(text(self.command, self.tally.seen(), self.earlier, self._began, running=True))

    def heard(self, event: Event) -> None:
        """The tally counts."""

    def tick(self) -> None:
        if time.monotonic() >= self._next:
            self._write(text(self.command, self.tally.seen(), self.earlier, self._began, running=True))

    def ended(self, told: Summary) -> None:
        earlier = self.earlier
        if told.state == "done":
            earlier = Before(earlier.kinds, earlier.codes, earlier.seconds, time.time())
        self._write(text(self.command, self.tally.seen(), earlier, self._began, running=False))

    def _write(self, content: str) -> None:
        self._next = time.monotonic() + EVERY
        # the collector reads *.prom alone
        partial = self.path.with_name(f"{self.path.name}.{os.getpid()}.part")
        try:
            partial.write_text(content, encoding="utf-8")
            os.replace(partial, self.path)
        except OSError as error:
            if not self._complained:
                self.note(f"--prometheus {self.path}: {error.strerror}; the run goes on")
            self._complained = True


def text(command: str, seen: Seen, earlier: Before, began: float, *, running: bool) -> str:
    """The metrics in Prometheus's text format."""
    lines: list[str] = []
    for name, kind, help_, rows in _metrics(seen, earlier, began, running):
        lines += [f"# HELP callqa_{name} {help_}", f"# TYPE callqa_{name} {kind}"]
        for labels, value in rows:
            told = "".join(f',{label}="{text}"' for label, text in labels.items())
            lines.append(f'callqa_{name}{{command="{command}"{told}}} {value:.15g}')
    return "\n".join(lines) + "\n"


Rows = Sequence[tuple[Mapping[str, str], float]]


def _metrics(seen: Seen, earlier: Before, began: float, running: bool) -> Iterator[tuple[str, str, str, Rows]]:
    kinds = [({"kind": k}, earlier.kinds.get(k, 0) + seen.kinds.get(k, 0)) for k in KINDS]
    yield "recordings_total", "counter", "Recordings by what became of them.", kinds
    codes = sorted({*earlier.codes, *seen.failed})
    failed = [({"code": code}, earlier.codes.get(code, 0) + seen.failed.get(code, 0)) for code in codes]
    yield "failures_total", "counter", "Recordings set aside, by reason.", failed
    yield "call_seconds_total", "counter", "Seconds of calls scored.", [({}, earlier.seconds + seen.seconds)]
    aside = [({"code": code}, n) for code, n in sorted((Counter(seen.aside) + Counter(seen.failed)).items())]
    yield "set_aside", "gauge", "Recordings of the run that are set aside, by reason.", aside
    for name, help_, value in (
        ("running", "1 while a run is at work.", float(running)),
        ("waiting", "Recordings of the run that are still to be done.", float(seen.waiting)),
        ("run_recordings", "Recordings of the run.", float(seen.total)),
        ("run_start_timestamp_seconds", "When the run started.", began),
        ("run_duration_seconds", "How long the run has taken.", seen.passed),
        ("run_calls_per_hour", "Recordings worked on in an hour.", seen.calls_per_hour),
        ("run_call_hours_per_hour", "Hours of calls scored in an hour.", seen.call_hours_per_hour),
        ("last_success_timestamp_seconds", "When a run last came to its end.", earlier.last_success),
    ):
        yield name, "gauge", help_, [({}, value)]
