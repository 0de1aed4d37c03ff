"""The rows of an export as rows of callqa's tables, each with its reason where it cannot be taken."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from callqa.crm.entities import Entity
from callqa.crm.files import Sheet
from callqa.crm.mapping import EACH, NAME, Field, Part, Source, Table, bare
from callqa.crm.people import People
from callqa.crm.values import Reading, after, identity, moment, sign, since, text

Cells = Sequence[Any]
Get = Callable[[Cells], Any]
Known = Sequence[tuple[int, frozenset[str]]]  # a column's number, and values that a row is told by
REMEMBERED = 1 << 14  # texts of a column whose value need not be found again


@dataclass(frozen=True, slots=True)
class Taken:
    """What one row of the file holds: values, in the order of its names, of the parts with these numbers."""

    line: int
    values: Sequence[tuple[int, Sequence[Any]]]


@dataclass(frozen=True, slots=True)
class Rejected:
    """A row that cannot be taken."""

    line: int
    reason: str
    cells: Cells


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row that is none on purpose: blank, a template of recurring deals, or one the mapping skips."""

    line: int


class Reader:
    """One kind of file bound to the columns of one file."""

    def __init__(self, source: Source, table: Table, sheet: Sheet, people: People) -> None:
        self.table, self.sheet = table, sheet
        index = {bare(name): n for n, name in enumerate(sheet.columns)}
        self.parts = [bound for part in table.parts for bound in _bound(part, source, sheet.columns, index, people)]
        self._skip, self._only = _known(table.skip, index), _known(table.only, index)

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """What each entity is told of in this file, by all its parts together."""
        found: dict[str, dict[str, None]] = {}
        for part in self.parts:
            found.setdefault(part.entity.name, {}).update(dict.fromkeys(part.names))
        return {entity: tuple(names) for entity, names in found.items()}

    def rows(self) -> Iterator[Taken | Rejected | LeftOut]:
        """Every row of the file, in its order."""
        width = len(self.sheet.columns)
        for line, cells in self.sheet.rows():
            if not cells or not _among(cells, self._skip, self._only):
                yield LeftOut(line)
            elif len(cells) > width and any(text(cell) for cell in cells[width:]):
                yield Rejected(line, f"{len(cells)} cells under {width} columns", cells)
            else:
                yield self._row(line, cells)

    def _row(self, line: int, cells: Cells) -> Taken | Rejected | LeftOut:
        found = []
        for n, part in enumerate(self.parts):
            if not part.holds(cells):
                continue
            try:
                values = part.values(cells)
            except ValueError as error:
                return Rejected(line, str(error), cells)
            empty = part.empty(values)
            if not empty and part.template is not None and values[part.template]:
                return LeftOut(line)
            if not empty:
                found.append((n, part.with_id(values, cells)))
            elif part.is_the_row:
                return Rejected(line, f"{empty}: empty", cells)
        return Taken(line, found)


class Bound:
    """A part of a mapping bound to a file's columns; one such for each column that ``each`` matches.

    ``made``: the id that the file does not have, and the columns it is made of; without those, of the row's values.
    """

    def __init__(
        self,
        entity: Entity,
        is_the_row: bool,
        getters: Mapping[str, Get],
        made: tuple[str, Sequence[int]],
        skip: Known,
        only: Known,
        owners: Mapping[str, Get],
    ) -> None:
        self.entity, self.is_the_row, self._skip, self._only = entity, is_the_row, skip, only
        self._getters, self._owners = list(getters.items()), owners
        read = list(getters)
        self._made, self._hashed = made
        self.names = (*read, self._made) if self._made else tuple(read)
        self.template = read.index("template") if entity.name == "deals" and "template" in read else None
        self._required = [(name, read.index(name)) for name in entity.required if name != self._made]
        of = entity.made[1] if entity.made else ()
        self._of = [name for name in of if name in read] or read
        self._times: Counter[bytes] = Counter()

    def holds(self, cells: Cells) -> bool:
        """False where the mapping says that such a row has none of this entity."""
        return _among(cells, self._skip, self._only)

    def values(self, cells: Cells) -> list[Any]:
        """The values of a row; a ValueError says which field cannot be read."""
        found = []
        for name, get in self._getters:
            try:
                found.append(get(cells))
            except (ValueError, OverflowError) as error:
                raise ValueError(f"{name}: {error}") from error
        return found

    def empty(self, values: Sequence[Any]) -> str:
        """The required field that is empty, if one is."""
        return next((name for name, n in self._required if values[n] is None), "")

    def with_id(self, values: list[Any], cells: Cells) -> list[Any]:
        """An id made of what the row says and of how many rows before it said the same: equal rows are several."""
        if not self._made:
            return values
        told = [text(_at(cells, n)) for n in self._hashed] if self._hashed else self._said(values, cells)
        key = _digest(told)
        self._times[key] += 1
        again = self._times[key]
        if self.entity.name == "products":
            return [*values, again]
        return [*values, key.hex() if again == 1 else f"{key.hex()}-{again}"]

    def _said(self, values: Sequence[Any], cells: Cells) -> list[Any]:
        # an owner's name counts as the file has it: who that is may be known by the next import only
        found = dict(zip(self.names, values, strict=False))
        return [self._owners[name](cells) if name in self._owners else found[name] for name in self._of]


def _bound(
    part: Part, source: Source, columns: Sequence[str], index: Mapping[str, int], people: People
) -> Iterator[Bound]:
    alike = [(-1, "")]
    if part.each is not None:
        matches = [(n, part.each.fullmatch(name)) for n, name in enumerate(columns)]
        alike = [(n, next(filter(None, match.groups()), "")) for n, match in matches if match]
    for n, name in alike:
        found = {
            key: _getter(field, part.entity.fields[key], source.reading, places, name, index)
            for key, field in part.fields.items()
            if not field.hash and (places := _places(field, index, n)) is not None
        }
        getters = _with_defaults(part, found, source, index)
        owners = {key: get for key, get in getters.items() if part.entity.fields[key] == "person"}
        getters |= {key: _known_person(get, people) for key, get in owners.items()}
        if all(key in getters or part.fields[key].hash for key in part.entity.needed):
            is_the_row = part.is_the_row and part.each is None
            skip, only = _known(part.skip, index), _known(part.only, index)
            yield Bound(part.entity, is_the_row, getters, _made(part, getters, index), skip, only, owners)


def _made(part: Part, getters: Mapping[str, Get], index: Mapping[str, int]) -> tuple[str, Sequence[int]]:
    for name, field in part.fields.items():
        if field.hash:
            return name, [index[bare(column)] for column in field.hash if bare(column) in index]
    by_default = part.entity.made[0] if part.entity.made else ""
    return ("" if by_default in getters else by_default), ()


def _known(told: Mapping[str, frozenset[str]], index: Mapping[str, int]) -> Known:
    return [(index[bare(column)], values) for column, values in told.items() if bare(column) in index]


def _among(cells: Cells, skip: Known, only: Known) -> bool:
    """Whether a row is one of those spoken of; columns that the file lacks say nothing."""
    return not any(bare(text(_at(cells, n)) or "") in values for n, values in skip) and all(
        bare(text(_at(cells, n)) or "") in values for n, values in only
    )


def _digest(told: Sequence[Any]) -> bytes:
    return hashlib.sha256(repr(told).encode()).digest()[:12]


def _known_person(get: Get, people: People) -> Get:
    def known(cells: Cells) -> str | None:
        said = get(cells)
        return None if said is None else people.id(said)

    return known


def _places(field: Field, index: Mapping[str, int], each: int) -> list[int] | None:
    """The columns that a field may be in, by number; None when the file has none of them."""
    names = [field.column] if isinstance(field.column, str) else field.column
    found = [each if name == EACH else index[bare(name)] for name in names if name == EACH or bare(name) in index]
    told_without = field.const is not None or NAME in names or any(bare(name) in index for name in field.key)
    return found if found or told_without else None


def _with_defaults(part: Part, getters: dict[str, Get], source: Source, index: Mapping[str, int]) -> dict[str, Get]:
    """The source's own name and currency where the file does not tell; a sign beside the amount tells it."""
    entity = part.entity
    money = any(kind == "money" and name in getters for name, kind in entity.fields.items())
    # ids of costs are made of what the row says: a currency that nobody told is no part of them
    if money and entity.name != "targets" and (source.currency or entity.name in ("deals", "products")):
        told: Get = getters.get("currency") or (lambda cells: None)
        amounts = (_places(part.fields["amount"], index, -1) or []) if "amount" in part.fields else []
        getters["currency"] = lambda cells: told(cells) or sign(_first(cells, amounts)) or source.currency or None
    if entity.name == "customers":
        getters.setdefault("source_system", lambda cells: source.name)
    return getters


def _getter(
    field: Field, kind: str, reading: Reading, places: Sequence[int], name: str, index: Mapping[str, int]
) -> Get:
    """What finds a field's value in a row."""
    get = _in_columns(field, kind, reading, places, name, index)
    if field.key:
        get = _keyed(get, [index[bare(column)] for column in field.key if bare(column) in index])
    only = _known({column: frozenset(map(bare, values)) for column, values in field.only.items()}, index)
    return (lambda cells: get(cells) if _among(cells, (), only) else None) if only else get


def _keyed(get: Get, places: Sequence[int]) -> Get:
    """An id made of these columns where there is none: the same for the same cells, in any file."""

    def keyed(cells: Cells) -> str | None:
        told = [bare(text(_at(cells, n)) or "") for n in places]
        return get(cells) or (_digest(told).hex() if any(told) else None)

    return keyed


def _in_columns(
    field: Field, kind: str, reading: Reading, places: Sequence[int], name: str, index: Mapping[str, int]
) -> Get:
    convert = _converter(field, reading.reader(kind))
    if not places:
        value = convert(name if field.const is None and field.column else field.const)
        return lambda cells: value
    start = index.get(bare(field.after or field.since), -1)
    if field.after:
        return lambda cells: after(moment(_at(cells, start), reading.zone, reading.times), _first(cells, places))
    if field.since:
        return lambda cells: since(_at(cells, start), convert(_first(cells, places)), reading.zone, reading.times)
    if len(places) == 1:
        place = places[0]
        return lambda cells: convert(cells[place] if place < len(cells) else None)
    return lambda cells: convert(_first(cells, places))


def _converter(field: Field, read: Callable[[Any], Any]) -> Callable[[Any], Any]:
    plain = not (field.values or field.before or field.pattern or field.scale != 1) and field.other is None
    if read in (text, identity) and plain:
        return read  # ids and titles hardly come twice: remembering them costs more than it saves

    def convert(cell: Any) -> Any:
        said = text(cell)
        if said is not None and field.pattern:
            found = re.search(field.pattern, said)
            cell = said = found and next(filter(None, found.groups()), None)
        if said is not None and field.before:
            cell = said = said.partition(field.before)[0].strip()
        if said is not None and (field.values or field.other is not None):
            cell = field.values.get(bare(said), said if field.other is None else field.other)
        value = read(cell)
        return value if value is None or field.scale == 1 or ":" in str(cell) else value * field.scale

    # typed: 1 and True are equal, and not the same value
    return lru_cache(REMEMBERED, typed=True)(convert)


def _first(cells: Cells, places: Sequence[int]) -> Any:
    return next((cell for n in places if text(cell := _at(cells, n)) is not None), None)


def _at(cells: Cells, n: int) -> Any:
    return cells[n] if 0 <= n < len(cells) else None
