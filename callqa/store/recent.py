"""What the store knows of a rep's earlier calls."""

from __future__ import annotations

import zlib
from datetime import UTC, datetime

import msgspec
import sqlalchemy as sa

from callqa.store import Store
from callqa.store.tables import call_metadata, current, results
from callqa.types import Metadata


def earlier(store: Store, stage: str, rep_id: str, before: str, most: int) -> list[bytes]:
    """The latest answers of a stage for the rep's last ``most`` calls that began before that time, the newest first."""
    # the whole table holds one short row a call: a text search through it takes milliseconds
    written = '"rep_id":' + msgspec.json.encode(rep_id).decode()
    query = (
        sa.select(call_metadata.c.sha256, call_metadata.c.value, results.c.value.label("answer"))
        .join(current, current.c.sha256 == call_metadata.c.sha256)
        .join(
            results,
            (results.c.sha256 == current.c.sha256)
            & (results.c.stage == current.c.stage)
            & (results.c.fingerprint == current.c.fingerprint),
        )
        .where(current.c.stage == stage, call_metadata.c.value.contains(written, autoescape=True))
    )
    with store.engine.connect() as connection:
        rows = connection.execute(query).all()
    told = [(msgspec.json.decode(row.value, type=Metadata), row.sha256, row.answer) for row in rows]
    dated = [(when(m.started_at), sha, answer) for m, sha, answer in told if m.rep_id == rep_id and m.started_at]
    past = sorted(((at, sha, answer) for at, sha, answer in dated if at < when(before)), reverse=True)
    return [zlib.decompress(answer) for _, _, answer in past[:most]]


def when(started_at: str) -> datetime:
    """A call's beginning; one without a time zone is taken as UTC, so that all can be put in order."""
    at = datetime.fromisoformat(started_at)
    return at if at.tzinfo else at.replace(tzinfo=UTC)
