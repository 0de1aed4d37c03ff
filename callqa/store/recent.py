"""What the store knows of a rep's earlier calls."""

from __future__ import annotations

import zlib
from collections.abc import Iterable
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa

from callqa.store.tables import current, rep_calls, results
from callqa.types import Metadata

if TYPE_CHECKING:
    from callqa.store import Store


def row_of(sha256: str, metadata: Metadata) -> dict[str, Any] | None:
    """The row of ``rep_calls``: None for a call that nobody is known to have led, or at an unknown time."""
    if not metadata.rep_id or not metadata.started_at:
        return None
    return {"sha256": sha256, "rep_id": metadata.rep_id, "began": began(metadata.started_at)}


def began(started_at: str) -> str:
    """A call's beginning in UTC, as text that sorts; one without a time zone is taken as UTC.

    >>> began("2026-03-02T12:00:00+03:00")
    '2026-03-02T09:00:00.000000'
    """
    at = datetime.fromisoformat(started_at)
    at = at.astimezone(UTC) if at.tzinfo else at
    return at.replace(tzinfo=None).isoformat(timespec="microseconds")


def earlier(store: Store, stage: str, rep_id: str, before: str, most: int) -> list[bytes]:
    """The latest answers of a stage for the rep's last ``most`` calls that began before that time, the newest first."""
    query = (
        _answers(stage, results.c.value)
        .join(
            results,
            (results.c.sha256 == current.c.sha256)
            & (results.c.stage == current.c.stage)
            & (results.c.fingerprint == current.c.fingerprint),
        )
        .where(rep_calls.c.rep_id == rep_id, rep_calls.c.began < began(before))
        .order_by(rep_calls.c.began.desc(), rep_calls.c.sha256.desc())
        .limit(most)
    )
    return [zlib.decompress(row.value) for row in store.rows(query)]


def histories(store: Store, stage: str, rep_ids: Iterable[str]) -> dict[str, list[tuple[str, str, str]]]:
    """By rep, every call that has the stage's answer: (began, sha256, fingerprint of the answer), the oldest first."""
    found: dict[str, list[tuple[str, str, str]]] = {}
    for rep_id in rep_ids:
        query = _answers(stage, rep_calls.c.began, rep_calls.c.sha256, current.c.fingerprint).where(
            rep_calls.c.rep_id == rep_id
        )
        rows = store.rows(query.order_by(rep_calls.c.began, rep_calls.c.sha256))
        found[rep_id] = [(row.began, row.sha256, row.fingerprint) for row in rows]
    return found


def _answers(stage: str, *columns: Any) -> sa.Select[Any]:
    joined = (current.c.sha256 == rep_calls.c.sha256) & (current.c.stage == stage)
    return sa.select(*columns).select_from(rep_calls).join(current, joined)
