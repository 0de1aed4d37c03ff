"""What the store keeps of a file that could not be scored: why, how often it was tried, and what it was then."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa

from callqa.store.tables import failures


@dataclass(frozen=True, slots=True)
class Failure:
    """A file that could not be scored: ``code`` for counting, ``problem`` says what and the cure.

    ``size`` and ``mtime_ns`` are the file's when it failed, None where it was not there; ``under`` names the callqa and
    the settings. ``attempts`` counts the tries of the file as it is, the first at ``since``, the last at ``failed_at``.
    """

    path: str
    code: str
    problem: str
    retryable: bool
    trace: str = ""
    attempts: int = 1
    failed_at: str = ""
    since: str = ""
    size: int | None = None
    mtime_ns: int | None = None
    under: str = ""


def known(row: sa.Row[Any]) -> Failure:
    """A row of the table; one of an older callqa has no ``since`` and no stat."""
    return Failure(
        row.path,
        row.code,
        row.problem,
        row.retryable,
        row.trace,
        row.attempts,
        row.failed_at,
        row.since or row.failed_at,
        row.size,
        row.mtime_ns,
        row.under or "",
    )


def noted(before: sa.Row[Any] | None, failure: Failure, now: str) -> dict[str, Any]:
    """The row of a failure that happens now, after the one of an earlier try. A file that was replaced begins anew."""
    size, mtime_ns = stat(failure.path)
    same = before is not None and (before.size is None or (before.size, before.mtime_ns) == (size, mtime_ns))
    return {
        "path": failure.path,
        "code": failure.code,
        "problem": failure.problem,
        "retryable": failure.retryable,
        "trace": failure.trace,
        "attempts": before.attempts + 1 if before is not None and same else 1,
        "failed_at": now,
        "since": (before.since or before.failed_at) if before is not None and same else now,
        "size": size,
        "mtime_ns": mtime_ns,
        "under": failure.under,
    }


def stat(path: str) -> tuple[int | None, int | None]:
    """Size and time of change of a file; None twice where there is none to be seen."""
    try:
        found = os.stat(path)
    except OSError:
        return None, None
    return found.st_size, found.st_mtime_ns


def of(path: str) -> sa.Select[Any]:
    """The query for one file's failure."""
    return sa.select(failures).where(failures.c.path == path)
