"""Which files of a folder are complete: a telephone system drops recordings in and says nothing.

The folder is looked through again and again, which works on network shares too. A file is complete when it has been
moved there whole, or when its size and time have not changed for some seconds and nobody is seen to write to it.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from callqa import imports
from callqa.audio import SUFFIXES
from callqa.types import Seconds

LAST_TOUCHED = 1_000_000_000  # ns between the last write and the last change of name, rights or times


@dataclass(frozen=True, slots=True)
class Look:
    """What one look found: files complete since the look before, how many are not yet, folders that are away."""

    ready: tuple[Path, ...]
    unfinished: int
    away: tuple[Path, ...]


@dataclass(frozen=True, slots=True)
class _Before:
    """What the last look saw: files that need no look (size, time), files in the making (size, time, since when), and
    by inode the size of those that are no recordings, for one of them may become one by a new name."""

    given: dict[str, tuple[int, int]]
    growing: dict[str, tuple[int, int, float]]
    others: dict[tuple[int, int], int]


@dataclass(slots=True)
class Arrivals:
    """``wanted`` says whether a file is a recording; ``still``: seconds without a change that make one complete."""

    folders: Sequence[Path]
    wanted: Callable[[Path], bool]
    still: Seconds
    _given: dict[str, tuple[int, int]] = field(default_factory=dict)
    _growing: dict[str, tuple[int, int, float]] = field(default_factory=dict)
    _others: dict[tuple[int, int], int] = field(default_factory=dict)

    def look(self, now: float) -> Look:
        """``now``: seconds of a clock that never goes back."""
        before, self._given, self._growing, self._others = self._state(), {}, {}, {}
        ready, away = [], []
        for folder in self.folders:
            try:
                for entry, stat in _files(folder):
                    if self._new(entry, stat, now, before):
                        ready.append(Path(entry.path))
            except OSError:
                away.append(folder)
                # what was there is known when it comes back
                self._given |= {
                    path: known for path, known in before.given.items() if Path(path).is_relative_to(folder)
                }
        return Look(tuple(sorted(ready)), len(self._growing), tuple(away))

    def _state(self) -> _Before:
        return _Before(self._given, self._growing, self._others)

    def _new(self, entry: os.DirEntry[str], stat: os.stat_result, now: float, before: _Before) -> bool:
        """Whether a file is complete now and was not when we last looked. Notes what it is for the next look."""
        known, inode = (stat.st_size, stat.st_mtime_ns), (stat.st_dev, stat.st_ino)
        if not _named(entry.name):
            self._others[inode] = stat.st_size
            return False
        if before.given.get(entry.path) == known:
            self._given[entry.path] = known
            if inode in before.others:
                self._others[inode] = stat.st_size
            return False
        if not self.wanted(Path(entry.path)):
            self._given[entry.path], self._others[inode] = known, stat.st_size
            return False
        size, mtime_ns, since = before.growing.get(entry.path, (-1, -1, now))
        if (size, mtime_ns) != known:
            since = now
        # it had another name when we last looked, or a write was not the last thing done to it
        moved = before.others.get(inode) == stat.st_size or stat.st_ctime_ns - stat.st_mtime_ns > LAST_TOUCHED
        if (now - since >= self.still or (moved and stat.st_size > 0)) and not being_written(entry.path):
            self._given[entry.path] = known
            return True
        self._growing[entry.path] = (*known, since)
        return False


def recording(path: Path) -> bool:
    """Whether a file that comes in is one to score: what a batch over its folder would take."""
    return path.suffix.lower() in SUFFIXES or imports.in_folder(path)


def being_written(path: str) -> bool:
    """Whether somebody has the file open for writing. False also where the system does not tell: another's file, a
    network share, no Linux."""
    try:
        import fcntl

        lease, read, none = fcntl.F_SETLEASE, fcntl.F_RDLCK, fcntl.F_UNLCK
        file = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    except (ImportError, AttributeError, OSError):
        return False
    try:
        # the kernel gives a read lease only on a file that nobody writes to
        fcntl.fcntl(file, lease, read)
        fcntl.fcntl(file, lease, none)
    except BlockingIOError:
        return True
    except OSError:
        return False
    finally:
        os.close(file)
    return False


def _named(name: str) -> bool:
    return not name.startswith((".", "~")) and not name.endswith((".part", ".tmp", ".temp", ".partial", "~"))


def _files(folder: Path) -> Iterator[tuple[os.DirEntry[str], os.stat_result]]:
    """Every file of a folder at any depth but in hidden folders; one that goes while we look is passed over."""
    with os.scandir(folder) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False) and not entry.name.startswith("."):
                with suppress(OSError):  # gone, or not ours to read: the rest of the folder counts
                    yield from _files(Path(entry.path))
            elif entry.is_file():
                with suppress(FileNotFoundError):
                    yield entry, entry.stat()
