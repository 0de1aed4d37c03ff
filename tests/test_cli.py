"""The command line as a stranger meets it: quick, with help and examples on every command."""

import re
import subprocess
import sys
import time

import pytest
from typer.main import get_command

from callqa.cli import app

COMMANDS = {
    (*path, name): command
    for path, group in (
        ((), get_command(app)),
        *(((name,), get_command(app).commands[name]) for name in ("models", "scorecard", "crm")),
    )
    for name, command in group.commands.items()
}


def test_help_comes_in_half_a_second():
    best = 9.0
    for _ in range(5):
        started = time.perf_counter()
        done = subprocess.run([sys.executable, "-m", "callqa", "--help"], capture_output=True, text=True)
        best = min(best, time.perf_counter() - started)
        assert done.returncode == 0
        assert "recordings in, scored reports out" in " ".join(done.stdout.split())
    assert best < 0.5


def test_help_loads_nothing_heavy():
    heavy = ("torch", "numpy", "spacy", "sqlalchemy", "altair")
    code = f"import sys, callqa.cli; print([m for m in {heavy} if m in sys.modules])"
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True).stdout.strip() == "[]"


def test_the_commands_of_the_design_are_there():
    names = {" ".join(path) for path in COMMANDS}
    assert names >= {
        "demo",
        "score",
        "batch",
        "status",
        "retry",
        "report",
        "rescore",
        "eval",
        "models list",
        "models pull",
        "doctor",
    }


@pytest.mark.parametrize("path", COMMANDS, ids=" ".join)
def test_every_command_has_help_and_examples(path):
    command = COMMANDS[path]
    if path in (("models",), ("scorecard",), ("crm",)):
        return
    assert len(command.help) > 30
    assert re.search(rf"callqa {' '.join(path)}\b", command.epilog or "")
    assert all(p.help for p in command.params if p.param_type_name == "option" and p.name != "help")


def test_an_unknown_option_exits_2():
    done = subprocess.run([sys.executable, "-m", "callqa", "score", "--nope"], capture_output=True, text=True)
    assert done.returncode == 2
