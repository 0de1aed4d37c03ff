"""What a run came to: read by people in a mail, and as JSON by programs."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

import msgspec

from callqa.nightly import advice
from callqa.nightly.tally import Seen
from callqa.types import Seconds

State = Literal["done", "stopped", "died"]
KINDS = {"scored": "scored", "unchanged": "unchanged", "copy": "copies of others", "failed": "set aside now"}
STATES = {"done": "done", "stopped": "stopped before its end", "died": "broken off"}
NAME = 60  # letters of a file's name in a line of 80


@dataclass(frozen=True, slots=True)
class Reason:
    """Why files are set aside: how many in this run, how many before it, a few of them, what to do."""

    code: str
    now: int
    before: int
    files: tuple[str, ...]
    means: str
    cure: str
    tried_again: bool


@dataclass(frozen=True, slots=True)
class Summary:
    """One run. Times are UTC, ISO 8601; ``seconds`` and ``call_seconds`` in seconds; files as the folders name them.

    ``counts``: recordings by what became of them, ``aside`` being those that failed in an earlier run and were not due;
    ``waiting``: recordings the run did not come to. ``problem``: what broke it off. ``exit_code``: as the command's.
    """

    command: str
    run: int
    state: State
    exit_code: int
    problem: str
    folders: tuple[str, ...]
    started_at: str
    ended_at: str
    seconds: Seconds
    recordings: int
    counts: dict[str, int]
    waiting: int
    call_seconds: Seconds
    calls_per_hour: float
    call_hours_per_hour: float
    failures: tuple[Reason, ...]
    notes: tuple[str, ...] = ()


def summary(
    command: str,
    run: int,
    state: State,
    seen: Seen,
    folders: Sequence[str],
    started: datetime,
    *,
    problem: str = "",
    notes: Sequence[str] = (),
) -> Summary:
    """The account of a run that is over now."""
    codes = sorted({*seen.failed, *seen.aside}, key=lambda c: (-seen.failed.get(c, 0), -seen.aside.get(c, 0), c))
    return Summary(
        command=command,
        run=run,
        state=state,
        exit_code=1 if codes or problem else 0,
        problem=problem,
        folders=tuple(folders),
        started_at=started.astimezone(UTC).isoformat(timespec="seconds"),
        ended_at=datetime.now(UTC).isoformat(timespec="seconds"),
        seconds=round(seen.passed, 1),
        recordings=seen.total,
        counts={**{kind: seen.kinds.get(kind, 0) for kind in KINDS}, "aside": sum(seen.aside.values())},
        waiting=seen.waiting,
        call_seconds=round(seen.seconds, 1),
        calls_per_hour=round(seen.calls_per_hour, 1),
        call_hours_per_hour=round(seen.call_hours_per_hour, 2),
        failures=tuple(_reason(code, seen, folders) for code in codes),
        notes=tuple(notes),
    )


def encoded(told: Summary) -> bytes:
    return msgspec.json.format(msgspec.json.encode(told), indent=2) + b"\n"


def write(path: Path, told: Summary) -> None:
    """Whole or not at all: a program may read it while the next run writes."""
    partial = path.with_name(f".{path.name}.part")
    partial.write_bytes(encoded(told))
    os.replace(partial, path)


def text(told: Summary) -> str:
    """The summary in lines of at most 80 letters."""
    return "\n".join(_lines(told))


def _lines(told: Summary) -> Iterator[str]:
    done = told.recordings - told.waiting
    many = f"{done:,} of {told.recordings:,} recording{'' if told.recordings == 1 else 's'}"
    yield f"callqa {told.command} {told.run}: {STATES[told.state]}, {many}, {clock(told.seconds)}"
    if told.problem:
        yield f"  {told.problem}"
    yield ""
    for kind, count in told.counts.items():
        if count and kind in KINDS:
            length = f"   {_length(told.call_seconds)} of calls" if kind == "scored" else ""
            yield f"  {KINDS[kind]:<22}{count:>8,}{length}"
    if told.counts["aside"]:
        yield f"  {'still set aside':<22}{told.counts['aside']:>8,}   not due for another try"
    if told.waiting:
        yield f"  {'waiting':<22}{told.waiting:>8,}   the next run takes them up"
    yield from ("", *(f"note: {note}" for note in told.notes)) if told.notes else ()
    yield from _aside(told)
    if told.calls_per_hour and told.command != "watch":  # most of its time a watch waits
        speed = f"{told.calls_per_hour:,.0f} calls an hour, {told.call_hours_per_hour:,.1f} hours of calls an hour"
        yield from ("", speed)
    yield from ("", f"{_when(told.started_at)} to {_when(told.ended_at)} UTC")


def _aside(told: Summary) -> Iterator[str]:
    if not told.failures:
        return
    yield from ("", "set aside                  now  before")
    for reason in told.failures:
        yield f"  {reason.code:<20}{reason.now:>8,}{reason.before:>8,}   {reason.means}"
        yield f"    {'is tried again by itself; else: ' if reason.tried_again else ''}{reason.cure}"
        yield from (f"      {_short(name)}" for name in reason.files)
        if (rest := reason.now + reason.before - len(reason.files)) > 0:
            yield f"      and {rest:,} more"
    yield from ("", "`callqa status --failed` names all of them; docs/runbook.md says what to do.")


def _reason(code: str, seen: Seen, folders: Sequence[str]) -> Reason:
    told = advice.of(code)
    names = tuple(_within(name, folders) for name in seen.names.get(code, ()))
    return Reason(code, seen.failed.get(code, 0), seen.aside.get(code, 0), names, told.means, told.cure, told.passes)


def _within(path: str, folders: Sequence[str]) -> str:
    """The path as it stands in the folder that holds it: the same on every machine."""
    for folder in folders:
        if Path(path).is_relative_to(Path(folder).absolute()):
            return str(Path(path).relative_to(Path(folder).absolute()))
    return path


def _short(name: str) -> str:
    return name if len(name) <= NAME else f"...{name[3 - NAME :]}"


def clock(seconds: Seconds) -> str:
    """
    >>> clock(11563.2), clock(43.6)
    ('3:12:43', '0:00:44')
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes // 60}:{minutes % 60:02d}:{rest:02d}"


def _length(seconds: Seconds) -> str:
    return f"{seconds / 3600:,.1f} h" if seconds >= 3600 else f"{seconds / 60:.0f} min"


def _when(at: str) -> str:
    return at[:19].replace("T", " ")
