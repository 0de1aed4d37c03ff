"""Commands about the night: batch and retry."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callqa.cli import show
from callqa.cli.calls import AsJson, Calls, Config, Lang, StoreUrl, examples
from callqa.cli.shift import (
    Address,
    Engine,
    LogFile,
    Pages,
    PromFile,
    Reports,
    Shift,
    SummaryFile,
    Work,
    Workers,
    finish,
    jobs_of,
)

if TYPE_CHECKING:
    from callqa.pipeline import Job
    from callqa.store import Failure


@examples(
    "callqa batch recordings/ --out reports",
    "callqa batch /mnt/pbx /mnt/branch --calls calls.csv --summary last.json --log batch.jsonl",
    "callqa batch recordings/ --engine ray --address auto --store postgresql+psycopg://callqa@db/callqa",
)
def batch(
    folders: Annotated[list[Path], typer.Argument(help="Folders of recordings.", show_default=False)],
    calls: Calls = None,
    engine: Engine = "local",
    workers: Workers = None,
    address: Address = None,
    out: Pages = None,
    store: StoreUrl = None,
    config: Config = None,
    lang: Lang = None,
    summary: SummaryFile = None,
    log: LogFile = None,
    prometheus: PromFile = None,
    as_json: AsJson = False,
) -> None:
    """The nightly run: what is new or stale is scored, what is done is passed over, what fails is set aside.

    A run that was stopped or killed goes on where it was. What failed before is tried again when that can help.
    """
    from callqa import api
    from callqa.nightly import follow, lock

    work, reports = Work(engine, workers, address, out, lang), Reports(summary, log, prometheus)
    with follow.stoppable(), api.team(config, store) as team, lock.held(team.store, "batch", show.note) as held:
        jobs = team.jobs(folders, calls)
        for line in jobs.notes:
            show.note(line)
        shift = Shift(team, "batch", work, reports, folders, calls)
        due, aside = _due(shift, jobs.items)
        told, ended = shift.run(due, aside, held)
    finish(told, ended, as_json)


@examples("callqa retry", "callqa retry recordings/0412.wav", "callqa retry --code worker_lost", "callqa retry --all")
def retry(
    paths: Annotated[list[Path] | None, typer.Argument(help="Files set aside, or folders.", show_default=False)] = None,
    code: Annotated[str | None, typer.Option(help="Those set aside for this reason.")] = None,
    all_: Annotated[bool, typer.Option("--all", help="Everything that is set aside.")] = False,
    calls: Calls = None,
    engine: Engine = "local",
    workers: Workers = None,
    address: Address = None,
    out: Pages = None,
    store: StoreUrl = None,
    config: Config = None,
    lang: Lang = None,
    summary: SummaryFile = None,
    log: LogFile = None,
    as_json: AsJson = False,
) -> None:
    """Try again now what was set aside: what was named, else what another try may help.

    What is known of each call comes from --calls, else from the calls.csv beside the file or in a folder above it.
    """
    from callqa import api
    from callqa.nightly import again, follow, lock

    work, reports = Work(engine, workers, address, out, lang), Reports(summary, log)
    with follow.stoppable(), api.team(config, store) as team, lock.held(team.store, "retry", show.note) as held:
        shift = Shift(team, "retry", work, reports, (), calls)
        chosen = again.chosen(team.failures(), [path.absolute() for path in paths or ()], code, all_)
        there = [path for path in chosen if path.is_file()]
        if gone := len(chosen) - len(there):
            shift.notes.append(f"{gone} are not there any more; the next batch of their folder forgets them")
        told, ended = shift.run(jobs_of(team, there, calls), (), held)
    finish(told, ended, as_json)


def _due(shift: Shift, jobs: Sequence[Job]) -> tuple[list[Job], Sequence[Failure]]:
    """What the night takes up, and the failures that it leaves aside."""
    from datetime import UTC, datetime

    from callqa.nightly import again
    from callqa.store import runs

    store, folders = shift.team.store, [str(folder.absolute()) for folder in shift.folders]
    paths = [str(job.path) for job in jobs]
    if not jobs:
        known = runs.known_in(store, folders)
        hint = f"; {known} were scored from there before: is the share mounted?" if known else ""
        shift.notes.append(f"no recordings in {', '.join(map(str, shift.folders))}{hint}")
    elif gone := runs.forget_gone(store, folders, paths):
        shift.notes.append(f"{gone} that had been set aside are not there any more")
    failures = {failure.path: failure for failure in store.failures()}
    parted = again.parted(paths, failures, datetime.now(UTC), again.under(shift.team.settings))
    left = {failure.path for failure in parted.aside}
    return [job for job in jobs if str(job.path) not in left], parted.aside
