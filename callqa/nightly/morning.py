"""The morning after in words: what is done, what is set aside and why, what is waiting, what to do about it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from callqa.nightly import advice, again
from callqa.nightly.progress import left
from callqa.nightly.summary import clock
from callqa.store import Failure
from callqa.store.runs import Run, Totals

SHOWN = 10  # files set aside that are named without being asked for
RUNS = 5


@dataclass(frozen=True, slots=True)
class Morning:
    """What the store tells at this moment."""

    totals: Totals
    failures: Sequence[Failure]
    runs: Sequence[Run]
    waiting: int
    now: datetime

    def lines(self, trace: bool = False) -> Iterator[str]:
        """For a terminal of 80 letters; problems may be longer."""
        yield self.headline()
        yield from _reasons(self.failures, self.now)
        yield from ("", *failed(self.failures, trace, SHOWN)) if self.failures else ()
        yield from _runs(self.runs[:RUNS], self.now)
        if steps := list(self.steps()):
            yield from ("", "to do", *(f"  {step}" for step in steps))

    def headline(self) -> str:
        waiting = f", {self.waiting:,} waiting" if self.waiting else ""
        return f"{self.totals.scored:,} calls in the store, {len(self.failures):,} files set aside{waiting}"

    def steps(self) -> Iterator[str]:
        """What a person does next."""
        at_work = [run for run in self.runs if run.state == "running" and not run.silent]
        if self.waiting and not at_work:
            folders = next((run.folders for run in self.runs if run.command == "batch"), ())
            yield f"callqa batch {' '.join(map(_quoted, folders)) or 'FOLDER'}   # goes on with what is waiting"
        codes = {f.code for f in self.failures if again.next_try(f) is None}
        for code in sorted(codes):
            yield f"{code}: {advice.of(code).cure}"
        if codes:
            yield "callqa retry PATH   # when it is mended; docs/runbook.md has more"


def _reasons(failures: Sequence[Failure], now: datetime) -> Iterator[str]:
    by_code: dict[str, list[Failure]] = {}
    for failure in failures:
        by_code.setdefault(failure.code, []).append(failure)
    if by_code:
        yield from ("", "set aside             files")
    for code, found in sorted(by_code.items(), key=lambda row: (-len(row[1]), row[0])):
        yield f"  {code:<18}{len(found):>7,}   {_hope(found, now)}"


def _hope(found: Sequence[Failure], now: datetime) -> str:
    tries = [at for f in found if (at := again.next_try(f)) is not None]
    if not tries:
        return f"needs a person: {advice.of(found[0].code).means}"
    wait = (min(tries) - now).total_seconds()
    when = "in the next batch" if wait <= 0 else f"in a batch from {_minute(min(tries))} on"
    rest = len(found) - len(tries)
    return f"tried again {when}" + (f"; {rest} need a person" if rest else "")


def _runs(runs: Sequence[Run], now: datetime) -> Iterator[str]:
    if runs:
        yield from ("", "last runs (UTC)")
    for run in runs:
        started = _minute(_time(run.started_at))
        yield f"  {run.run:>4} {run.command:<6} {started}  {_state(run, now):<10} {_counts(run.counts)}"
        if run.state == "running":
            seen = (now - _time(run.seen_at)).total_seconds()
            yield f"       {run.process}, seen {left(max(0.0, seen))} ago"


def _state(run: Run, now: datetime) -> str:
    if run.state == "running":
        return "killed?" if run.silent else "at work"
    if run.state == "done" and run.ended_at:
        return clock((_time(run.ended_at) - _time(run.started_at)).total_seconds())
    return {"stopped": "stopped", "died": "broke off"}.get(run.state, run.state)


def _counts(counts: Mapping[str, Any]) -> str:
    names = {"scored": "scored", "unchanged": "unchanged", "failed": "set aside", "aside": "left aside"}
    told = [f"{counts[kind]:,} {name}" for kind, name in names.items() if counts.get(kind)]
    return ", ".join(told) or "nothing to do"


def failed(failures: Sequence[Failure], trace: bool, most: int | None = None) -> Iterator[str]:
    """Each file with its reason, ``most`` of them at most."""
    for failure in failures[:most]:
        tries = f" ({failure.attempts} tries)" if failure.attempts > 1 else ""
        yield f"  {failure.code}: {failure.problem}{tries}"
        if trace and failure.trace:
            yield "    " + failure.trace.strip().replace("\n", "\n    ")
    if most is not None and (rest := len(failures) - most) > 0:
        yield f"  and {rest:,} more: callqa status --failed"


def _quoted(folder: str) -> str:
    return f"'{folder}'" if " " in folder else folder


def _minute(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M}"


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
