"""A run as the commands of the night start it: noted in the store, heard by all who listen, with its summary."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from callqa.cli import show
from callqa.errors import UsageError

if TYPE_CHECKING:
    from callqa.api import Team
    from callqa.events import Event
    from callqa.nightly.book import Book
    from callqa.nightly.follow import Listener
    from callqa.nightly.lock import Held
    from callqa.nightly.summary import Summary
    from callqa.nightly.tally import Tally
    from callqa.pipeline import Job
    from callqa.store import Failure

Pages = Annotated[Path | None, typer.Option(help="Folder for the pages; none are written by default.")]
Engine = Annotated[Literal["local", "ray"], typer.Option(help="Where the work is done: this machine, or Ray.")]
Workers = Annotated[int | None, typer.Option(help="Recordings worked on at once; as the machine has cores or GPUs.")]
Address = Annotated[str | None, typer.Option(metavar="RAY", help="A running Ray cluster; one of its own by default.")]
SummaryFile = Annotated[Path | None, typer.Option(metavar="FILE.json", help="The summary as JSON.")]
LogFile = Annotated[Path | None, typer.Option(metavar="FILE.jsonl", help="Add a JSON line an event to this file.")]
PromFile = Annotated[
    Path | None, typer.Option(metavar="FILE.prom", help="Metrics for the node exporter's textfile collector.")
]


@dataclass(frozen=True, slots=True)
class Work:
    """How recordings are worked on."""

    engine: Literal["local", "ray"] = "local"
    workers: int | None = None
    address: str | None = None
    out: Path | None = None
    lang: Literal["ru", "en"] | None = None


@dataclass(frozen=True, slots=True)
class Reports:
    """Where a run is told of, beside the terminal."""

    summary: Path | None = None
    log: Path | None = None
    prometheus: Path | None = None

    def __post_init__(self) -> None:
        if self.summary and not self.summary.absolute().parent.is_dir():
            raise UsageError(f"--summary {self.summary}: no such folder")


@dataclass(frozen=True, slots=True)
class Shift:
    """One run of a command over a team's recordings; ``folders`` and ``calls`` as they were named."""

    team: Team
    command: str
    work: Work = Work()
    reports: Reports = Reports()
    folders: Sequence[Path] = ()
    calls: Path | None = None
    notes: list[str] = field(default_factory=list)

    def run(self, jobs: Sequence[Job], aside: Sequence[Failure], lock: Held) -> tuple[Summary, BaseException | None]:
        """Work on the jobs and account for them, and for the failures that are left aside."""
        from callqa.nightly import progress, tally

        paths = [job.path for job in jobs]
        counts = tally.Tally(len(jobs) + len(aside), tally.sizes(paths))
        for failure in aside:
            counts.leave_aside(failure.code, failure.path)
        book = self.book(counts)
        book.queue(paths, self.folders)
        names = frozenset(failure.path for failure in aside)
        return self.follow(lambda: self.events(jobs, names), counts, book, progress.progress(counts, show.note), lock)

    def book(self, counts: Tally) -> Book:
        """The run, noted in the store."""
        from callqa.nightly.book import Book

        return Book.begun(self.team.store, counts, show.note, self.command, self.folders, self.calls, self.work.engine)

    def events(self, jobs: Sequence[Job], aside: frozenset[str] = frozenset()) -> Iterator[Event]:
        """What becomes of each recording, as it comes. The page that lists calls is a batch's: it sees all of them."""
        from callqa import batch
        from callqa.nightly import again

        work, under = self.work, again.under(self.team.settings)
        plan = batch.Plan(work.engine, work.workers or 0, work.address or "", work.out, work.lang, under=under)
        return batch.run(self.team, jobs, replace(plan, note=show.note, listed=self.command == "batch", aside=aside))

    def follow(
        self,
        events: Callable[[], Iterable[Event]],
        counts: Tally,
        book: Book,
        progress: Listener,
        lock: Held,
    ) -> tuple[Summary, BaseException | None]:
        """The summary, in its file too, and what ended the run before its end."""
        from callqa.nightly import follow

        listeners = [progress, *self._listeners(counts), book]
        night = follow.Night(self.command, book.run, tuple(map(str, self.folders)), counts, listeners, lock, self.notes)
        told, ended = night.follow(events())
        if self.reports.summary:
            _write(self.reports.summary, told)
        return told, ended

    def _listeners(self, counts: Tally) -> Iterator[Listener]:
        from callqa.nightly import log, prometheus
        from callqa.store import runs

        if self.reports.log:
            yield log.Log(self.reports.log, show.note)
        if self.reports.prometheus:
            earlier = prometheus.before(*runs.before(self.team.store, self.command))
            yield prometheus.Textfile(self.reports.prometheus, self.command, counts, show.note, earlier)


def jobs_of(team: Team, paths: Sequence[Path], calls: Path | None) -> list[Job]:
    """Those files with what is known of them: from ``calls``, else each from the nearest calls.csv."""
    tables: dict[Path | None, list[Path]] = {}
    for path in paths:
        beside = next((f / "calls.csv" for f in path.parents if (f / "calls.csv").is_file()), None)
        tables.setdefault(calls or beside, []).append(path)
    return [job for table, files in tables.items() for job in team.jobs(files, table).items]


def finish(told: Summary, ended: BaseException | None, as_json: bool, when_done: int | None = None) -> None:
    """Say what the run came to and leave with its exit code, or ``when_done``; an error goes on its way."""
    from callqa.nightly import follow, summary

    sys.stdout.buffer.write(summary.encoded(told) if as_json else summary.text(told).encode() + b"\n")
    sys.stdout.flush()
    if isinstance(ended, follow.STOPS):
        raise typer.Exit(130)
    if ended is not None:
        raise ended
    raise typer.Exit(told.exit_code if when_done is None else when_done)


def _write(path: Path, told: Summary) -> None:
    from callqa.nightly import summary

    try:
        summary.write(path, told)
    except OSError as error:
        show.note(f"--summary {path}: {error.strerror}")
