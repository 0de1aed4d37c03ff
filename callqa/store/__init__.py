"""Where results live: SQLAlchemy Core over SQLite (or PostgreSQL by URL), one writing process."""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, OperationalError, SQLAlchemyError

from callqa.errors import StoreError, UsageError
from callqa.store import recent
from callqa.store.bulk import Counts, Merging
from callqa.store.deal_tables import deal_tables, imports
from callqa.store.failing import Failure as Failure
from callqa.store.failing import known, noted, of
from callqa.store.tables import call_metadata, current, failures, files, recordings, rep_calls, results
from callqa.types import Metadata, Recording

HEAD = "0006"  # the newest migration


@dataclass(frozen=True, slots=True)
class Store:
    """The database of one team. Everything written in one ``write()`` block is there wholly or not at all."""

    engine: sa.Engine

    @classmethod
    def open(cls, url: str) -> Store:
        """Connect and bring the tables up to date; what cannot be done is a StoreError that names the cure."""
        try:
            engine = sa.create_engine(url, pool_pre_ping=not url.startswith("sqlite"))
        except (ArgumentError, NoSuchModuleError) as error:
            raise StoreError(f"store {url}: {error}; e.g. sqlite:///callqa.db") from error
        except ModuleNotFoundError as error:
            raise StoreError(f"store {url}: {error}; pip install 'callqa[postgres]'") from error
        if engine.dialect.name == "sqlite":
            sa.event.listen(engine, "connect", _sqlite_settings)
            sa.event.listen(engine, "begin", _sqlite_begin)
        store = cls(engine)
        with store.errors():
            store._migrate()
        return store

    def close(self) -> None:
        self.engine.dispose()

    @contextmanager
    def write(self) -> Iterator[Writer]:
        """One transaction: all of it or nothing."""
        with self.errors(), self._writing() as connection:
            yield Writer(connection)

    def result(self, sha256: str, stage: str, fingerprint: str) -> bytes | None:
        """A stage's answer under that fingerprint, None when it is still to be computed."""
        key = (results.c.sha256 == sha256, results.c.stage == stage, results.c.fingerprint == fingerprint)
        found = self._one(sa.select(results.c.value).where(*key))
        return _inflated(found)

    def current(self, sha256: str, stage: str) -> bytes | None:
        """A stage's answer of the latest run."""
        query = (
            sa.select(results.c.value)
            .join(
                current,
                (current.c.sha256 == results.c.sha256)
                & (current.c.stage == results.c.stage)
                & (current.c.fingerprint == results.c.fingerprint),
            )
            .where(results.c.sha256 == sha256, results.c.stage == stage)
        )
        found = self._one(query)
        return _inflated(found)

    def history(self, sha256: str, stage: str) -> list[tuple[str, bytes]]:
        """Every answer a stage ever gave for a recording: (made at, value), oldest first."""
        query = (
            sa.select(results.c.made_at, results.c.value)
            .where(results.c.sha256 == sha256, results.c.stage == stage)
            .order_by(results.c.made_at, results.c.fingerprint)
        )
        return [(row.made_at, zlib.decompress(row.value)) for row in self.rows(query)]

    def known_hash(self, path: Path) -> str | None:
        """The hash of a file that has not changed since it was last read."""
        stat = os.stat(path)
        found = self._one(sa.select(files).where(files.c.path == str(path)))
        same = found is not None and (found.size, found.mtime_ns) == (stat.st_size, stat.st_mtime_ns)
        return str(found.sha256) if found is not None and same else None

    def recording(self, sha256: str) -> Recording | None:
        found = self._one(sa.select(recordings).where(recordings.c.sha256 == sha256))
        return _recording(found) if found else None

    def recordings(self) -> list[Recording]:
        """All recordings, in the order of their paths."""
        rows = self.rows(sa.select(recordings).order_by(recordings.c.path, recordings.c.sha256))
        return [_recording(row) for row in rows]

    def find(self, reference: str) -> Recording:
        """The recording a person means by an id, the beginning of one, a path or a file name."""
        by_id = sa.select(recordings).where(recordings.c.id.startswith(reference.lower(), autoescape=True))
        found = self.rows(by_id) if reference else []
        if not found:
            name = f"%/{Path(reference).name}"
            named = sa.select(files.c.sha256).where(
                (files.c.path == str(Path(reference).absolute())) | files.c.path.like(name)
            )
            found = self.rows(sa.select(recordings).where(recordings.c.sha256.in_(named)))
        if not found:
            raise UsageError(f"no call '{reference}' in the store; `callqa status` lists ids and files")
        if len(found) > 1:
            names = ", ".join(f"{row.id} ({row.path})" for row in found[:5])
            raise UsageError(f"'{reference}' is more than one call: {names}; give more of the id")
        return _recording(found[0])

    def metadata(self, sha256: str) -> Metadata | None:
        found = self._one(sa.select(call_metadata.c.value).where(call_metadata.c.sha256 == sha256))
        return msgspec.json.decode(found.value, type=Metadata) if found else None

    def earlier(self, stage: str, rep_id: str, before: str, most: int) -> list[bytes]:
        """The latest answers of a stage for the rep's last ``most`` calls that began before that time."""
        return recent.earlier(self, stage, rep_id, before, most)

    def failures(self) -> list[Failure]:
        """Files set aside, by path."""
        return [known(row) for row in self.rows(sa.select(failures).order_by(failures.c.path))]

    def rows(self, query: sa.Select[Any]) -> list[sa.Row[Any]]:
        """All that a query finds."""
        with self.errors(), self.engine.connect() as connection:
            return list(connection.execute(query))

    @contextmanager
    def errors(self) -> Iterator[None]:
        """What the database says becomes a StoreError that names the cure."""
        try:
            yield
        except OperationalError as error:
            where = self.engine.url.render_as_string(hide_password=True)
            cure = "is the folder there, writable and not full?" if where.startswith("sqlite") else "is the server up?"
            raise StoreError(f"store {where}: {error.orig}; {cure}", _passing(error)) from error
        except SQLAlchemyError as error:
            raise StoreError(f"store {self.engine.url.render_as_string(hide_password=True)}: {error}") from error

    def _one(self, query: sa.Select[Any]) -> sa.Row[Any] | None:
        with self.errors(), self.engine.connect() as connection:
            return connection.execute(query).first()

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        with self.engine.connect().execution_options(callqa_writes=True) as connection, connection.begin():
            yield connection

    def _migrate(self) -> None:
        with self.engine.connect() as connection:
            if _version(connection) == HEAD:
                return
        with self._writing() as connection:
            version = _version(connection)
            if version == HEAD:
                return
            if version is not None and version > HEAD:
                raise StoreError(f"the store is of a newer callqa (version {version}, here {HEAD}): upgrade callqa")
            from alembic import command
            from alembic.config import Config

            config = Config()
            config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
            config.attributes["connection"] = connection
            command.upgrade(config, "head")


@dataclass(frozen=True, slots=True)
class Writer:
    """The verbs of one transaction."""

    connection: sa.Connection

    def put_recording(self, recording: Recording) -> None:
        row = {f: getattr(recording, f) for f in recording.__dataclass_fields__}
        self._upsert(recordings, ("sha256",), row)

    def put_file(self, path: Path, sha256: str, size: int | None = None, mtime_ns: int | None = None) -> None:
        """A file by name; ``size`` and ``mtime_ns`` as they were when it was hashed, of today where not given."""
        if size is None or mtime_ns is None:
            stat = os.stat(path)
            size, mtime_ns = stat.st_size, stat.st_mtime_ns
        row = {"path": str(path), "sha256": sha256, "size": size, "mtime_ns": mtime_ns}
        self._upsert(files, ("path",), row)

    def put_metadata(self, sha256: str, metadata: Metadata) -> None:
        value = msgspec.json.encode(metadata).decode()
        self._upsert(call_metadata, ("sha256",), {"sha256": sha256, "value": value})
        if row := recent.row_of(sha256, metadata):
            self._upsert(rep_calls, ("sha256",), row)
        else:
            self.connection.execute(sa.delete(rep_calls).where(rep_calls.c.sha256 == sha256))

    def put(self, sha256: str, stage: str, fingerprint: str, value: bytes | None) -> None:
        """Keep an answer and make it today's; ``value`` None: it is there already."""
        key = {"sha256": sha256, "stage": stage, "fingerprint": fingerprint}
        if value is not None:
            self._upsert(results, tuple(key), {**key, "value": zlib.compress(value, 6), "made_at": _now()})
        self._upsert(current, ("sha256", "stage"), key)

    def put_failure(self, failure: Failure) -> None:
        before = self.connection.execute(of(failure.path)).first()
        self._upsert(failures, ("path",), noted(before, failure, _now()))

    def clear_failure(self, path: str) -> None:
        self.connection.execute(sa.delete(failures).where(failures.c.path == path))

    def merging(self, table: str, names: Sequence[str]) -> Merging:
        """Many rows on their way into one of the deal tables."""
        return Merging(self.connection, deal_tables[table], names)

    def merge(self, table: str, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> Counts:
        """Add the rows that are new, update those that changed, leave the others: ``bulk.Merging`` tells how."""
        with self.merging(table, names) as merging:
            for row in rows:
                merging.add(row)
            return merging.settle()

    def put_import(self, row: Mapping[str, Any]) -> None:
        """Note that a file was imported: the columns of ``imports`` but its number and the time, which is now."""
        self.connection.execute(sa.insert(imports).values(**row, at=_now()))

    def _upsert(self, table: sa.Table, key: tuple[str, ...], row: Mapping[str, Any]) -> None:
        # one writing process: update-else-insert needs no dialect of SQL
        where = [table.c[name] == row[name] for name in key]
        rest = {name: value for name, value in row.items() if name not in key}
        if self.connection.execute(sa.select(sa.literal(1)).select_from(table).where(*where)).first():
            if rest:
                self.connection.execute(sa.update(table).where(*where).values(**rest))
        else:
            self.connection.execute(sa.insert(table).values(**row))


def _inflated(row: sa.Row[Any] | None) -> bytes | None:
    return zlib.decompress(row.value) if row is not None else None


def _passing(error: OperationalError) -> bool:
    """Whether the same may work in a minute: a server that is away or starting, a file that another process holds."""
    said = f"{error.orig}".lower()
    if any(word in said for word in ("no space", "full", "readonly", "read-only", "unable to open", "password")):
        return False
    return "lock" in said or "sqlite" not in type(error.orig).__module__


def _recording(row: sa.Row[Any]) -> Recording:
    return Recording(row.id, row.path, row.sha256, row.duration, row.sample_rate, row.channels, row.codec)


def _version(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    found = connection.execute(sa.text("select version_num from alembic_version")).first()
    return str(found.version_num) if found else None


def _sqlite_settings(connection: Any, _: Any) -> None:
    # the driver would open transactions late and commit before each change of a table; we say BEGIN ourselves
    connection.isolation_level = None
    cursor = connection.cursor()
    # WAL: readers are not held up by the writer; a killed process leaves whole transactions
    for line in ("journal_mode=WAL", "busy_timeout=10000", "synchronous=NORMAL"):
        cursor.execute(f"PRAGMA {line}")
    cursor.close()


def _sqlite_begin(connection: sa.Connection) -> None:
    # a writer takes its lock at once and waits for it, instead of failing when it has already read
    writes = connection.get_execution_options().get("callqa_writes")
    connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="microseconds")
