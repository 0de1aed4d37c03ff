"""The nightly run: thousands of recordings through workers, one writer, each done or set aside with a reason.

Workers hash, hear, measure, judge and draw (``tasks``); this process alone writes. What is written is written whole, a
recording at a time, so a run that was killed at any moment goes on where it was. A call is settled when its score, its
page and all they hang on are today's; the next run passes over it at the cost of two rows read.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from callqa import __version__, engines, habit, models, pages
from callqa.api import Team
from callqa.engines import Done, Failed
from callqa.errors import StoreError, UsageError
from callqa.events import Event
from callqa.lineup import Lineup
from callqa.pages import INDEX, put, report_name
from callqa.pipeline import Job, Snapshot, fingerprint
from callqa.plan import Case, ordered
from callqa.plan import Plan as Plan
from callqa.pool import Pool
from callqa.reports import index
from callqa.reports.index import Row
from callqa.reports.view import label
from callqa.store import Failure, many, recent
from callqa.store.many import KnownFile
from callqa.tasks import Finishing, Hashing, Heard, Hearing, Judged, Judging, Line, MakeWorker, Preparing, Ready, Unread
from callqa.types import Language, Recording, Seconds

T = TypeVar("T")
STAGE = "settled"
UNWRITTEN = "usage_error"  # a worker's word for a folder of pages that cannot be written to
AT_ONCE = 16  # files hashed by one task
PATIENCE: Seconds = 300.0  # for a database that is away


def run(team: Team, jobs: Sequence[Job], plan: Plan) -> Iterator[Event]:
    """What became of every recording, one event each (and one more for each that is tried again), as it comes.

    Raises what stops a whole run: StoreError, ModelError, EngineError; what is done by then is kept.
    """
    yield from Run(team, jobs, plan).events()


class Run:
    """The state of one run."""

    def __init__(self, team: Team, jobs: Sequence[Job], plan: Plan) -> None:
        self.team, self.store, self.plan = team, team.store, plan
        self.jobs = {str(job.path): job for job in jobs}
        self.files: dict[str, KnownFile] = {}
        self.unread: dict[str, Unread] = {}
        self.cases: dict[str, Case] = {}
        self.lineup = Lineup({})
        self.to_hash: deque[Hashing] = deque()
        self.to_hear: deque[str] = deque()
        self.to_judge: deque[str] = deque()
        self.again: list[str] = []
        self.open: set[str] = set()
        self.hashing = self.preparing = self.at_work = 0
        self.marked = False
        self.new: set[str] = set()
        self.copies: dict[str, list[str]] = {}
        self.pool: Pool | None = None
        self.prepared: dict[str, tuple[Hearing, Recording]] = {}
        self.to_finish: deque[Finishing] = deque()
        self.late: deque[Event] = deque()
        parts, settings = team.parts, team.settings
        told = (settings.languages, settings.roles, parts.transcriber, parts.diarizer, parts.cues, settings.analysers)
        shown = (__version__, plan.language, plan.embed, str(plan.out.absolute()) if plan.out else "")
        self.base = fingerprint(STAGE, told, parts.cards, parts.errors, shown)

    def events(self) -> Iterator[Event]:
        known = self.patiently(lambda: many.known_files(self.store, self.jobs))
        self.files = {path: file for path, file in known.items() if file.same(path)}
        new = [path for path in self.jobs if path not in self.files]
        self.new = {*new, *(failure.path for failure in self.patiently(self.store.failures))}
        self.to_hash.extend(Hashing(tuple(new[i : i + AT_ONCE])) for i in range(0, len(new), AT_ONCE))
        self.hashing = len(self.to_hash)
        if not self.hashing:
            yield from self.sorted_out()
        if self.hashing or self.open:
            yield from self.worked()
        self.write_index()

    def worked(self) -> Iterator[Event]:
        """Everything that needs workers."""
        plan = self.plan
        made = MakeWorker(self.team.settings, plan.out, plan.language, plan.embed)
        pooled = models.device() == "cuda" if plan.pooled is None else plan.pooled
        try:
            if pooled:
                gpu = models.device() == "cuda"
                ears = self.engine(1, 1.0) if gpu else self.engine(plan.workers or models.cores())
                self.pool = Pool(ears, made, plan.window or (1800.0 if gpu else 400.0))
            for outcome in self.engine(plan.workers or models.cores()).map(made, self.feed()):
                yield from self.took(outcome)
                yield from self.told_late()
            yield from self.told_late()
        finally:
            if self.pool:
                self.pool.close()

    def engine(self, workers: int, gpus: float = 0.0) -> engines.Engine:
        plan = self.plan
        told = {"start_seconds": plan.start_seconds, "memory_gb": plan.memory_gb, "address": plan.address}
        return engines.make(plan.engine, workers, **told, gpus=gpus)  # type: ignore[arg-type]

    def told_late(self) -> Iterator[Event]:
        """What became known between two answers of the workers."""
        while self.late:
            yield self.late.popleft()

    def feed(self) -> Iterator[Any]:
        """The tasks, counted."""
        for task in self.tasks():
            self.at_work += task is not engines.WAIT
            yield task

    def tasks(self) -> Iterator[Any]:
        """The next task; WAIT where all that is left hangs on what is in work."""
        while self.hashing or self.open or self.again:
            if self.to_hash:
                yield self.to_hash.popleft()
            elif self.to_judge:
                yield self.judging(self.to_judge.popleft())
            elif self.collected():
                yield self.to_finish.popleft()
            elif self.to_hear and (self.pool is None or self.pool.room()):
                yield self.hearing(self.to_hear.popleft())
            elif self.again and not (self.at_work or self.prepared):
                self.to_hear.extend(self.again)  # all others are done, or wait for these
                self.again.clear()
            else:
                yield engines.WAIT

    def collected(self) -> bool:
        """Takes what the pool has heard; whether there is a call to measure."""
        if self.pool is None:
            return False
        self.pool.more = bool(self.to_hear or self.preparing)
        for sha, answer in self.pool.taken():
            task, recording = self.prepared.pop(sha)
            if isinstance(answer, Failed):
                self.late.extend(self.failed(sha, replace(answer, item=task)))
            else:
                self.to_finish.append(Finishing(task, recording, answer))
        return bool(self.to_finish)

    def took(self, outcome: Done[Any, Any] | Failed[Any]) -> Iterator[Event]:
        """What an answer means: rows written, others set free, an event."""
        task, self.at_work = outcome.item, self.at_work - 1
        if isinstance(task, Preparing | Finishing):
            self.preparing -= isinstance(task, Preparing)
            task = task.hearing
            outcome = replace(outcome, item=task)
        if isinstance(task, Hashing):
            yield from self.hashed(task, outcome)
        elif isinstance(outcome, Failed):
            sha = task.file.sha256 if isinstance(task, Hearing) else task.recording.sha256
            yield from self.failed(sha, outcome)
        elif isinstance(outcome.value, Ready):
            assert self.pool is not None
            self.prepared[task.file.sha256] = task, outcome.value.recording
            self.pool.put(task.file.sha256, outcome.value.call)
        elif isinstance(task, Hearing):
            yield from self.heard(task, outcome.value)
        else:
            yield from self.judged(task, outcome.value)

    def hashed(self, task: Hashing, outcome: Done[Any, Any] | Failed[Any]) -> Iterator[Event]:
        self.hashing -= 1
        if isinstance(outcome, Failed) and len(task.paths) > 1:
            # one file of these hangs or kills: each by itself tells which
            self.to_hash.extend(Hashing((path,)) for path in task.paths)
            self.hashing += len(task.paths)
            return
        failed = Unread(outcome.code, outcome.problem) if isinstance(outcome, Failed) else None
        for path, found in zip(task.paths, [failed] if failed else outcome.value, strict=True):  # type: ignore[union-attr]
            if isinstance(found, KnownFile):
                self.files[path] = found
            else:
                self.unread[path] = found
        if not self.hashing:
            yield from self.sorted_out()

    def sorted_out(self) -> Iterator[Event]:
        """Every file's content is known: what is unread, a copy, settled, or to be done."""
        for path, job in sorted(self.jobs.items()):
            if unread := self.unread.get(path):
                yield self.set_aside(path, unread.code, unread.problem, retryable=True)
            elif (sha := self.files[path].sha256) in self.cases:
                self.copies.setdefault(sha, []).append(path)
            else:
                self.cases[sha] = Case(job, self.files[path])
        self.patiently(self.look_up)
        settled = self.sort_cases()
        self.patiently(lambda: self.put_files(str(self.cases[sha].job.path) for sha in settled))
        for case in map(self.cases.__getitem__, settled):
            yield Event(case.job.path, "unchanged", case.recording.duration if case.recording else 0.0)
        yield from self.copied(settled)

    def copied(self, shas: Sequence[str]) -> Iterator[Event]:
        """Those recordings are done, and so are the files that hold the same."""
        copies = [path for sha in shas for path in self.copies.get(sha, ())]
        self.patiently(lambda: self.put_files(copies))
        yield from (Event(Path(path), "copy") for path in copies)

    def look_up(self) -> None:
        """What the store knows of the run's calls; whose and when they were, it is told anew."""
        if moved := many.retold(self.store, {sha: case.job.metadata for sha, case in self.cases.items()}):
            with self.store.write() as write:
                for sha in moved:
                    write.put_metadata(sha, self.cases[sha].job.metadata)
        settled = many.current_of(self.store, STAGE, self.cases)
        recordings = many.recordings_of(self.store, self.cases)
        reps = {m.rep_id for case in self.cases.values() if (m := case.job.metadata).rep_id and m.started_at}
        self.lineup = Lineup.of(recent.histories(self.store, habit.STAGE, sorted(reps)))
        for sha, case in self.cases.items():
            case.recording, case.settled = recordings.get(sha), settled.get(sha, "")

    def sort_cases(self) -> list[str]:
        """Puts what is to be done into its queue; gives those that are settled and stay so."""
        for sha, case in self.cases.items():
            case.stale = not self.is_settled(sha)
        stale = {sha for sha, case in self.cases.items() if case.stale}
        done = self.lineup.enter({sha: case.job.metadata for sha, case in self.cases.items()}, stale)
        self.open = set(self.cases) - set(done)
        self.to_hear.extend(ordered({sha: self.cases[sha] for sha in stale}))
        return done

    def is_settled(self, sha: str) -> bool:
        case = self.cases[sha]
        if case.recording is None or case.settled != self.settled_print(sha):
            return False
        return self.plan.out is None or (self.plan.out / report_name(self.placed(case))).is_file()

    def settled_print(self, sha: str) -> str:
        case = self.cases[sha]
        past = [(entry[1], entry[2]) for entry in self.lineup.past(case.job.metadata, habit.CALLS)]
        return fingerprint(STAGE, self.base, str(case.job.path), replace(case.job.metadata, file=""), past)

    def placed(self, case: Case) -> Recording:
        """The recording as this run finds it: the file may have moved since it was heard."""
        assert case.recording is not None
        return replace(case.recording, path=str(case.job.path))

    def hearing(self, sha: str) -> Hearing | Preparing:
        case = self.cases[sha]
        kept = self.patiently(lambda: many.answers(self.store, sha)) if case.recording else {}
        task = Hearing(str(case.job.path), case.file, case.job.metadata, case.recording, Snapshot(kept))
        self.preparing += self.pool is not None
        return Preparing(task) if self.pool else task

    def judging(self, sha: str) -> Judging:
        case, told = self.cases[sha], self.cases[sha].job.metadata
        kept = self.patiently(lambda: many.answers(self.store, sha))
        past: Sequence[bytes] = ()
        if told.rep_id and told.started_at:
            args = (habit.STAGE, told.rep_id, told.started_at, habit.CALLS)
            past = self.patiently(lambda: self.store.earlier(*args))
        return Judging(self.placed(case), told, Snapshot(kept, tuple(past)), self.settled_print(sha))

    def heard(self, task: Hearing, answer: Heard) -> Iterator[Event]:
        sha = task.file.sha256
        case = self.cases[sha]
        case.recording, case.wall = answer.recording, case.wall + answer.wall

        def write() -> None:
            with self.store.write() as write:
                write.put_recording(answer.recording)
                write.put_file(case.job.path, sha, case.file.size, case.file.mtime_ns)
                write.put_metadata(sha, case.job.metadata)
                for stage, print_, value in answer.answers:
                    write.put(sha, stage, print_, value)

        self.patiently(write)
        yield from self.released(self.lineup.measured(sha, case.job.metadata, answer.habit))

    def released(self, shas: Iterable[str]) -> Iterator[Event]:
        """Nothing earlier holds these calls up: they are judged, unless nothing changed for them."""
        for sha in shas:
            case = self.cases[sha]
            if sha not in self.open:
                continue  # set aside in the meantime
            if case.stale or not self.is_settled(sha):
                self.to_judge.append(sha)
            else:
                self.open.discard(sha)
                yield Event(case.job.path, "unchanged", self.placed(case).duration)
                yield from self.copied([sha])

    def judged(self, task: Judging, answer: Judged) -> Iterator[Event]:
        sha, out = task.recording.sha256, self.plan.out
        case = self.cases[sha]
        self.mark_index()
        for name, content in answer.files.items():
            assert out is not None
            self.to_disk(out / name, content)

        def write() -> None:
            with self.store.write() as write:
                write.put_recording(task.recording)
                for stage, print_, value in answer.answers:
                    write.put(sha, stage, print_, value)
                write.put(sha, STAGE, task.settled, msgspec.json.encode(answer.line))
                write.clear_failure(str(case.job.path))

        self.patiently(write)
        self.open.discard(sha)
        line, wall = answer.line, case.wall + answer.wall
        told = {"language": line.language, "layout": line.layout, "wall": wall}
        yield Event(case.job.path, "scored", task.recording.duration, line.row.score, **told)  # type: ignore[arg-type]
        yield from self.copied([sha])

    def failed(self, sha: str, outcome: Failed[Any]) -> Iterator[Event]:
        """Tried once more at the end of the run where that can help, else set aside; nobody waits for it longer."""
        case = self.cases[sha]
        if isinstance(outcome.item, Judging) and outcome.code == UNWRITTEN:
            raise UsageError(outcome.problem)  # the next call would meet the same
        if outcome.retryable and not case.tried and isinstance(outcome.item, Hearing):
            case.tried = True
            self.again.append(sha)
            yield Event(case.job.path, "retrying", code=outcome.code, problem=outcome.problem, retryable=True)
            return
        self.open.discard(sha)
        first = str(case.job.path)
        for path in (first, *self.copies.get(sha, ())):  # what is wrong with one is wrong with all that hold the same
            problem = outcome.problem.replace(first, path)
            yield self.set_aside(path, outcome.code, problem, outcome.retryable, outcome.trace)
        yield from self.released(self.lineup.passed(sha, case.job.metadata))

    def set_aside(self, path: str, code: str, problem: str, retryable: bool, trace: str = "") -> Event:
        failure = Failure(path, code, problem, retryable, trace, under=self.plan.under)

        def write() -> None:
            with self.store.write() as write:
                write.put_failure(failure)

        self.mark_index()
        self.patiently(write)
        return Event(Path(path), "failed", code=code, problem=problem, retryable=retryable)

    def put_files(self, paths: Iterable[str]) -> None:
        """Notes what those files hold that are new, changed or were set aside before."""
        if noted := [(path, self.files[path]) for path in paths if path in self.new]:
            with self.store.write() as write:
                for path, file in noted:
                    write.put_file(Path(path), file.sha256, file.size, file.mtime_ns)
                    write.clear_failure(path)

    def mark_index(self) -> None:
        """Whatever ends this run, one after it finds out that the index is no longer true."""
        if self.plan.out is not None and not self.marked:
            self.to_disk(self.plan.out / INDEX, b"", lambda path, _: pages.mark(path))
            self.marked = True

    def write_index(self) -> None:
        """The page that lists the run's calls, where anything on it has changed, in this run or one that was killed."""
        out = self.plan.out
        if out is None or not self.plan.listed or not pages.due(out / INDEX):
            return
        values = self.patiently(lambda: many.values_of(self.store, STAGE, self.cases))
        lines = [msgspec.json.decode(value, type=Line) for value in values.values()]
        russian = sum(line.language == "ru" for line in lines) * 2 >= len(lines)
        language: Language = self.plan.language or ("ru" if russian else "en")
        names = self.team.parts.catalogue
        rows = [replace(line.row, top_loss=line.top_loss and label(names, line.top_loss, language)) for line in lines]
        mine = self.jobs.keys() | self.plan.aside
        aside = [f for f in self.patiently(self.store.failures) if f.path in mine]
        rows = sorted(rows, key=lambda row: (row.started_at or "", row.file, row.href))
        rows += [Row(file=Path(f.path).name, problem=f.problem, code=f.code) for f in aside]
        self.to_disk(out / INDEX, index(rows, language).encode())

    def to_disk(self, path: Path, content: bytes, put: Callable[[Path, bytes], None] = put) -> None:
        try:
            put(path, content)
        except OSError as error:
            raise pages.unwritten(path.parent, error) from error

    def patiently(self, act: Callable[[], T]) -> T:
        """Do it; while the database is away, wait and do it again."""
        began, pause = time.monotonic(), 0.5
        while True:
            try:
                return act()
            except StoreError as error:
                if not error.passing or time.monotonic() - began > PATIENCE:
                    raise
                self.plan.note(f"{error}; waiting for it")
                time.sleep(pause)
                pause = min(2 * pause, 15.0)
