"""Calls as they were last scored, many in one stroke: enough for a list of them, without words and measures."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from typing import Any

import msgspec
import sqlalchemy as sa

from callqa.store import Store
from callqa.store.tables import call_metadata, current, recordings, results
from callqa.types import Call, Doubt, Language, Metadata, Recording, Scorecard, Scored, Transcript

HEAD = 256  # compressed bytes of a transcript: its language stands at the beginning
MANY = 2_000  # calls in memory at a time


def scored(store: Store, most: int | None = None) -> Iterator[Scored]:
    """Every call's latest score, by path; with ``most`` only those scored last. Transcripts have no turns, measures are
    none."""
    keys = _last(store, most) if most is not None else None
    query = sa.select(recordings, call_metadata.c.value.label("told"))
    query = query.join(call_metadata, call_metadata.c.sha256 == recordings.c.sha256, isouter=True)
    if keys is not None:
        query = query.where(recordings.c.sha256.in_(keys))
    rows = store.rows(query.order_by(recordings.c.path, recordings.c.sha256))
    for start in range(0, len(rows), MANY):
        yield from _scored(store, rows[start : start + MANY])


def _last(store: Store, most: int) -> list[str]:
    query = _answers("score", sa.select(results.c.sha256)).order_by(results.c.made_at.desc(), results.c.sha256)
    return [row.sha256 for row in store.rows(query.limit(most))]


def _scored(store: Store, rows: list[sa.Row[Any]]) -> Iterator[Scored]:
    keys = [row.sha256 for row in rows]
    cards, doubts = _values(store, "score", keys), _values(store, "doubt", keys)
    heads = _values(store, "transcript", keys, HEAD)
    for row in rows:
        if row.sha256 not in cards:
            continue  # heard, not scored: a run was stopped between the two
        recording = Recording(row.id, row.path, row.sha256, row.duration, row.sample_rate, row.channels, row.codec)
        told = msgspec.json.decode(row.told, type=Metadata) if row.told else Metadata("")
        doubt = doubts.get(row.sha256)
        yield Scored(
            Call(recording, told, Transcript(_language(heads.get(row.sha256, b"")), ())),
            {},
            msgspec.json.decode(zlib.decompress(cards[row.sha256]), type=Scorecard),
            Doubt() if doubt is None else msgspec.json.decode(zlib.decompress(doubt), type=Doubt),
        )


def _values(store: Store, stage: str, keys: list[str], most: int | None = None) -> dict[str, bytes]:
    """A stage's answers as they are kept, or their first ``most`` bytes."""
    value = results.c.value if most is None else sa.func.substr(results.c.value, 1, most).label("value")
    query = _answers(stage, sa.select(results.c.sha256, value)).where(results.c.sha256.in_(keys))
    return {row.sha256: bytes(row.value) for row in store.rows(query)}


def _answers(stage: str, query: sa.Select[Any]) -> sa.Select[Any]:
    """The stage's answers of the latest runs."""
    here = current.c.sha256 == results.c.sha256, current.c.fingerprint == results.c.fingerprint
    return query.join(current, sa.and_(*here)).where(current.c.stage == stage, results.c.stage == stage)


def _language(head: bytes) -> Language:
    return "en" if b'"language":"en"' in zlib.decompressobj().decompress(head) else "ru"
