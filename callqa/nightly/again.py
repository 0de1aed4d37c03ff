"""When a recording that could not be scored is tried again by itself, and when it waits for a person.

A try can help where the file, the machine or callqa is another one by then: after some minutes, an hour, four hours,
then every night. What is wrong in the file itself stays wrong until the file, the settings or callqa change.
"""

from __future__ import annotations

import hashlib
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from callqa import __version__
from callqa.config import Settings
from callqa.errors import UsageError
from callqa.nightly import advice
from callqa.store import Failure

# the last wait is under a day, so that a batch that starts at the same hour every night is not a minute early
WAITS = (timedelta(minutes=15), timedelta(hours=1), timedelta(hours=4), timedelta(hours=20))
TRIES = 8  # with these waits five nights; then a person looks
YOUNG = timedelta(minutes=15)  # written so shortly before it failed, a file may have been half there: one more try


@dataclass(frozen=True, slots=True)
class Parted:
    """The paths a run takes up, and the failures of those it leaves aside."""

    taken: tuple[str, ...]
    aside: tuple[Failure, ...]


def under(settings: Settings) -> str:
    """A short name of what a failure depends on beside the file: callqa and the settings of hearing."""
    told = (__version__, settings.languages, settings.intake, settings.recognisers, settings.diarizer)
    return hashlib.sha256(msgspec.json.encode(told, order="deterministic")).hexdigest()[:32]


def due(failure: Failure, stat: os.stat_result | None, now: datetime, under: str) -> bool:
    """Whether a file that failed is tried in this run. ``stat`` None: it is not there."""
    if stat is None:
        return False
    if changed(failure, stat) or failure.under != under:
        return True
    at = next_try(failure)
    return at is not None and now >= at


def changed(failure: Failure, stat: os.stat_result) -> bool:
    """Whether it is another file than the one that failed."""
    return (failure.size, failure.mtime_ns) != (stat.st_size, stat.st_mtime_ns)


def next_try(failure: Failure) -> datetime | None:
    """When it is tried again though nothing has changed; None: it waits for a person."""
    if not helps(failure) or failure.attempts >= TRIES:
        return None
    return _time(failure.failed_at) + WAITS[min(failure.attempts, len(WAITS)) - 1]


def helps(failure: Failure) -> bool:
    """Whether the same file may be scored another time."""
    return failure.retryable or advice.of(failure.code).passes or (failure.attempts == 1 and _young(failure))


def parted(paths: Iterable[str], failures: Mapping[str, Failure], now: datetime, under: str) -> Parted:
    """Which of those files a run takes up: all but those that failed and are not due."""
    taken, aside = [], []
    for path in paths:
        failure = failures.get(path)
        if failure is None or due(failure, _stat(path), now, under):
            taken.append(path)
        else:
            aside.append(failure)
    return Parted(tuple(taken), tuple(aside))


def chosen(failures: Iterable[Failure], paths: Sequence[Path], code: str | None, everything: bool) -> list[Path]:
    """The files a person wants tried now: those named or in folders named, of that reason; else what a try may help.

    A path of which nothing is set aside, or a code, is a UsageError.
    """
    left = [f for f in failures if code is None or f.code == code]
    for path in paths:
        if not any(Path(f.path).is_relative_to(path) for f in left):
            raise UsageError(
                f"{path}: not set aside{f' for {code}' if code else ''}; `callqa status --failed` lists all"
            )
    if paths:
        left = [f for f in left if any(Path(f.path).is_relative_to(path) for path in paths)]
    elif code is not None and not left:
        raise UsageError(f"nothing is set aside for '{code}'; `callqa status --failed` lists all")
    elif code is None and not everything:
        left = [f for f in left if helps(f)]
    return [Path(f.path) for f in left]


def _young(failure: Failure) -> bool:
    if failure.mtime_ns is None:
        return False
    written = datetime.fromtimestamp(failure.mtime_ns / 1e9, UTC)
    return abs(_time(failure.failed_at) - written) < YOUNG


def _stat(path: str) -> os.stat_result | None:
    try:
        return os.stat(path)
    except OSError:
        return None


def _time(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
