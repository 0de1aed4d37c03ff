"""One run at a time on a store: whoever comes second is told who is there.

SQLite: a file beside the database, locked by the operating system, which lets go of it when the process dies.
PostgreSQL: an advisory lock of the database, which lets go of it when the connection ends.
"""

from __future__ import annotations

import os
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from callqa.errors import StoreBusy, StoreError
from callqa.store import Store
from callqa.types import Seconds

KEY = 0x63616C6C7161  # "callqa": the number of the advisory lock
PATIENCE: Seconds = 900.0  # with a watch, which lets go after the recordings in work
COMING: Seconds = 3.0
PAUSE: Seconds = 0.5


@dataclass(frozen=True, slots=True)
class Holder:
    """Who has the store: the command, its process, its machine, since when (UTC)."""

    command: str = "another run"
    pid: int = 0
    host: str = ""
    since: str = ""

    def __str__(self) -> str:
        who = f"callqa {self.command}" if self.pid else self.command
        told = [f"process {self.pid} on {self.host}"] if self.pid else []
        return ", ".join([who, *told, *([f"since {self.since[:19].replace('T', ' ')} UTC"] if self.since else [])])


class Held:
    """The lock is ours as long as ``kept`` says nothing."""

    def kept(self) -> None:
        """StoreBusy when another run has taken it meanwhile, StoreError while nobody can know."""


@contextmanager
def held(store: Store, command: str, note: Callable[[str], None], patience: Seconds = PATIENCE) -> Iterator[Held]:
    """The store to ourselves, or StoreBusy. A watch is waited for, ``patience`` seconds at most."""
    ours = Holder(command, os.getpid(), socket.gethostname(), datetime.now(UTC).isoformat(timespec="seconds"))
    began, told = time.monotonic(), False
    while True:
        attempt = _taken(store, ours)
        if not isinstance(attempt, Holder):
            break
        # who has no name has just come or is about to go
        if time.monotonic() - began >= (COMING if not attempt.pid else patience if attempt.command == "watch" else 0.0):
            raise StoreBusy(str(attempt))
        if attempt.pid and not told:
            note(f"callqa: waiting for {attempt}")
            told = True
        time.sleep(PAUSE)
    with attempt as ours_now:
        yield ours_now


def _taken(store: Store, ours: Holder) -> AbstractContextManager[Held] | Holder:
    """A context that holds the lock and lets go at its end, or who has it."""
    if store.engine.dialect.name == "postgresql":
        return _by_server(store, ours)
    name = store.engine.url.database
    if not name or name == ":memory:":
        return nullcontext(Held())  # nobody else can see it
    return _by_file(Path(name), ours)


def _by_file(database: Path, ours: Holder) -> AbstractContextManager[Held] | Holder:
    from filelock import FileLock, Timeout

    lock = FileLock(f"{database}.lock")
    about = database.with_name(database.name + ".holder")
    try:
        lock.acquire(timeout=0)
    except Timeout:
        return _told(about)
    except OSError as error:
        raise StoreError(f"{lock.lock_file}: {error.strerror}; the folder of the store must be writable") from error

    @contextmanager
    def holding() -> Iterator[Held]:
        try:
            with suppress(OSError):  # who we are is a courtesy
                about.write_bytes(msgspec.json.encode(ours))
            yield Held()
        finally:
            with suppress(OSError):
                about.unlink(missing_ok=True)
            lock.release()

    return holding()


def _told(about: Path) -> Holder:
    try:
        return msgspec.json.decode(about.read_bytes(), type=Holder)
    except (OSError, msgspec.DecodeError):
        return Holder()


@dataclass(slots=True)
class _Server(Held):
    """An advisory lock lives in one connection; when the server was away it is taken anew."""

    store: Store
    ours: Holder
    connection: sa.Connection | None = None

    def take(self) -> Holder | None:
        """None: it is ours now."""
        with self.store.errors():
            connection = self.store.engine.connect().execution_options(isolation_level="AUTOCOMMIT")
            connection.detach()  # the pool must not lend it to another
            name = f"callqa {self.ours.command} {self.ours.pid}@{self.ours.host}"[:63]
            connection.execute(sa.text("select set_config('application_name', :name, false)"), {"name": name})
            if connection.execute(sa.text("select pg_try_advisory_lock(:key)"), {"key": KEY}).scalar_one():
                self.connection = connection
                return None
            found = _who(connection)
            connection.close()
            return found

    def kept(self) -> None:
        with suppress(SQLAlchemyError):
            if self.connection is not None:
                self.connection.execute(sa.text("select 1"))
                return
        self.let_go()
        if other := self.take():
            raise StoreBusy(str(other))

    def let_go(self) -> None:
        with suppress(SQLAlchemyError):
            if self.connection is not None:
                self.connection.close()
        self.connection = None


def _by_server(store: Store, ours: Holder) -> AbstractContextManager[Held] | Holder:
    lock = _Server(store, ours)
    if other := lock.take():
        return other

    @contextmanager
    def holding() -> Iterator[Held]:
        try:
            yield lock
        finally:
            lock.let_go()

    return holding()


def _who(connection: sa.Connection) -> Holder:
    """The session that has the lock, by the name it gave itself."""
    query = """select a.application_name as name, a.backend_start as since
               from pg_locks l join pg_stat_activity a on a.pid = l.pid
               where l.locktype = 'advisory' and l.granted
                 and l.database = (select oid from pg_database where datname = current_database())
                 and l.classid::bigint = :high and l.objid::bigint = :low and l.objsubid = 1"""
    key: dict[str, Any] = {"high": KEY >> 32, "low": KEY & 0xFFFFFFFF}
    row = connection.execute(sa.text(query), key).first()
    named = re.fullmatch(r"callqa (\w+) (\d+)@(.*)", row.name or "") if row else None
    if row is None or named is None:
        return Holder()
    since = row.since.astimezone(UTC).isoformat(timespec="seconds")
    return Holder(named[1], int(named[2]), named[3], since)
