"""Reads for thousands of recordings at once: a few hundred names a statement, so a store of a million stays quick."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec
import sqlalchemy as sa

from callqa.store import Store, recent
from callqa.store.tables import call_metadata, current, files, recordings, rep_calls, results
from callqa.types import Metadata, Recording

AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class KnownFile:
    """A file as it was when it was read: the hash of its content, its size in bytes, its time of change in ns."""

    sha256: str
    size: int
    mtime_ns: int

    def same(self, path: str) -> bool:
        """Whether the file there has not changed since."""
        try:
            stat = os.stat(path)
        except OSError:
            return False
        return (self.size, self.mtime_ns) == (stat.st_size, stat.st_mtime_ns)


def known_files(store: Store, paths: Iterable[str]) -> dict[str, KnownFile]:
    """Those of the paths that the store knows."""
    query = sa.select(files)
    return {row.path: KnownFile(row.sha256, row.size, row.mtime_ns) for row in _in(store, query, files.c.path, paths)}


def metadata_of(store: Store, shas: Iterable[str]) -> dict[str, Metadata]:
    """What was last told of each call."""
    rows = _in(store, sa.select(call_metadata), call_metadata.c.sha256, shas)
    return {row.sha256: msgspec.json.decode(row.value, type=Metadata) for row in rows}


def recordings_of(store: Store, shas: Iterable[str]) -> dict[str, Recording]:
    rows = _in(store, sa.select(recordings), recordings.c.sha256, shas)
    return {r.sha256: Recording(r.id, r.path, r.sha256, r.duration, r.sample_rate, r.channels, r.codec) for r in rows}


def retold(store: Store, told: Mapping[str, Metadata]) -> list[str]:
    """Those calls that are said to be of another rep or time than the store has them."""
    rows = _in(store, sa.select(rep_calls), rep_calls.c.sha256, told)
    return [row.sha256 for row in rows if dict(row._mapping) != recent.row_of(row.sha256, told[row.sha256])]


def current_of(store: Store, stage: str, shas: Iterable[str]) -> dict[str, str]:
    """The fingerprint of a stage's answer of today, where there is one."""
    query = sa.select(current.c.sha256, current.c.fingerprint).where(current.c.stage == stage)
    return {row.sha256: row.fingerprint for row in _in(store, query, current.c.sha256, shas)}


def values_of(store: Store, stage: str, shas: Iterable[str]) -> dict[str, bytes]:
    """A stage's answer of today, where there is one."""
    joined = (current.c.sha256 == results.c.sha256) & (current.c.stage == results.c.stage)
    query = (
        sa.select(results.c.sha256, results.c.value)
        .join(current, joined & (current.c.fingerprint == results.c.fingerprint))
        .where(results.c.stage == stage)
    )
    return {row.sha256: zlib.decompress(row.value) for row in _in(store, query, results.c.sha256, shas)}


def answers(store: Store, sha256: str) -> dict[tuple[str, str], bytes]:
    """All that was ever computed of one recording, by stage and fingerprint."""
    query = sa.select(results.c.stage, results.c.fingerprint, results.c.value).where(results.c.sha256 == sha256)
    return {(row.stage, row.fingerprint): zlib.decompress(row.value) for row in store.rows(query)}


def _in(store: Store, query: sa.Select[Any], column: sa.Column[Any], names: Iterable[str]) -> Iterator[sa.Row[Any]]:
    for some in _portions(sorted(set(names))):
        yield from store.rows(query.where(column.in_(some)))


def _portions(names: Sequence[str]) -> Iterator[Sequence[str]]:
    for first in range(0, len(names), AT_ONCE):
        yield names[first : first + AT_ONCE]
