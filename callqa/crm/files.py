"""Exports as rows of cells, whatever the format: CSV, xlsx, Bitrix24's .xls, JSON lines, Parquet."""

from __future__ import annotations

import csv
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import msgspec

from callqa.errors import UsageError

Row = tuple[int, Sequence[Any]]  # the line or row it began on, from 1, and its cells
BATCH = 5_000
SAMPLE = 1 << 16
UTF16 = (b"\xff\xfe", b"\xfe\xff")  # how Excel's "Unicode text" begins


@dataclass(frozen=True, slots=True)
class Sheet:
    """A file's columns, no two of one name, and a way to read its rows as often as needed, one by one.

    A row may have more cells than there are columns, or fewer; blank rows between others come as empty ones.
    """

    path: Path
    columns: tuple[str, ...]
    begin: Callable[[], Iterator[Row]]

    def rows(self) -> Iterator[Row]:
        rows = _without_trailing_blanks(self.begin())
        next((row for row in rows if row[1]), None)  # the header
        yield from rows


def open_sheet(path: Path, columns: Sequence[str] = ()) -> Sheet:
    """The rows of an export, its format told by content; what is none is a UsageError that says what callqa reads.

    ``columns``: those of a file without a header.
    """
    found = _format(path, spaced=bool(columns))

    def begin() -> Iterator[Row]:
        if columns:
            yield 0, columns
        yield from found()

    try:
        first = next((row for row in _without_trailing_blanks(begin()) if row[1]), None)
    except (UnicodeDecodeError, csv.Error) as error:
        raise UsageError(f"{path}: {error}; callqa reads utf-8 and cp1251") from error
    if first is None:
        raise UsageError(f"{path}: no header: the file is empty, or a page without a table")
    return Sheet(path, unique(first[1]), begin)


def unique(names: Iterable[Any]) -> tuple[str, ...]:
    """
    >>> unique(["Имя", "Тег", "Имя ", "", None])
    ('Имя', 'Тег', 'Имя (2)', 'column 4', 'column 5')
    """
    seen: dict[str, int] = {}
    found = []
    for n, cell in enumerate(names, start=1):
        name = " ".join(str(cell if cell is not None else "").replace("\ufeff", "").split()) or f"column {n}"
        seen[name.lower()] = again = seen.get(name.lower(), 0) + 1
        found.append(f"{name} ({again})" if again > 1 else name)
    return tuple(found)


def _format(path: Path, spaced: bool) -> Callable[[], Iterator[Row]]:
    try:
        with path.open("rb") as file:
            head = file.read(SAMPLE)
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}") from error
    if head.startswith(b"PK"):
        return lambda: _xlsx(path)
    if head.startswith(b"PAR1"):
        return lambda: _parquet(path)
    if head.startswith(b"\xd0\xcf\x11\xe0"):
        raise UsageError(f"{path}: an .xls of Excel 97; save it as .xlsx or CSV")
    begins = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if begins.startswith(b"<"):
        return lambda: _html(path)
    if re.match(rb"\{|\[\s*\{", begins):
        return lambda: _json_lines(path)
    if b"\0" in head and not head.startswith(UTF16):
        raise UsageError(f"{path}: not a table; callqa reads CSV, xlsx, Bitrix24's .xls, JSON lines and Parquet")
    return lambda: _csv(path, spaced)


def _without_trailing_blanks(rows: Iterator[Row]) -> Iterator[Row]:
    blanks: list[Row] = []
    for row in rows:
        if any(cell is not None and cell != "" for cell in row[1]):
            yield from blanks
            blanks = []
            yield row
        else:
            blanks.append((row[0], ()))


def _encoding(path: Path) -> str:
    """utf-8 where the whole file is, else cp1251; a CRM's export says nothing of it."""
    with path.open("rb") as raw:
        if raw.read(2) in UTF16:
            return "utf-16"
    try:
        with path.open(encoding="utf-8") as file:
            while file.read(1 << 20):
                pass
    except UnicodeDecodeError:
        return "cp1251"
    return "utf-8-sig"


def _csv(path: Path, spaced: bool) -> Iterator[Row]:
    """``spaced``: where no sign stands between the columns, spaces do."""
    csv.field_size_limit(1 << 24)  # notes of a deal are one cell
    with path.open(encoding=_encoding(path), newline="") as file:
        header, skipped = file.readline(), 0
        if told := re.fullmatch(r"sep=(.)\s*", header):  # a line for Excel's eyes
            header, skipped = told[1], 1
        else:
            file.seek(0)
        sign = max(";,\t", key=_outside_quotes(header).count)
        if spaced and sign not in header:
            rows = csv.reader((line.strip() for line in file), delimiter=" ", skipinitialspace=True)
        else:
            rows = csv.reader(file, delimiter=sign)
        line = 1 + skipped
        for cells in rows:
            yield line, cells
            line = rows.line_num + 1 + skipped


def _outside_quotes(line: str) -> str:
    return "".join(line.split('"')[::2])


def _xlsx(path: Path) -> Iterator[Row]:
    from zipfile import BadZipFile

    from openpyxl import load_workbook
    from openpyxl.utils.exceptions import InvalidFileException

    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except (BadZipFile, InvalidFileException, KeyError) as error:
        raise UsageError(f"{path}: no workbook of Excel: {error}") from error
    with ExitStack() as stack:
        stack.callback(book.close)
        sheet = book.worksheets[0]
        if sheet.max_column == 1:
            sheet.reset_dimensions()  # some programs write that every sheet ends at A1
        yield from enumerate(sheet.iter_rows(values_only=True), start=1)


def _json_lines(path: Path) -> Iterator[Row]:
    """One object a line, or a list of them; the columns are those of all objects, so the file is read twice."""
    names: dict[str, None] = {}
    for _, row in _objects(path):
        names.update(dict.fromkeys(row))
    yield 0, list(names)
    for line, row in _objects(path):
        yield line, [_flat(row.get(name)) for name in names]


def _objects(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    with path.open("rb") as file:
        if file.read(SAMPLE).removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"["):
            yield from _listed(path)
            return
        file.seek(0)
        for n, line in enumerate(file, start=1):
            if bare := line.removeprefix(b"\xef\xbb\xbf").strip():
                try:
                    yield n, _spread(decode(bare))
                except msgspec.MsgspecError as error:
                    raise UsageError(f"{path}: line {n}: no JSON object: {error}") from error


def _listed(path: Path) -> Iterator[tuple[int, dict[str, Any]]]:
    """A JSON list; a row's line is its place in the list."""
    try:
        rows = msgspec.json.decode(path.read_bytes().removeprefix(b"\xef\xbb\xbf"), type=list[dict[str, Any]])
    except msgspec.MsgspecError as error:
        raise UsageError(f"{path}: no list of JSON objects: {error}") from error
    yield from enumerate(map(_spread, rows), start=1)


def _spread(row: dict[str, Any], before: str = "") -> dict[str, Any]:
    """Objects in a row as columns of their own: `params.duration`, `value_after.0.lead_status.id`."""
    found: dict[str, Any] = {}
    for name, value in row.items():
        if isinstance(value, list) and value and all(isinstance(part, dict) for part in value):
            value = {str(n): part for n, part in enumerate(value)}
        if isinstance(value, dict):
            found |= _spread(value, f"{before}{name}.")
        else:
            found[before + name] = value
    return found


def _flat(value: Any) -> Any:
    return msgspec.json.encode(value).decode() if isinstance(value, list | dict) else value


def _parquet(path: Path) -> Iterator[Row]:
    import duckdb

    with duckdb.connect() as connection:
        try:
            found = connection.execute("select * from read_parquet(?)", [str(path)])
        except duckdb.Error as error:
            raise UsageError(f"{path}: no Parquet file: {str(error).splitlines()[0]}") from error
        yield 0, [column[0] for column in found.description]
        line = 1
        while rows := found.fetchmany(BATCH):
            yield from ((line + n, [_flat(cell) for cell in row]) for n, row in enumerate(rows))
            line += len(rows)


def _html(path: Path) -> Iterator[Row]:
    table = _Table()
    with path.open(encoding=_encoding(path)) as file:
        while part := file.read(SAMPLE):
            table.feed(part)
            yield from table.taken()
    table.close()
    yield from table.taken()


class _Table(HTMLParser):
    """The first table of a page, row by row."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._rows: list[Row] = []
        self._cells: list[str] | None = None
        self._open = self._over = False
        self._count = 0

    def taken(self) -> Iterator[Row]:
        rows, self._rows = self._rows, []
        return iter(rows)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr" and not self._over:
            self._cells = []
        elif tag in ("td", "th") and self._cells is not None:
            self._cells.append("")
            self._open = True
        elif tag == "br" and self._open and self._cells:
            self._cells[-1] += "\n"

    def handle_data(self, data: str) -> None:
        if self._open and self._cells:
            self._cells[-1] += data

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._open = False
        elif tag == "tr" and self._cells is not None:
            self._count += 1
            self._rows.append((self._count, [cell.strip() for cell in self._cells]))
            self._cells = None
        elif tag == "table":
            self._over = True
