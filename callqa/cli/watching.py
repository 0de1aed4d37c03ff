"""The command that scores recordings as they come in: callqa watch."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated, Any

import typer

from callqa.cli import show
from callqa.cli.calls import Calls, Config, Lang, StoreUrl, examples
from callqa.cli.shift import (
    Address,
    Engine,
    LogFile,
    Pages,
    PromFile,
    Reports,
    Shift,
    Work,
    Workers,
    finish,
    jobs_of,
)
from callqa.errors import ConfigError, StoreBusy, StoreError, UsageError

if TYPE_CHECKING:
    from callqa.events import Event
    from callqa.nightly.arrivals import Arrivals
    from callqa.nightly.book import Book
    from callqa.nightly.tally import Tally

TOGETHER = 64  # recordings worked on before the store is left to others
FAILED_EVERY = 60.0  # seconds between looks for failures that are due
GAP = 1.0  # seconds; a run that waits for the store asks twice as often
AWAY = 5.0  # seconds to wait for a database that is away, or for another run's end


@examples(
    "callqa watch /var/spool/asterisk/monitor --out reports",
    "callqa watch /mnt/pbx --calls calls.csv --log watch.jsonl --prometheus /var/lib/node_exporter/callqa_watch.prom",
)
def watch(
    folders: Annotated[list[Path], typer.Argument(help="Folders that recordings come into.", show_default=False)],
    still: Annotated[float, typer.Option(metavar="SECONDS", help="A file that long unchanged is complete.")] = 10.0,
    every: Annotated[float, typer.Option(metavar="SECONDS", help="Time between two looks at the folders.")] = 2.0,
    calls: Calls = None,
    engine: Engine = "local",
    workers: Workers = None,
    address: Address = None,
    out: Pages = None,
    store: StoreUrl = None,
    config: Config = None,
    lang: Lang = None,
    log: LogFile = None,
    prometheus: PromFile = None,
) -> None:
    """Score what comes into the folders, as soon as a file is complete, until it is stopped.

    Ctrl-C and SIGTERM stop it when the recording in work is done, a second one at once.
    """
    from callqa import api
    from callqa.nightly import arrivals, progress, tally
    from callqa.nightly.lock import Held

    for folder in folders:
        if not folder.is_dir():
            raise UsageError(f"{folder}: no such folder")
    work, reports = Work(engine, workers, address, out, lang), Reports(None, log, prometheus)
    with api.team(config, store) as team:
        shift = Shift(team, "watch", work, reports, folders, calls)
        counts = tally.Tally(0)
        book = shift.book(counts)
        coming = arrivals.Arrivals([folder.absolute() for folder in folders], arrivals.recording, still)
        with stopping() as stop:
            post = Post(shift, coming, counts, book, stop, every)
            show.note(f"callqa watch: looking at {', '.join(map(str, folders))}; Ctrl-C ends it")
            told, ended = shift.follow(post.events, counts, book, progress.Told(show.note), Held())
    finish(told, ended, False, when_done=0)


@dataclass(slots=True)
class Post:
    """Looks at the folders, works on what is complete, and goes on through whatever passes by itself."""

    shift: Shift
    coming: Arrivals
    counts: Tally
    book: Book
    stop: threading.Event
    every: float
    _pending: dict[Path, None] = field(default_factory=dict)
    _away: tuple[Path, ...] = ()
    _said: str = ""
    _next_failures: float = 0.0
    under: str = field(init=False)

    def __post_init__(self) -> None:
        from callqa.nightly import again

        self.under = again.under(self.shift.team.settings)

    def events(self) -> Iterator[Event]:
        """What becomes of each recording, until the watch is stopped."""
        while not self.stop.is_set():
            began = time.monotonic()
            self._look(began)
            took = time.monotonic() - began
            try:
                yield from self._round(self._due(list(self._pending)[:TOGETHER]))
                self._said = ""
            except StoreBusy as error:
                self._wait(f"waiting for {error.holder}")
            except (StoreError, ConfigError, UsageError) as error:
                self._wait(f"{error}; waiting")
            # a folder that is slow to list is listed less often; between rounds others may have the store
            self.stop.wait(GAP if self._pending else max(self.every, took))

    def _look(self, now: float) -> None:
        look = self.coming.look(now)
        self._pending |= dict.fromkeys(look.ready)
        for folder in set(look.away) - set(self._away):
            show.note(f"callqa watch: {folder} is away; waiting for it")
        for folder in set(self._away) - set(look.away):
            show.note(f"callqa watch: {folder} is back")
        self._away = look.away

    def _due(self, paths: Sequence[Path]) -> list[Path]:
        """Those to work on: not what failed before and cannot be helped yet, and now and then what can."""
        from datetime import UTC, datetime

        from callqa.nightly import again

        if not paths and time.monotonic() < self._next_failures:
            return []
        self._next_failures = time.monotonic() + FAILED_EVERY
        team, names = self.shift.team, dict.fromkeys(map(str, paths))
        failures = {f.path: f for f in team.failures() if any(map(Path(f.path).is_relative_to, self.coming.folders))}
        parted = again.parted(
            [*names, *(f for f in failures if f not in names)], failures, datetime.now(UTC), self.under
        )
        for failure in parted.aside:
            self._pending.pop(Path(failure.path), None)
        return [Path(path) for path in parted.taken]

    def _round(self, paths: Sequence[Path]) -> Iterator[Event]:
        """Works on those files with the store to ourselves."""
        from callqa.nightly import lock

        there = [path for path in paths if path.is_file()]
        for path in set(paths) - set(there):
            self._pending.pop(path, None)  # taken away again
        if not there:
            return
        team = self.shift.team
        with lock.held(team.store, "watch", show.note, patience=0.0):
            jobs = jobs_of(team, there, self.shift.calls)
            self.counts.more(len(jobs))
            self.book.queue(there)
            for event in self.shift.events(jobs):
                if event.kind != "retrying":
                    self._pending.pop(event.path, None)
                yield event
                if self.stop.is_set():
                    return

    def _wait(self, why: str) -> None:
        if why != self._said:
            show.note(f"callqa watch: {why}")
        self._said = why
        self.stop.wait(AWAY)


@contextmanager
def stopping() -> Iterator[threading.Event]:
    """Set by the first Ctrl-C or SIGTERM; the second stops at once."""
    stop = threading.Event()

    def heard(number: int, frame: FrameType | None) -> None:
        if stop.is_set():
            raise KeyboardInterrupt
        stop.set()
        show.note("callqa watch: stopping after the recording in work; once more stops at once")

    # the kernel asks with SIGIO for a lease that we hold for a moment; its default is to end the process
    handlers: dict[int, Any] = {signal.SIGINT: heard, signal.SIGTERM: heard, signal.SIGIO: signal.SIG_IGN}
    before = {number: signal.signal(number, handler) for number, handler in handlers.items()}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
