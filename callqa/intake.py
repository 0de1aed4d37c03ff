"""Which files are recordings, and what the telephone system knows of each: folders, calls.csv, file names."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path

from callqa.errors import ConfigError, UsageError
from callqa.types import Metadata

COLUMNS = tuple(f.name for f in fields(Metadata))
DIRECTIONS = {"in": "inbound", "out": "outbound", "входящий": "inbound", "исходящий": "outbound"}
CHANNELS = {"left": 0, "right": 1}
TIMES = ("%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%Y%m%d-%H%M%S", "%Y%m%d_%H%M%S", "%Y%m%d%H%M%S", "%Y%m%d")


def find(
    paths: Iterable[Path], suffixes: Collection[str], transcript: Callable[[Path], bool] = lambda path: False
) -> list[Path]:
    """The recordings named, and those in the folders named (at any depth, by suffix), sorted, each once.

    A folder's files of other suffixes are taken where ``transcript`` says that they are one.

    A file named by the user is taken whatever its suffix. A path that is not there is a UsageError.
    """
    found: set[Path] = set()
    for path in paths:
        if path.is_dir():
            found.update(_in_folder(path, suffixes, transcript))
        elif path.exists():
            found.add(path.absolute())
        else:
            raise UsageError(f"{path}: no such file or folder")
    return sorted(found)


def _in_folder(folder: Path, suffixes: Collection[str], transcript: Callable[[Path], bool]) -> Iterable[Path]:
    for path in folder.absolute().rglob("*"):
        hidden = any(part.startswith(".") for part in path.relative_to(folder.absolute()).parts)
        if not hidden and path.is_file() and (path.suffix.lower() in suffixes or transcript(path)):
            yield path


@dataclass(frozen=True, slots=True)
class Calls:
    """The rows of one calls.csv, by file name as it stands there."""

    path: str = ""
    rows: Mapping[str, Metadata] = field(default_factory=dict)

    def of(self, recording: Path) -> Metadata | None:
        """The row of a recording: its path as the csv writes it (from the csv's folder), else its bare name."""
        folder = Path(self.path).absolute().parent
        for name in (recording, _from(recording, folder), Path(recording.name)):
            if row := self.rows.get(str(name).replace("\\", "/")):
                return replace(row, file=recording.name)
        return None

    def unmatched(self, recordings: Sequence[Path]) -> list[str]:
        """Names that the csv lists and no recording answers to."""
        names = {r.name for r in recordings}
        return sorted(name for name in self.rows if Path(name).name not in names)


def read_calls(path: Path) -> Calls:
    """calls.csv in utf-8, utf-8-sig or cp1251, with any of ``,`` ``;`` tab between columns.

    Columns that callqa does not know are passed over. What cannot be read is a ConfigError with line and column.
    """
    lines = list(csv.reader(io.StringIO(_text(path), newline=""), _dialect(path)))
    if not lines:
        raise ConfigError(str(path), "line 1", f"no header; the columns are {', '.join(COLUMNS)}")
    header = [name.strip().lower() for name in lines[0]]
    if "file" not in header:
        raise ConfigError(str(path), "line 1", f"no column 'file' among {', '.join(header)}; calls are found by it")
    rows: dict[str, Metadata] = {}
    for number, values in enumerate(lines[1:], start=2):
        if not any(value.strip() for value in values):
            continue
        row = _row(str(path), number, dict(zip(header, (v.strip() for v in values), strict=False)))
        if rows.setdefault(row.file, row) != row:
            raise ConfigError(str(path), f"line {number}", f"'{row.file}' stands twice, with different values")
    return Calls(str(path), rows)


def from_name(path: Path, pattern: re.Pattern[str]) -> Metadata | None:
    """What a file's name tells by the pattern of callqa.toml; None when it does not match."""
    match = pattern.search(path.name)
    if not match:
        return None
    told = {key: value for key, value in match.groupdict().items() if value is not None}
    if _time(told.get("started_at", "")) is None:
        told.pop("started_at", None)  # a number that looked like a date
    return _row(str(path), 0, {**told, "file": path.name})


def name_pattern(where: str, pattern: str) -> re.Pattern[str] | None:
    """The checked pattern of ``intake.name_pattern``; None when it is empty."""
    key = "intake.name_pattern"
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise ConfigError(where, key, f"not a regular expression: {error}") from error
    unknown = sorted(set(compiled.groupindex) - set(COLUMNS))
    if unknown:
        raise ConfigError(where, key, f"group '{unknown[0]}' is no column; choose from {', '.join(COLUMNS)}")
    return compiled if pattern else None


def _from(recording: Path, folder: Path) -> Path:
    return recording.relative_to(folder) if recording.is_relative_to(folder) else recording


def _text(path: Path) -> str:
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError:
        return raw.decode("cp1251", errors="replace")


def _dialect(path: Path) -> type[csv.Dialect]:
    head = _text(path).partition("\n")[0]

    class Dialect(csv.excel):
        delimiter = max(",;\t", key=head.count)

    return Dialect


def _row(where: str, line: int, told: Mapping[str, str]) -> Metadata:
    def wrong(column: str, cure: str) -> ConfigError:
        place = f"line {line}, {column}" if line else column
        return ConfigError(where, place, f"'{told[column]}' is no {column}; {cure}")

    values: dict[str, str | int | None] = {name: told.get(name) or None for name in COLUMNS}
    if not values["file"]:
        raise ConfigError(where, f"line {line}, file", "empty; every row names its recording")
    if direction := told.get("direction"):
        values["direction"] = DIRECTIONS.get(direction.lower(), direction.lower())
        if values["direction"] not in ("inbound", "outbound"):
            raise wrong("direction", "write inbound or outbound")
    if channel := told.get("rep_channel"):
        if not (channel.isdigit() or channel.lower() in CHANNELS):
            raise wrong("rep_channel", "write 0 for the first channel, 1 for the second, or nothing")
        values["rep_channel"] = CHANNELS.get(channel.lower(), int(channel) if channel.isdigit() else 0)
    if started := told.get("started_at"):
        values["started_at"] = _time(started)
        if values["started_at"] is None:
            raise wrong("started_at", "write 2026-10-03T10:15:00 or 03.10.2026 10:15")
    values["file"] = str(values["file"]).replace("\\", "/")
    return Metadata(**values)  # type: ignore[arg-type]


def _time(text: str) -> str | None:
    try:
        return datetime.fromisoformat(text).isoformat()
    except ValueError:
        pass
    for pattern in TIMES:
        try:
            return datetime.strptime(text, pattern).isoformat()
        except ValueError:
            continue
    return None
