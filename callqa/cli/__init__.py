"""The command line: one door on callqa.api. Heavy parts load when a command needs them, not for --help."""

from __future__ import annotations

import os
import sys

import typer

from callqa.cli import calls, crm, machine, metrics, morning, newcomers, nightly, scorecards, watching
from callqa.errors import CallqaError

app = typer.Typer(
    name="callqa",
    help="How well was this sales call led, and what shows it: recordings in, scored reports out.",
    epilog="Exit codes: 0 all done; 1 some recordings failed, each named with its reason; 2 the command or its "
    "configuration is wrong.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (
    *(calls.demo, calls.score, calls.report, calls.rescore, calls.evaluate),
    *(nightly.batch, watching.watch, morning.status, nightly.retry),
    *(metrics.metrics, newcomers.onboarding, machine.doctor),
):
    app.command(name={"evaluate": "eval"}.get(command.__name__, command.__name__), epilog=command.examples)(command)
app.add_typer(scorecards.scorecard, name="scorecard")
app.add_typer(crm.crm, name="crm")
app.add_typer(machine.models, name="models")


def main() -> None:
    """Entry point: errors made for people become one line and exit code 2."""
    try:
        app()
    except CallqaError as error:
        print(f"callqa: {error}", file=sys.stderr)
        sys.exit(2)
    except SystemExit as end:
        if end.code == 130:  # Typer's answer to Ctrl-C
            print("callqa: stopped; what is done is kept, run the same command again to go on", file=sys.stderr)
        raise
    except BrokenPipeError:
        # the reader of our pipe went away; Python must not complain on the way out
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)
