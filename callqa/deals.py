"""The verbs about what a CRM knows, for Python: exports into the store."""

from __future__ import annotations

import csv
import hashlib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, TextIO

from callqa.config import find_settings
from callqa.crm.files import Sheet, open_sheet
from callqa.crm.mapping import Source, find
from callqa.crm.people import People
from callqa.crm.rows import Reader, Rejected, Taken
from callqa.store import Store, Writer, people
from callqa.store.bulk import Counts, Merging


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of a file: ``read`` rows are ``rejected``, ``left_out`` (blank, templates, skipped) or taken.

    ``entities``: for each entity the file holds, what became of its rows; the first one is what the file's rows are.
    """

    path: Path
    table: str
    read: int
    rejected: int
    left_out: int
    entities: dict[str, Counts] = field(default_factory=dict)
    rejects: Path | None = None


@contextmanager
def opened(config: Path | None = None, store: str | None = None) -> Iterator[Store]:
    """The store of ``--store``, else of the settings."""
    found = Store.open(store or find_settings(config).store.url)
    try:
        yield found
    finally:
        found.close()


def import_files(
    store: Store, source: str, paths: Sequence[Path], table: str = "", rejects: Path = Path()
) -> Iterator[Imported]:
    """Import exports one by one, each wholly or not at all; rows that cannot be taken go to a file in ``rejects``.

    All files are looked at before the first is imported: a missing column stops while nothing is written.
    """
    mapping, known = find(source), People()
    sheets = [open_sheet(path, mapping.columns) for path in paths]
    readers = [Reader(mapping, mapping.table(sheet.path, sheet.columns, table), sheet, known) for sheet in sheets]
    for reader in readers:
        yield _import(store, mapping, reader, rejects, known)


def _import(store: Store, mapping: Source, reader: Reader, folder: Path, known: People) -> Imported:
    with ExitStack() as stack:
        write = stack.enter_context(store.write())
        known.learn(people.names(write.connection))
        rejects = stack.enter_context(_Rejects(folder, reader.sheet))
        strokes = {name: stack.enter_context(write.merging(name, names)) for name, names in reader.names.items()}
        read, left_out = _feed(reader, strokes, rejects)
        entities = {name: stroke.settle() for name, stroke in strokes.items()}
        if "people" in entities:
            known.learn(people.names(write.connection))
            people.name_owners(write.connection, known.id)
        done = Imported(reader.sheet.path, reader.table.name, read, rejects.count, left_out, entities, rejects.path)
        _note(write, mapping, done)
    return done


def _feed(reader: Reader, strokes: Mapping[str, Merging], rejects: _Rejects) -> tuple[int, int]:
    """Every row to where it belongs; how many were read, and left out."""
    read = left_out = 0
    into = [strokes[part.entity.name] for part in reader.parts]
    whole = [part.names == reader.names[part.entity.name] for part in reader.parts]
    for row in reader.rows():
        read += 1
        if isinstance(row, Taken):
            for n, values in row.values:
                into[n].add(values if whole[n] else _widened(reader, n, values))
            # none of what the file's rows are, but of something else: told on that one's own line
            left_out += not any(n == 0 for n, _ in row.values)
        elif isinstance(row, Rejected):
            rejects.add(row)
        else:
            left_out += 1
    return read, left_out


def _widened(reader: Reader, n: int, values: Sequence[Any]) -> list[Any]:
    """The values of one of an entity's parts, with nothing where only another part tells something."""
    part = reader.parts[n]
    told = dict(zip(part.names, values, strict=True))
    return [told.get(name) for name in reader.names[part.entity.name]]


def _note(write: Writer, mapping: Source, done: Imported) -> None:
    with done.path.open("rb") as file:
        sha256 = hashlib.file_digest(file, "sha256").hexdigest()
    for n, (entity, counts) in enumerate(done.entities.items()):
        # rows that held nothing are told once, of what the file's rows are
        rest = {"rejected": done.rejected, "left_out": done.left_out} if n == 0 else {"rejected": 0, "left_out": 0}
        about = {"file": str(done.path), "sha256": sha256, "source": mapping.name, "entity": entity}
        write.put_import({**about, **asdict(counts), **rest})


class _Rejects:
    """The file of rows that were not taken: line, reason, and the row as it was. There is none without such rows."""

    def __init__(self, folder: Path, sheet: Sheet) -> None:
        self._path = folder / f"{sheet.path.name}.rejected.csv"
        self._part = folder / f"{sheet.path.name}.rejected.csv.part"
        self._columns = sheet.columns
        self._file: TextIO | None = None
        self.count = 0

    def __enter__(self) -> _Rejects:
        return self

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if self._file:
            self._file.close()
        if kind is not None:
            self._part.unlink(missing_ok=True)
        elif self._file:
            self._part.replace(self._path)
        else:
            self._path.unlink(missing_ok=True)  # of an import before: it would speak of rows that are right now

    @property
    def path(self) -> Path | None:
        return self._path if self.count else None

    def add(self, row: Rejected) -> None:
        if self._file is None:
            self._part.parent.mkdir(parents=True, exist_ok=True)
            self._file = self._part.open("w", encoding="utf-8", newline="")
            csv.writer(self._file).writerow(["line", "reason", *self._columns])
        csv.writer(self._file).writerow([row.line, row.reason, *("" if cell is None else cell for cell in row.cells)])
        self.count += 1
