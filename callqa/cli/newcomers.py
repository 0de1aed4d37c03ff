"""The command about new reps: onboarding."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from callqa.cli import show
from callqa.cli.calls import AsJson, Config, Lang, StoreUrl, examples

if TYPE_CHECKING:
    from callqa.insight.ramp import Ramp
    from callqa.onboarding import Onboarding


@examples(
    "callqa onboarding",
    'callqa onboarding --rep "Светлана Орлова"',
    "callqa onboarding --format html --out onboarding.html",
    "callqa onboarding --json",
)
def onboarding(
    rep: Annotated[str | None, typer.Option(help="One rep, new or not, by id, name or part of it.")] = None,
    format: Annotated[Literal["table", "json", "html"], typer.Option(help="What to write.")] = "table",
    out: Annotated[Path | None, typer.Option(help="File to write; html: onboarding.html here, else stdout.")] = None,
    store: StoreUrl = None,
    config: Config = None,
    lang: Lang = None,
    as_json: AsJson = False,
) -> None:
    """How new reps come up to the tenured: days to 80 % of their median, first win, the block that lags."""
    from callqa import api
    from callqa import onboarding as verbs

    with api.team(config, store) as team:
        found = verbs.onboarding(team.store, Path(team.settings.base), team.calls(), rep)
    format = "json" if as_json else format
    if format == "table":
        _print(found)
        return
    content = found.encoded() if format == "json" else found.html(lang or "ru").encode()
    target = out or (Path("onboarding.html") if format == "html" else None)
    if target is None:
        sys.stdout.buffer.write(content)
        return
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(content)
    print(target)


def _print(found: Onboarding) -> None:
    from rich.table import Table

    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Rep", "Team", "Hired", "State"):
        table.add_column(name, overflow="fold")
    for name in ("Days to 80 %", "First win", "Call score"):
        table.add_column(name, justify="right")
    table.add_column("Lags", overflow="fold")
    for one in found.ramps:
        days = (_days(d, one) for d in (one.ramped_days, one.first_win_days, one.score_days))
        table.add_row(
            one.rep.name, one.rep.team or "-", str(one.rep.hired), one.state.replace("_", " "), *days, _lag(one)
        )
    if found.ramps:
        show.console().print(table)
    told = found.cohort
    half = "not yet" if told.ramped_days is None else f"after {told.ramped_days:.0f} days"
    print(
        f"data to {found.as_of}; new reps {told.n}, up to speed {told.ramped}, left {told.left}; half of them hold "
        f"{found.rules.share:.0%} of the tenured median {half}"
    )


def _days(days: int | None, one: Ramp) -> str:
    return f">{one.seen_days}" if days is None else str(days)


def _lag(one: Ramp) -> str:
    """The block that lags and the calls that show it, or why none is named."""
    if one.lag is None:
        return (one.lag_reason or "").replace("_", " ")
    calls = ", ".join(f"{call.id[:6]} {call.file}" for call in one.lag.calls)
    return f"{one.lag.block} {one.lag.value:.0f}, tenured {one.lag.tenured:.0f}: {calls}"
