"""The runs of batch, watch and retry in the store: what they did, which one is at work, what is still waiting."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Literal

import msgspec
import sqlalchemy as sa

from callqa.store import Store, Writer
from callqa.store.bulk import Merging
from callqa.store.tables import current, failures, files, queue, recordings, runs

State = Literal["running", "done", "stopped", "died"]
SILENT = timedelta(minutes=10)  # a run that is at work is seen every half minute
MANY = 500  # names in one statement


@dataclass(frozen=True, slots=True)
class Run:
    """One run. ``counts`` as its summary tells them; ``seen_at``: when it last said that it is at work."""

    run: int
    command: str
    folders: tuple[str, ...]
    calls: str | None
    engine: str
    process: str
    state: State
    started_at: str
    seen_at: str
    ended_at: str | None
    counts: Mapping[str, Any]

    @property
    def silent(self) -> bool:
        """Whether it says that it is at work and has not been seen for long: it was killed."""
        return self.state == "running" and _time(self.seen_at) < datetime.now(UTC) - SILENT


@dataclass(frozen=True, slots=True)
class Totals:
    """How many calls the store holds, how many were scored, how long all of them last (seconds), files known."""

    recordings: int
    scored: int
    seconds: float
    files: int


def process() -> str:
    """Who we are, for a person who finds us at work."""
    return f"process {os.getpid()} on {socket.gethostname()}"


def begin(store: Store, command: str, folders: Sequence[str], calls: str | None, engine: str) -> int:
    """Note that a run starts. It has the store to itself, so that others which said no end were killed.

    A watch has not: it shares the store between recordings.
    """
    row = {"command": command, "folders": _json(list(folders)), "calls": calls, "engine": engine, "process": process()}
    times = {"started_at": _now(), "seen_at": _now(), "counts": "{}", "state": "running"}
    with store.write() as write:
        if command != "watch":
            died = sa.update(runs).values(state="died", ended_at=runs.c.seen_at).where(runs.c.state == "running")
            write.connection.execute(died.where((runs.c.command != "watch") | (runs.c.seen_at < _long_ago())))
        made = write.connection.execute(sa.insert(runs).values(**row, **times))
        found = made.inserted_primary_key
    assert found is not None, "a table with a number of its own"
    return int(found[0])


def enqueue(store: Store, run: int, paths: Iterable[str], folders: Sequence[str] = ()) -> None:
    """What the run is about to do; what an earlier one left waiting in those folders is forgotten."""
    with store.write() as write:
        for folder in folders:
            inside = queue.c.path.startswith(folder.rstrip(os.sep) + os.sep, autoescape=True)
            write.connection.execute(sa.delete(queue).where(inside))
        with Merging(write.connection, queue, ("path", "run")) as merging:
            for path in paths:
                merging.add((path, run))
            merging.settle()


def beat(store: Store, run: int, counts: Mapping[str, Any], done: Sequence[str]) -> None:
    """The run is at work: its counts so far, and what waits no longer."""
    with store.write() as write:
        _leave(write, done)
        values = {"seen_at": _now(), "counts": _json(counts)}
        write.connection.execute(sa.update(runs).where(runs.c.run == run).values(**values))


def end(store: Store, run: int, state: State, counts: Mapping[str, Any]) -> None:
    """The run is over; of one that was stopped the rest stays in the queue."""
    with store.write() as write:
        if state == "done":
            write.connection.execute(sa.delete(queue).where(queue.c.run == run))
        values = {"state": state, "seen_at": _now(), "ended_at": _now(), "counts": _json(counts)}
        write.connection.execute(sa.update(runs).where(runs.c.run == run).values(**values))


def latest(store: Store, most: int) -> list[Run]:
    """The last runs, the newest first."""
    return [_run(row) for row in store.rows(sa.select(runs).order_by(runs.c.run.desc()).limit(most))]


def before(store: Store, command: str) -> tuple[list[Mapping[str, Any]], float]:
    """The counts of every run of that command, and when one last came to its end (Unix time; 0: never)."""
    query = (
        sa.select(runs.c.counts, runs.c.state, runs.c.ended_at).where(runs.c.command == command).order_by(runs.c.run)
    )
    rows = store.rows(query)
    ends = [_time(row.ended_at).timestamp() for row in rows if row.state == "done"]
    return [msgspec.json.decode(row.counts) for row in rows], max(ends, default=0.0)


def waiting(store: Store) -> list[tuple[str, int]]:
    """What runs still have to come to, by path, each with the number of its run."""
    return [(row.path, row.run) for row in store.rows(sa.select(queue).order_by(queue.c.path))]


def totals(store: Store) -> Totals:
    """Counts over the whole store: milliseconds, however many calls it holds."""
    length = sa.func.coalesce(sa.func.sum(recordings.c.duration), 0.0)
    (heard,) = store.rows(sa.select(sa.func.count().label("n"), length.label("seconds")).select_from(recordings))
    scored = sa.select(sa.func.count().label("n")).select_from(current).where(current.c.stage == "score")
    names = sa.select(sa.func.count().label("n")).select_from(files)
    return Totals(heard.n, store.rows(scored)[0].n, float(heard.seconds), store.rows(names)[0].n)


def known_in(store: Store, folders: Sequence[str]) -> int:
    """How many files of those folders were ever scored."""
    inside = [files.c.path.startswith(folder.rstrip(os.sep) + os.sep, autoescape=True) for folder in folders]
    return int(store.rows(sa.select(sa.func.count().label("n")).select_from(files).where(sa.or_(*inside)))[0].n)


def forget_gone(store: Store, folders: Sequence[str], there: Iterable[str]) -> int:
    """Files that were set aside in those folders and have been taken away since need nobody any more."""
    kept = set(there)
    with store.write() as write:
        rows = write.connection.execute(sa.select(failures.c.path)).all()
        gone = [row.path for row in rows if row.path not in kept and _inside(row.path, folders)]
        gone = [path for path in gone if not Path(path).exists()]
        for path in gone:
            write.clear_failure(path)
    return len(gone)


def _inside(path: str, folders: Sequence[str]) -> bool:
    return any(Path(path).is_relative_to(folder) for folder in folders)


def _leave(write: Writer, done: Sequence[str]) -> None:
    for start in range(0, len(done), MANY):
        write.connection.execute(sa.delete(queue).where(queue.c.path.in_(done[start : start + MANY])))


def _run(row: sa.Row[Any]) -> Run:
    told = (row.command, tuple(msgspec.json.decode(row.folders)), row.calls, row.engine, row.process, row.state)
    return Run(row.run, *told, row.started_at, row.seen_at, row.ended_at, msgspec.json.decode(row.counts))


def _json(value: Any) -> str:
    return msgspec.json.encode(value, order="deterministic").decode()


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _long_ago() -> str:
    return (datetime.now(UTC) - SILENT).isoformat(timespec="seconds")
