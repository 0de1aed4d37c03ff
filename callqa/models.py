"""Model weights on this machine: manifests, verified folders, which Whisper to use. Nothing here opens a connection."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import hashlib
import os
import sys
import tomllib
from difflib import get_close_matches
from pathlib import Path
from typing import Literal

import msgspec

from callqa.errors import ModelError

PACKAGE = Path(__file__).parent
SMALL, LARGE = "whisper-base", "whisper-large-v3-turbo"


class File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One file of a model. Without ``sha256`` it is unpinned: refused until the user pins it. ``size`` in bytes."""

    name: str
    size: int | None = None
    sha256: str | None = None


class Source(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag_field="kind"):
    """A place a model can be had from. ``files`` stands where its copies differ from the manifest's list."""

    files: tuple[File, ...] = ()


class Hub(Source, frozen=True, forbid_unknown_fields=True, tag="hub", kw_only=True):
    """A repository of a model hub. ``paths``: where a file lies in it, if not under its own name."""

    repository: str
    revision: str
    paths: dict[str, str] = {}

    def __str__(self) -> str:
        return f"hub {self.repository}@{self.revision}"


class Package(Source, frozen=True, forbid_unknown_fields=True, tag="package", kw_only=True):
    """Python packages that carry the files; ``members``: the parts of each file inside them, joined in order."""

    packages: tuple[str, ...]
    members: dict[str, tuple[str, ...]]

    def __str__(self) -> str:
        return f"package {' + '.join(self.packages)}"


class Folder(Source, frozen=True, forbid_unknown_fields=True, tag="folder", kw_only=True):
    """A folder of this machine that somebody filled."""

    path: str

    def __str__(self) -> str:
        return f"folder {self.path}"


class Onnx(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How onnx-asr runs a model: the kind's name there, what marks its quantised files, the languages it hears."""

    kind: str
    languages: tuple[str, ...]
    quantization: str | None = None


class Manifest(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What is known of a model. ``download``: bytes that a pull moves, about; ``files``: as most sources have them."""

    title: str
    task: Literal["speech", "activity", "diarization"]
    license: str
    origin: str
    download: int
    sources: tuple[Hub | Package | Folder, ...]
    files: tuple[File, ...] = ()
    onnx: Onnx | None = None

    def files_of(self, source: Source) -> tuple[File, ...]:
        return source.files or self.files


class Pin(msgspec.Struct, frozen=True):
    """Hashes of an unpinned source that the user chose to trust, kept beside the weights as NAME.pin.json."""

    source: str
    files: tuple[File, ...]


def manifests() -> Path:
    """The folder of the manifests: in the package, or in a checkout beside it."""
    inside = PACKAGE / "_shipped" / "models"
    return inside if inside.is_dir() else PACKAGE.parent / "models"


def names() -> tuple[str, ...]:
    """Every model with a manifest, by name."""
    return tuple(sorted(path.stem for path in manifests().glob("*.toml")))


def manifest(name: str) -> Manifest:
    """Raises ModelError for an unknown name."""
    file = manifests() / f"{name}.toml"
    if name not in names():
        close = get_close_matches(name, names(), n=1)
        raise ModelError(name, f"unknown; did you mean '{close[0]}'?" if close else f"not one of {', '.join(names())}")
    return msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Manifest)


def weights() -> Path:
    """The folder of all weights: beside the code in a checkout, else in the user's data folder."""
    if in_checkout():
        return PACKAGE.parent / "weights"
    import platformdirs

    return platformdirs.user_data_path("callqa", appauthor=False) / "weights"


def in_checkout() -> bool:
    """callqa runs from its source tree, not from an installed package."""
    return (PACKAGE.parent / "pyproject.toml").is_file()


def folder(name: str) -> Path:
    """Where a model's files lie, or will."""
    return weights() / name


def path(name: str) -> Path:
    """The model's folder, its files known to be the right ones. Raises ModelError for missing or altered files.

    Hashes are computed once; later calls trust a file whose size and time of change are those of that moment.
    """
    where = folder(name)
    if _stamped(name):
        return where
    verify(name)
    return where


def verify(name: str) -> tuple[File, ...]:
    """Hash every file; the set of files found. Raises ModelError that names the first missing or altered one."""
    where, known = folder(name), _known_sets(name)
    if not known and any((where / f.name).exists() for s in manifest(name).sources for f in manifest(name).files_of(s)):
        raise ModelError(name, f"no hash of its files is known; pin what you trust: `callqa models pull {name} --pin`")
    problem = f"not on this machine; {cure(name)}"
    for files in known:
        if any((where / file.name).exists() for file in files):
            problem = _problem(where, files)
            if not problem:
                _write_stamp(where, files)
                return files
            problem = f"{problem}; {cure(name)}"
    raise ModelError(name, problem)


def in_place(name: str) -> bool:
    """All files are there with the right sizes; no hashing."""
    return _sized(name) is not None


def fingerprint(name: str) -> str:
    """A short name of the very files in use, from their hashes in manifest or pin; no file is hashed."""
    known = _known_sets(name)
    files = _stamped(name) or _sized(name) or (known[0] if known else ())
    text = "\n".join([name, *sorted(f"{file.sha256} {file.name}" for file in files)])
    return hashlib.sha256(text.encode()).hexdigest()[:12]


def cure(name: str) -> str:
    """The command that brings a model."""
    pin = "" if _known_sets(name) else " --pin"
    return f"run `callqa models pull {name}{pin}`"


def cores() -> int:
    """Processor cores that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@functools.cache
def device() -> str:
    """Where Whisper runs: "cuda" where CTranslate2 sees a GPU and has its libraries, else "cpu"."""
    return "cuda" if gpus() and cublas() else "cpu"


@functools.cache
def onnx_device() -> str:
    """Where models in ONNX form run: "cuda" where the onnxruntime installed is its GPU build, else "cpu"."""
    try:
        import onnxruntime
    except ImportError:
        return "cpu"
    return "cuda" if "CUDAExecutionProvider" in onnxruntime.get_available_providers() else "cpu"


def gpus() -> int:
    """How many GPUs CTranslate2 sees."""
    try:
        import ctranslate2
    except ImportError:
        return 0
    return int(ctranslate2.get_cuda_device_count())


def cublas() -> bool:
    """CUDA 12's cuBLAS is loaded: the system's, else that of the gpu extra, where CTranslate2 would not look.

    torch brings CUDA 13's, which does not serve.
    """
    for library in ("libcublasLt.so.12", "libcublas.so.12"):
        beside = [Path(place) / "nvidia" / "cublas" / "lib" / library for place in sys.path]
        if not any(_loads(name) for name in (library, *map(str, filter(Path.is_file, beside)))):
            return False
    return True


def choose_whisper(option: str) -> tuple[str, str]:
    """The Whisper that a setting means on this machine, and why. Raises ModelError for what is no Whisper."""
    if option != "auto":
        if manifest(option).onnx:
            raise ModelError(option, 'is no Whisper; it is run by use = "onnx"')
        if manifest(option).task != "speech":
            raise ModelError(option, f"does not hear words; choose from {', '.join(whispers())}")
        return option, "named in the settings"
    if device() == "cpu":
        return SMALL, "a GPU answers, but not to CUDA 12's cuBLAS: see `callqa doctor`" if gpus() else "no GPU answers"
    if in_place(LARGE):
        return LARGE, "a GPU answers and its weights are here"
    return SMALL, f"a GPU answers, but the weights of {LARGE} are not here: {cure(LARGE)}"


def choose_onnx(option: str) -> Onnx:
    """How the named model is run by onnx-asr. Raises ModelError for one that is not."""
    about = manifest(option).onnx
    if about is None:
        raise ModelError(option, f"is not for onnx-asr; choose from {', '.join(onnx_models())}")
    return about


def whispers() -> tuple[str, ...]:
    """Models that the transcriber "whisper" runs."""
    return tuple(name for name in names() if manifest(name).task == "speech" and manifest(name).onnx is None)


def onnx_models() -> tuple[str, ...]:
    """Models that the transcriber "onnx" runs."""
    return tuple(name for name in names() if manifest(name).onnx is not None)


def pin(name: str) -> Pin | None:
    """What the user pinned for this model."""
    file = pin_file(name)
    return msgspec.json.decode(file.read_bytes(), type=Pin) if file.is_file() else None


def pin_file(name: str) -> Path:
    return weights() / f"{name}.pin.json"


def sha256(file: Path) -> str:
    """Hex digest of a file's content."""
    with file.open("rb") as content:
        return hashlib.file_digest(content, "sha256").hexdigest()


def pinned(files: tuple[File, ...]) -> bool:
    """Every file's hash is known."""
    return bool(files) and all(file.sha256 for file in files)


def _known_sets(name: str) -> list[tuple[File, ...]]:
    """Every set of files that is this model, the user's pin first."""
    about, chosen = manifest(name), pin(name)
    sets = [chosen.files] if chosen else []
    sets += [files for files in (about.files_of(source) for source in about.sources) if pinned(files)]
    return list(dict.fromkeys(sets))


def _sized(name: str) -> tuple[File, ...] | None:
    where = folder(name)
    return next((files for files in _known_sets(name) if all(_size(where / f.name) == f.size for f in files)), None)


def _size(file: Path) -> int | None:
    return file.stat().st_size if file.is_file() else None


def _problem(where: Path, files: tuple[File, ...]) -> str:
    """The first thing wrong with a set of files; empty where all is well."""
    for file in files:
        found = where / file.name
        if not found.is_file():
            return f"{found} is missing"
        if file.size is not None and found.stat().st_size != file.size:
            return f"{found} is altered or cut: {found.stat().st_size} bytes, not {file.size}"
        if sha256(found) != file.sha256:
            return f"{found} is altered: its sha256 is not the known one"
    return ""


def _stamp_of(where: Path, files: tuple[File, ...]) -> bytes:
    """Hash, size and time of change of every file, as kept when all were hashed."""
    rows = {}
    for file in files:
        stat = (where / file.name).stat()
        rows[file.name] = (file.sha256, stat.st_size, stat.st_mtime_ns)
    return msgspec.json.encode(rows, order="sorted")


def _stamped(name: str) -> tuple[File, ...] | None:
    """The set of files that was hashed here and has not been touched since."""
    where = folder(name)
    if not (where / ".verified.json").is_file():
        return None
    stamp = (where / ".verified.json").read_bytes()
    there = (files for files in _known_sets(name) if all((where / file.name).is_file() for file in files))
    return next((files for files in there if _stamp_of(where, files) == stamp), None)


def _write_stamp(where: Path, files: tuple[File, ...]) -> None:
    partial = where / f".verified.{os.getpid()}.part"
    # weights an administrator owns may lie in a folder we cannot write: they are hashed at every start
    with contextlib.suppress(OSError):
        partial.write_bytes(_stamp_of(where, files))
        partial.replace(where / ".verified.json")


def _loads(library: str) -> bool:
    try:
        ctypes.CDLL(library, mode=ctypes.RTLD_GLOBAL)
    except OSError:
        return False
    return True
