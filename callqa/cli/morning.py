"""The command about the morning after: callqa status."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from callqa.cli import show
from callqa.cli.calls import AsJson, Config, StoreUrl, examples

if TYPE_CHECKING:
    from callqa.api import Team

LAST = 20  # calls in the table without being asked for more


@examples("callqa status", "callqa status --failed", "callqa status --calls", "callqa status --json")
def status(
    failed: Annotated[bool, typer.Option("--failed", help="Only what was set aside, all of it.")] = False,
    trace: Annotated[bool, typer.Option("--trace", help="With the place in the code of each bug.")] = False,
    calls: Annotated[bool, typer.Option("--calls", help="All calls; else those scored last.")] = False,
    store: StoreUrl = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """What is done, set aside and waiting, the last runs, and what to do next."""
    from callqa import api

    with api.team(config, store) as team:
        if as_json:
            _print_json(team, failed)
        elif failed:
            _print_failed(team, trace)
        else:
            _print(team, trace, calls)


def _print(team: Team, trace: bool, all_calls: bool) -> None:
    from datetime import UTC, datetime

    from callqa.nightly import morning
    from callqa.store import overview, runs

    scored = list(overview.scored(team.store, None if all_calls else LAST))
    if scored:
        show.console().print(show.calls_table(scored))
    found, waiting = team.failures(), len(runs.waiting(team.store))
    told = morning.Morning(
        runs.totals(team.store), found, runs.latest(team.store, morning.RUNS), waiting, datetime.now(UTC)
    )
    if (rest := told.totals.scored - len(scored)) > 0:
        print(f"and {rest:,} more: callqa status --calls")
    if scored:
        print()
    for line in told.lines(trace):
        print(line)


def _print_failed(team: Team, trace: bool) -> None:
    from callqa.nightly import morning

    found = team.failures()
    print(f"{len(found):,} files set aside")
    for line in morning.failed(found, trace):
        print(line)


def _print_json(team: Team, failed: bool) -> None:
    import msgspec

    from callqa.store import overview, runs

    calls = []
    for scored in () if failed else overview.scored(team.store):
        document = team.document(scored)
        calls.append({"call": document["call"], "scorecard": document["scorecard"]})
    document = {
        "calls": calls,
        "failures": team.failures(),
        "waiting": [path for path, _ in runs.waiting(team.store)],
        "runs": runs.latest(team.store, 20),
    }
    sys.stdout.buffer.write(msgspec.json.encode(document) + b"\n")
