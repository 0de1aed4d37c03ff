"""What the store knows of calls and their scores, as rows for the metrics."""

from __future__ import annotations

import zlib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import msgspec
import sqlalchemy as sa

from callqa.store.tables import call_metadata, current, recordings, results
from callqa.types import Metadata, Scorecard

CallRow = tuple[str, str | None, str | None, str | None, str | None, str | None]
ScoreRow = tuple[str, str, str | None, str | None, float | None, float, bool, str]


def call_scores(connection: sa.Connection) -> Iterator[ScoreRow]:
    """Today's score of every call whose time is known, by recording: call id, UTC time, rep, deal, score, coverage,
    whether the call can be scored at all, and the scores of the blocks as JSON."""
    query = (
        sa.select(recordings.c.id, call_metadata.c.value.label("told"), results.c.value.label("card"))
        .join(current, current.c.sha256 == recordings.c.sha256)
        .join(
            results,
            (results.c.sha256 == current.c.sha256)
            & (results.c.stage == current.c.stage)
            & (results.c.fingerprint == current.c.fingerprint),
        )
        .join(call_metadata, call_metadata.c.sha256 == recordings.c.sha256)
        .where(current.c.stage == "score")
        .order_by(recordings.c.sha256)
    )
    for row in connection.execute(query):
        told = msgspec.json.decode(row.told, type=Metadata)
        if told.started_at:
            card = msgspec.json.decode(zlib.decompress(row.card), type=Scorecard)
            blocks: Mapping[str, Any] = {name: b.score for name, b in card.blocks.items() if b.score is not None}
            yield (
                row.id,
                _utc(told.started_at),
                told.rep_id or told.rep_name,
                told.deal_id,
                card.score,
                card.coverage,
                card.eligible,
                msgspec.json.encode(blocks).decode(),
            )


def calls(connection: sa.Connection) -> Iterator[CallRow]:
    """Every recording that something is told of: call id, UTC time, rep, deal, customer and the number as written."""
    query = (
        sa.select(recordings.c.id, call_metadata.c.value)
        .join(call_metadata, call_metadata.c.sha256 == recordings.c.sha256)
        .order_by(recordings.c.sha256)
    )
    for row in connection.execute(query):
        told = msgspec.json.decode(row.value, type=Metadata)
        at = _utc(told.started_at) if told.started_at else None
        yield row.id, at, told.rep_id or told.rep_name, told.deal_id, told.customer_id, told.customer_phone


def _utc(started_at: str) -> str:
    """
    >>> _utc("2026-10-05T12:00:00+03:00")
    '2026-10-05T09:00:00Z'
    """
    at = datetime.fromisoformat(started_at)
    at = at if at.tzinfo else at.replace(tzinfo=UTC)
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"
