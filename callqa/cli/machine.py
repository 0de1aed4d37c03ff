"""Commands about the machine: models list|pull|verify, doctor."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer

from callqa.cli import show
from callqa.cli.calls import Config, StoreUrl, examples

models = typer.Typer(
    name="models",
    help="Weights of the models: what is here, bring what is missing, check that nothing is altered.",
    no_args_is_help=True,
)
Names = Annotated[list[str] | None, typer.Argument(help="Models, by name.", show_default=False)]


@examples("callqa models list")
def list_models() -> None:
    """Every model callqa knows, with licence, size and whether it is on this machine."""
    from rich.table import Table

    from callqa import models as known

    table = Table("model", "what it is", "licence", "download", "here", box=None, pad_edge=False)
    for name in known.names():
        about = known.manifest(name)
        table.add_row(name, about.title, about.license, _megabytes(about.download), _state(name))
    show.console().print(table)
    print(f"weights: {known.weights()}")


@examples(
    "callqa models pull",
    "callqa models pull whisper-base",
    "callqa models pull --from /media/usb/weights",
    "callqa models pull whisper-large-v3-turbo",
    "callqa models pull t-one --pin",
)
def pull(
    names: Names = None,
    pin: Annotated[bool, typer.Option("--pin", help="Trust files of unknown sha256 and hold to them.")] = False,
    given: Annotated[Path | None, typer.Option("--from", metavar="FOLDER", help="Take them from there.")] = None,
) -> None:
    """Bring models to this machine, by default those it needs; every file is checked before it takes its place."""
    from callqa import download
    from callqa import models as known

    for done in download.pull(names or needed(), pin, given, _bar, show.note):
        print(f"{done.name}: " + (f"from {done.source}" if done.source else "here already, unaltered"))
        if done.pinned:
            print(f"{done.name}: pinned to these files in {known.pin_file(done.name)}")


@examples("callqa models verify", "callqa models verify whisper-base")
def verify(names: Names = None) -> None:
    """Hash the files that are here, or those of the models named, and say which are not the known ones."""
    from callqa import models as known
    from callqa.errors import ModelError

    wrong = 0
    for name in names or [name for name in known.names() if known.folder(name).is_dir()]:
        try:
            files = known.verify(name)
            print(f"{name}: {len(files)} files, unaltered")
        except ModelError as error:
            wrong += 1
            show.note(str(error))
    raise typer.Exit(1 if wrong else 0)


for _command, _name in ((list_models, "list"), (pull, "pull"), (verify, "verify")):
    models.command(name=_name, epilog=_command.examples)(_command)


@examples("callqa doctor", "callqa doctor --config team.toml")
def doctor(config: Config = None, store: StoreUrl = None) -> None:
    """What this machine can do, which models it would use and why, and how to mend what is missing."""
    from callqa import checkup

    rows = list(checkup.examine(config, store))
    for row in rows:
        mark = "ok     " if row.fine else "missing" if row.needed else "-      "
        print(f"{mark}  {row.name}: {row.found}")
        if not row.fine and row.cure:
            print(f"         {row.cure}")
    lacking = [row.name for row in rows if row.needed and not row.fine]
    print(f"\nno call can be scored: {', '.join(lacking)}" if lacking else "\ntwo-channel calls can be scored")
    raise typer.Exit(1 if lacking else 0)


def needed() -> list[str]:
    """The models this machine uses: the recognisers that the settings name (a Whisper, if no others), what finds
    speech, with the diarize extra what tells voices apart."""
    from callqa import checkup
    from callqa import models as known
    from callqa.config import find_settings

    tasks = ("activity", "diarization") if checkup.installed("pyannote.audio") else ("activity",)
    chosen = [checkup.recogniser(choice)[0] for choice in find_settings().recognisers.values()]
    chosen += [name for task in tasks for name in known.names() if known.manifest(name).task == task]
    return chosen


def _state(name: str) -> str:
    from callqa import models as known
    from callqa.errors import ModelError

    if not known.folder(name).is_dir():
        return "no"
    try:
        known.path(name)
    except ModelError:
        return "altered or incomplete"
    return "yes, pinned by you" if known.pin(name) else "yes"


def _megabytes(size: int) -> str:
    return f"{size / 1e6:,.0f} MB"


@contextmanager
def _bar(title: str, done: Callable[[], int], total: int) -> Iterator[None]:
    """Bytes, rate and time left on stderr: a bar on a terminal, a line where a download begins elsewhere."""
    import threading

    from rich.console import Console
    from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn, TransferSpeedColumn

    if not sys.stderr.isatty():
        show.note(f"{title}: {_megabytes(total)}")
        yield
        return
    over = threading.Event()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TransferSpeedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=total)

        def follow() -> None:
            while not over.wait(0.2):
                progress.update(task, completed=min(done(), total))

        threading.Thread(target=follow, daemon=True).start()
        try:
            yield
        finally:
            over.set()
