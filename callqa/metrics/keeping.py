"""The loaded tables of a store in a file for as long as nothing in the store changes: made in a minute, opened at once.

The file is never the truth: deleted, cut short or of another callqa it is made anew, and where it cannot be written the
tables are loaded into memory as without it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

WAIT = 1800.0  # seconds: another process may be making the same file
PREVIOUS = "previous"  # the name, while tables are made, of those that the file held so far
MEMORY = "1500MB"  # of the making; what needs more goes to the disk


@dataclass(frozen=True, slots=True)
class Kept:
    """Where the tables are kept, and the marks of the store's tables that they were, or will be, made of."""

    path: Path
    marks: Mapping[str, int]


def opened(
    kept: Kept, about: str, make: Callable[[duckdb.DuckDBPyConnection], None]
) -> duckdb.DuckDBPyConnection | None:
    """The tables of the file, made by ``make`` where it does not hold them; None: there can be no such file.

    ``about``: what they depend on beside the marks. The file appears whole or not at all, however the making ends; of
    several processes one makes it, the others wait.
    """
    import duckdb
    from filelock import FileLock, Timeout

    about = "\n".join([about, duckdb.__version__, *(f"{name} {mark}" for name, mark in sorted(kept.marks.items()))])
    if found := _held(kept.path, about):
        return found
    try:
        with FileLock(f"{kept.path}.lock", timeout=WAIT):
            if found := _held(kept.path, about):
                return found
            _made(kept.path, about, make)
            return _held(kept.path, about)
    except (OSError, Timeout, duckdb.IOException):
        return None


def _held(path: Path, about: str) -> duckdb.DuckDBPyConnection | None:
    """The file's tables, where they are what is asked for."""
    import duckdb

    if not path.is_file():
        return None
    duck = duckdb.connect()
    try:
        duck.execute(f"attach {_quoted(path)} as kept (read_only)")
        duck.execute("use kept")
        if _whole(duck, path) and duck.execute("select about from kept_of").fetchall() == [(about,)]:
            return duck
    except duckdb.Error:
        pass  # cut short, or of another version: made anew
    duck.close()
    return None


def _whole(duck: duckdb.DuckDBPyConnection, path: Path) -> bool:
    """A file that was cut short opens like any other, and fails when its lost part is read."""
    asked = "select total_blocks * block_size from pragma_database_size() where database_name = 'kept'"
    return path.stat().st_size >= int(duck.execute(asked).fetchall()[0][0])


def _made(path: Path, about: str, make: Callable[[duckdb.DuckDBPyConnection], None]) -> None:
    import duckdb

    path.parent.mkdir(parents=True, exist_ok=True)
    coming = path.with_name(f"{path.name}.new")
    _cleared(coming)  # of a process that was killed: the lock is ours
    try:
        with duckdb.connect(str(coming), config={"memory_limit": MEMORY}) as duck:
            coming.chmod(0o600)
            with _previous(duck, path):
                make(duck)
            duck.execute("create table kept_of as select $about as about", {"about": about})
        coming.replace(path)
    finally:
        _cleared(coming)


@contextmanager
def _previous(duck: duckdb.DuckDBPyConnection, path: Path) -> Iterator[None]:
    """The tables that the file holds so far, if it is sound, for those of the store's that have not changed."""
    import duckdb

    try:
        duck.execute(f"attach {_quoted(path)} as {PREVIOUS} (read_only)")
    except duckdb.Error:
        duck.execute(f"attach ':memory:' as {PREVIOUS}")
    yield
    duck.execute(f"detach {PREVIOUS}")


def _cleared(path: Path) -> None:
    for left in (path, path.with_name(f"{path.name}.wal")):
        with suppress(OSError):
            left.unlink()


def _quoted(path: Path) -> str:
    return "'" + str(path).replace("'", "''") + "'"
