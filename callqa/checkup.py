"""What this machine can do: everything callqa needs or can use, found or missing, with the cure."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib.metadata import version
from importlib.util import find_spec
from pathlib import Path

from callqa import __version__, models
from callqa.config import Choice, Settings, StoreSettings, find_settings
from callqa.errors import CallqaError, ModelError

# extra: a module of each of its packages, what it is for
EXTRAS = {
    "speech": (("faster_whisper", "swift_f0"), "words of every call; no torch"),
    "diarize": (("pyannote.audio", "torch"), "calls with both voices on one channel"),
    "onnx": (("onnx_asr",), "the recognisers GigaAM, T-one, Vosk and Parakeet"),
    "eval": (("jiwer", "pyannote.metrics"), "callqa eval"),
    "postgres": (("psycopg",), "a store in PostgreSQL"),
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing looked at. ``needed``: without it no call is scored."""

    name: str
    fine: bool
    found: str
    cure: str = ""
    needed: bool = False


def examine(config: Path | None = None, store: str | None = None) -> Iterator[Row]:
    """Every row, the needed ones first. Nothing is changed on the machine."""
    enough = sys.version_info >= (3, 11)
    yield Row("Python", enough, f"{platform.python_version()}, callqa {__version__}", "Python 3.11 or newer", True)
    row, settings = _settings(config)
    yield row
    yield _extra("speech", needed=True)
    choices = settings.recognisers if settings else {"transcriber": Choice("whisper")}
    for key, choice in choices.items():
        yield from _recogniser(key, choice)
    yield _weights("silero-vad", needed=True)
    yield _store(store or (settings.store if settings else StoreSettings()).url)
    yield _diarize()
    yield from (_weights(name) for name in models.names() if models.manifest(name).task == "diarization")
    yield from _gpu()
    unused = [] if any(choice.use == "onnx" for choice in choices.values()) else ["onnx"]
    yield from (_extra(name) for name in (*unused, "eval", "postgres"))
    yield _browser()
    yield _machine()


def _settings(config: Path | None) -> tuple[Row, Settings | None]:
    """The settings file and all it names: lists, analysers, scorecards. None where it cannot be read."""
    settings = None
    try:
        settings = find_settings(config)
        from callqa.parts import Parts

        Parts.of(settings)
    except CallqaError as error:
        return Row("settings", False, str(error), "mend the file, or name another with --config", True), settings
    return Row("settings", True, settings.path, needed=True), settings


def _extra(name: str, needed: bool = False) -> Row:
    modules, use = EXTRAS[name]
    missing = [module for module in modules if not installed(module)]
    found = f"not installed: {', '.join(missing)} ({use})" if missing else f"installed ({use})"
    return Row(f"extra {name}", not missing, found, _pip(name), needed)


def _diarize() -> Row:
    """torch and pyannote.audio must also load, tried in a process of its own."""
    row = _extra("diarize")
    if not row.fine:
        return row
    code = "from callqa.speech.offline import import_pyannote; import_pyannote()"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    if done.returncode:
        why = done.stderr.strip().splitlines()[-1]
        return Row(row.name, False, f"installed, but does not load: {why}", f"{row.cure} --force-reinstall")
    return Row(row.name, True, f"{row.found}; torch {version('torch')}")


def recogniser(choice: Choice) -> tuple[str, str]:
    """The model that a choice of transcriber means on this machine, and why. Raises ModelError."""
    option = str(choice.options.get("model", "auto"))
    if choice.use == "whisper":
        return models.choose_whisper(option)
    models.choose_onnx(option)
    where = "a GPU" if models.onnx_device() == "cuda" else "the CPU"
    return option, f"named in the settings, runs on {where}"


def _recogniser(key: str, choice: Choice) -> Iterator[Row]:
    _, _, language = key.partition(".")
    title = ("Whisper" if choice.use == "whisper" else "recogniser") + (f" for {language}" if language else "")
    if choice.use == "onnx":
        yield _extra("onnx", needed=True)
    try:
        name, why = recogniser(choice)
    except ModelError as error:
        yield Row(title, False, str(error), f"change model under [{key}] in the settings", True)
        return
    yield Row(title, True, f"{name}: {why}", needed=True)
    yield _weights(name, needed=True)


def _weights(name: str, needed: bool = False) -> Row:
    try:
        return Row(f"weights {name}", True, str(models.path(name)), needed=needed)
    except ModelError as error:
        return Row(f"weights {name}", False, error.problem, needed=needed)


def _gpu() -> Iterator[Row]:
    if not models.gpus() and not Path("/dev/nvidiactl").exists():
        yield Row("GPU", False, "none; the CPU does the work")
        return
    yield Row("GPU for Whisper", models.gpus() > 0, f"CTranslate2 sees {models.gpus()}", "mend the NVIDIA driver")
    yield Row("CUDA 12's cuBLAS", models.cublas(), "loads" if models.cublas() else "not found", _pip("gpu"))
    if installed("torch"):
        import torch

        seen = torch.cuda.is_available()
        found = torch.cuda.get_device_name(0) if seen else f"torch {torch.__version__} sees none"
        yield Row("GPU for voices", seen, found, "a torch built for your CUDA")


def _store(url: str) -> Row:
    from callqa.store import Store

    cure = "name another with --store, or in callqa.toml under [store] url"
    file = Path(url.removeprefix("sqlite:///"))
    if url.startswith("sqlite:///") and not file.exists():
        # opening would make it, and a check-up changes nothing
        there = file.absolute().parent
        fine = os.access(there, os.W_OK)
        found = f"{url}, made by the first `callqa score`" if fine else f"{url}: {there} cannot be written"
        return Row("store", fine, found, cure, True)
    try:
        Store.open(url).close()
    except CallqaError as error:
        return Row("store", False, str(error), cure, True)
    return Row("store", True, url, needed=True)


def _browser() -> Row:
    path = next(filter(None, map(shutil.which, BROWSERS)), None)
    return Row(
        "Chromium", path is not None, path or "not found; only the tests of the pages use it", "apt install chromium"
    )


def _machine() -> Row:
    where = models.weights()
    free = shutil.disk_usage(next(p for p in (where, *where.parents) if p.exists())).free
    return Row("machine", True, f"{models.cores()} cores; {free / 1e9:.0f} GB free for weights in {where}")


def installed(module: str) -> bool:
    """The module can be imported; it is not."""
    try:
        return find_spec(module) is not None
    except ModuleNotFoundError:  # of a parent package
        return False


def _pip(extra: str) -> str:
    """The line that installs an extra into this very Python."""
    target = f"-e '.[{extra}]'" if models.in_checkout() else f"'callqa[{extra}]'"
    return f"{sys.executable} -m pip install {target}"
