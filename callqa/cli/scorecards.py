"""Commands about scorecards: scorecard check|diff."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from callqa.cli import show
from callqa.cli.calls import AsJson, Config, StoreUrl, examples

if TYPE_CHECKING:
    from callqa.findings import Change, Comparison, Finding, Said
    from callqa.reports.numbers import Numbers
    from callqa.types import Scored

scorecard = typer.Typer(
    name="scorecard",
    help="Scorecard files: is one right, what does it find on a call, what does a change do.",
    no_args_is_help=True,
)
MOMENTS = 3  # of a line, on the terminal; the JSON has all
File = Annotated[Path, typer.Argument(help="A scorecard (TOML).", show_default=False)]


@examples(
    "callqa scorecard check team_ru.toml",
    "callqa scorecard check team_ru.toml 3f2a91",
    "callqa scorecard check team_ru.toml call.mp3 --json",
)
def check(
    file: File,
    call: Annotated[
        str | None, typer.Argument(help="A call of the store: id, path or file name.", show_default=False)
    ] = None,
    store: StoreUrl = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Read a scorecard and say what is wrong with it; with a call: what every line finds there. Nothing is kept."""
    from callqa import api
    from callqa.findings import findings

    if call is None:
        card = api.scorecard(file, config)
        about = {"name": card.name, "version": card.version, "rules": len(card.rules), "checks": len(card.checks)}
        _json({"scorecard": about}) if as_json else print(f"{file}: {_counted(about)}; no mistakes")
        return
    with api.team(config, store) as team:
        team, card = team.under(file)
        scored = team.call(call, keep=False)
        found = findings(scored, card, team.parts.catalogue)
    if as_json:
        about = {"name": card.name, "version": card.version}
        _json({"scorecard": about, "call": scored.call.recording.id, **_total(scored), "findings": found})
        return
    print(f"{scored.call.recording.id[:6]} {Path(scored.call.recording.path).name}: {_score(scored)}\n")
    for finding in found:
        _print_finding(finding)


@examples("callqa scorecard diff old.toml new.toml 3f2a91", "callqa scorecard diff old.toml new.toml call.mp3 --json")
def diff(
    old: Annotated[Path, typer.Argument(help="A scorecard (TOML).", show_default=False)],
    new: Annotated[Path, typer.Argument(help="Another one, to be told from the first.", show_default=False)],
    call: Annotated[str, typer.Argument(help="A call of the store: id, path or file name.", show_default=False)],
    store: StoreUrl = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """What two scorecards make of one call: score, points lost and blocks, where they differ. Nothing is kept."""
    from callqa import api
    from callqa.findings import compared

    with api.team(config, store) as team:
        first, first_card = team.under(old)
        second, second_card = team.under(new)
        result = compared(first.call(call, False), first_card, second.call(call, False), second_card)
    if as_json:
        _json(result)
    else:
        _print_comparison(result)


for _command in (check, diff):
    scorecard.command(name=_command.__name__, epilog=_command.examples)(_command)


def _json(value: Any) -> None:
    import msgspec

    sys.stdout.buffer.write(msgspec.json.encode(value) + b"\n")


def _counted(about: dict[str, Any]) -> str:
    return f"{about['name']} {about['version']}, {about['rules']} scored lines, {about['checks']} checks"


def _total(scored: Scored) -> dict[str, Any]:
    card = scored.scorecard
    return {"score": card.score, "coverage": card.coverage, "reason": card.reason, "flags": card.flags}


def _score(scored: Scored) -> str:
    card = scored.scorecard
    return show.why(scored) if card.score is None else f"{card.score:.2f} of 100, {card.coverage:.0%} measured"


def _print_finding(finding: Finding) -> None:
    from callqa.reports.numbers import Numbers
    from callqa.reports.texts import Texts

    numbers = Numbers("en")
    if finding.value is None:
        told = f"not measured: {Texts('en').told('reason', finding.reason or '')}"
    else:
        value = numbers.differing(finding.value, finding.unit, finding.band)
        told = f"{value} (good: {numbers.band(finding.band, finding.unit)})"
    part = f"{finding.block}, weight {finding.weight:g}" if finding.weight else "beside the score"
    kind = "fatal" if finding.kind == "fatal" else f"{finding.kind}, {part}"
    print(f"{-finding.lost:7.2f}  {finding.name} ({kind}): {told}".replace("-0.00", " 0.00"))
    for said in finding.evidence[:MOMENTS]:
        print(f"{'':11}{_moment(numbers, said)}")
    if (left := len(finding.evidence) - MOMENTS) > 0:
        print(f"{'':11}and {left} more")


def _moment(numbers: Numbers, said: Said) -> str:
    when = numbers.clock(said.start)
    if said.end > said.start:
        when += f"-{numbers.clock(said.end)}"
    words = f" “{said.quote}”" if said.quote and said.quote not in said.note else ""
    return f"{when}  {said.note}{words}"


def _print_comparison(result: Comparison) -> None:
    print(f"score {_figure(result.before)} -> {_figure(result.after)}")
    for change in result.changes:
        _print_change(change)
    for name, (before, after) in result.blocks.items():
        print(f"block {name}: {_figure(before)} -> {_figure(after)}")
    print(f"{result.same} lines are the same in both")


def _print_change(change: Change) -> None:
    why = "another share of the weights" if change.why == "shares" else change.why
    print(f"{change.name}: {-change.before:.2f} -> {-change.after:.2f} ({why})".replace("-0.00", "0.00"))
    for key, (before, after) in change.keys.items():
        print(f"{'':4}{key}: {_written(before)} -> {_written(after)}")


def _figure(value: float | None) -> str:
    return "-" if value is None else f"{value:.2f}"


def _written(value: Any) -> str:
    """A value as a scorecard would hold it."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_written(v)}" for key, v in value.items()) + " }"
    if isinstance(value, tuple):
        return "[" + ", ".join(_written(v) for v in value) + "]"
    return "-" if value is None else f"{value:g}" if isinstance(value, float) else f"{value}"
