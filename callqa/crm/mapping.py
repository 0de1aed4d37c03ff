"""What the columns of a source's exports mean: a TOML file in configs/crm/, checked strictly when it is loaded."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from callqa.config import check_known, convert, nearest, read_toml, shipped
from callqa.crm.entities import CHOICES, ENTITIES, Entity
from callqa.crm.values import Reading, currency
from callqa.errors import ConfigError, UsageError

EACH, NAME = "{each}", "{name}"  # the cell, and the name, of one of a row's columns that are alike


@dataclass(frozen=True, slots=True)
class Field:
    """Where a field's value comes from.

    ``column``: one name, or several of which the first that holds something counts; ``const``: always this. ``values``
    translates what the export says (letter case aside), ``other`` stands for all that is not listed ("": nothing; not
    given: it stays as it is). ``after``: the column holds how long after that other column's time; ``since``: a day
    without a time of day is no earlier than that other column's time on that day. ``before``: what
    stands before this sign, of several ids in a cell; ``pattern``: what its group finds in the cell. ``only``: nothing
    unless another column holds one of these. ``scale``: a number is so many of ours. ``hash``: an id of the row made of
    these columns, equal rows being several; ``key``: an id made of them where no column holds one, equal ones the same.
    """

    column: str | list[str] = ""
    const: str | int | float | bool | None = None
    values: dict[str, str] = field(default_factory=dict)
    other: str | None = None
    after: str = ""
    since: str = ""
    before: str = ""
    pattern: str = ""
    only: dict[str, list[str]] = field(default_factory=dict)
    scale: float = 1.0
    hash: list[str] = field(default_factory=list)
    key: list[str] = field(default_factory=list)

    @property
    def columns(self) -> tuple[str, ...]:
        """Names that may be in a header; any one of them will do."""
        names = [self.column] if isinstance(self.column, str) else self.column
        return tuple(name for name in (*names, *self.key) if name and name not in (EACH, NAME))


@dataclass(frozen=True, slots=True)
class Part:
    """One entity that a row of the export holds, or several: one for each column that matches ``each``.

    ``is_the_row``: the row is that entity, and cannot be taken without it; else it may hold one or not. ``skip``:
    column to values with which a row holds none of it; ``only``: column to values without which it holds none.
    """

    entity: Entity
    fields: Mapping[str, Field]
    each: re.Pattern[str] | None = None
    is_the_row: bool = True
    skip: Mapping[str, frozenset[str]] = field(default_factory=dict)
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Table:
    """One kind of export file. The first part is what its rows are; ``skip``: column to values of rows left out,
    ``only``: of rows taken."""

    name: str
    parts: tuple[Part, ...]
    skip: Mapping[str, frozenset[str]] = field(default_factory=dict)
    only: Mapping[str, frozenset[str]] = field(default_factory=dict)

    def missing(self, header: Sequence[str]) -> list[str]:
        """The columns (alternatives joined by "or") that a required field needs and the header lacks."""
        there = {bare(name) for name in header}
        part = self.parts[0]
        wanted = [part.fields[name] for name in part.entity.needed]
        absent = [f.columns for f in wanted if f.columns and not any(bare(c) in there for c in f.columns)]
        absent += [(name,) for f in part.fields.values() for name in f.hash if bare(name) not in there]
        if part.each and not any(part.each.fullmatch(name) for name in header):
            absent.append((f"any like {part.each.pattern}",))
        return [" or ".join(f"'{name}'" for name in names) for names in absent]

    def known(self, header: Sequence[str]) -> int:
        """How many of the header's columns this kind of file has a use for."""
        used = {bare(name) for part in self.parts for f in part.fields.values() for name in (*f.columns, *f.hash)}
        used |= {bare(name) for name in (*self.skip, *self.only, *(name for part in self.parts for name in part.only))}
        return sum(bare(name) in used for name in header)

    def place(self, header: Sequence[str]) -> int:
        """Which of the header's columns is the first needed one, from 0."""
        part = self.parts[0]
        wanted = [bare(name) for field in part.entity.needed[:1] for name in part.fields[field].columns]
        return next((n for n, name in enumerate(header) if bare(name) in wanted), len(header))


@dataclass(frozen=True, slots=True)
class Source:
    """All kinds of files of one source, and how it writes values. ``columns``: what they hold, when without header."""

    name: str
    title: str
    about: str
    currency: str
    columns: tuple[str, ...]
    reading: Reading
    tables: tuple[Table, ...]

    def table(self, path: Path, header: Sequence[str], name: str = "") -> Table:
        """The kind of file with this header: the one that knows most of its columns and lacks no needed one; of equals
        the one that the file is named after, or whose id comes first."""
        if name and name not in {table.name for table in self.tables}:
            known = ", ".join(table.name for table in self.tables)
            raise UsageError(f"{self.name} has no table '{name}'; choose from {known}")
        tables = [table for table in self.tables if not name or table.name == name]
        fit = [table for table in tables if not table.missing(header)]
        if not fit:
            closest = max(tables, key=lambda table: table.known(header))
            raise UsageError(
                f"{path}: as {closest.name} of {self.name} it lacks the column {', '.join(closest.missing(header))}; "
                f"columns found: {', '.join(header)}"
            )
        ranks = [(table.known(header), table.name in path.stem.lower(), -table.place(header)) for table in fit]
        best = [table for table, rank in zip(fit, ranks, strict=True) if rank == max(ranks)]
        if len(best) > 1:
            names = " or ".join(table.name for table in best)
            raise UsageError(f"{path}: may be {names} of {self.name}; say which with --table")
        return best[0]


@dataclass(frozen=True, slots=True)
class _Head:
    """What stands before the tables of a mapping file."""

    title: str
    about: str = ""
    currency: str = ""
    columns: list[str] = field(default_factory=list)
    time_zone: str = "UTC"
    times: list[str] = field(default_factory=list)
    decimal: str = ""


def sources() -> list[str]:
    """The mappings that come with callqa, by name."""
    return sorted(path.stem for path in (shipped("configs") / "crm").glob("*.toml"))


def find(source: str) -> Source:
    """The mapping that a person names: a TOML file's path, else one that comes with callqa."""
    return load(place(source))


def place(source: str) -> Path:
    """Where the mapping that a person names lies."""
    path = Path(source)
    if path.suffix == ".toml" or path.is_file():
        return path
    if source not in sources():
        raise UsageError(
            f"no source '{source}'{nearest(source, sources())}; choose from {', '.join(sources())}, or name a TOML file"
        )
    return shipped("configs") / "crm" / f"{source}.toml"


def load(path: Path) -> Source:
    """Read one mapping, or raise a ConfigError that names file, key and cure."""
    where = str(path)
    raw = read_toml(path)
    tables = raw.pop("tables", None)
    for key in raw:
        check_known(where, key, (*(f.name for f in fields(_Head)), "tables"))
    head = convert(where, "mapping", raw, _Head)
    if not isinstance(tables, dict) or not tables:
        raise ConfigError(where, "tables", "missing; a mapping has a [tables.NAME.ENTITY] for each kind of file")
    code = _checked(where, "currency", head.currency, currency) or ""
    return Source(
        path.stem,
        head.title,
        head.about,
        code,
        tuple(head.columns),
        _reading(where, head),
        tuple(_table(where, name, table) for name, table in tables.items()),
    )


def _reading(where: str, head: _Head) -> Reading:
    if head.decimal not in ("", ",", "."):
        raise ConfigError(where, "decimal", f"',' or '.', not '{head.decimal}'")
    for i, form in enumerate(head.times):
        if "%" not in form or datetime(2026, 10, 5).strftime(form) == form:
            raise ConfigError(where, f"times[{i}]", f"'{form}' is no form of a time; '%d.%m.%Y %H:%M' is")
    try:
        return Reading(ZoneInfo(head.time_zone), tuple(head.times), head.decimal)
    except (ZoneInfoNotFoundError, ValueError, OSError) as error:
        raise ConfigError(where, "time_zone", f"no zone '{head.time_zone}'; 'Europe/Moscow' is one") from error


def _table(where: str, name: str, raw: Any) -> Table:
    key = f"tables.{name}"
    if not isinstance(raw, dict):
        raise ConfigError(where, key, "must hold a table for each entity")
    skip, only = (_rows(where, f"{key}.{which}", raw.pop(which, {})) for which in ("skip", "only"))
    for entity in raw:
        check_known(where, f"{key}.{entity}", (*ENTITIES, "skip", "only"))
    if not raw:
        raise ConfigError(where, key, f"no entity; choose from {', '.join(ENTITIES)}")
    told = [(entity, one) for entity, part in raw.items() for one in (part if isinstance(part, list) else [part])]
    parts = tuple(
        _part(where, f"{key}.{entity}", ENTITIES[entity], part, n == 0) for n, (entity, part) in enumerate(told)
    )
    return Table(name, parts, skip, only)


def _rows(where: str, key: str, raw: Any) -> dict[str, frozenset[str]]:
    """Columns, and the values in them that ``skip`` or ``only`` speaks of."""
    told = convert(where, key, raw, dict[str, list[str]])
    return {column: frozenset(bare(value) for value in values) for column, values in told.items()}


def _part(where: str, key: str, entity: Entity, raw: Any, is_the_row: bool) -> Part:
    if not isinstance(raw, dict):
        raise ConfigError(where, key, "must be a table of fields")
    each = _each(where, f"{key}.each", raw.pop("each", None))
    skip, only = (_rows(where, f"{key}.{which}", raw.pop(which, {})) for which in ("skip", "only"))
    found = {}
    for name, told in raw.items():
        check_known(where, f"{key}.{name}", (*entity.fields, "each", "skip", "only"))
        found[name] = _field(where, f"{key}.{name}", entity.fields[name], told, each)
        if found[name].hash and name != next(iter(entity.fields)):
            raise ConfigError(where, f"{key}.{name}.hash", "only the id of a row is made of columns")
    for name in entity.needed:
        if name not in found:
            raise ConfigError(where, key, f"'{name}' is missing; no row of {entity.name} is without it")
    return Part(entity, found, each, is_the_row, skip, only)


def _each(where: str, key: str, pattern: Any) -> re.Pattern[str] | None:
    return None if pattern is None else _pattern(where, key, pattern)


def _pattern(where: str, key: str, pattern: Any) -> re.Pattern[str]:
    try:
        compiled = re.compile(pattern)
    except (re.error, TypeError) as error:
        raise ConfigError(where, key, f"not a regular expression: {error}") from error
    if not compiled.groups:
        raise ConfigError(where, key, "needs a group (...): what is taken of the text")
    return compiled


def _field(where: str, key: str, kind: str, raw: Any, each: re.Pattern[str] | None) -> Field:
    told = convert(where, key, {"column": raw} if isinstance(raw, str | list) else raw, Field)
    given = [name for name in ("column", "const", "hash") if getattr(told, name) not in ("", None, [])]
    if len(given) > 1 or not (given or told.key):
        raise ConfigError(where, key, "needs one of 'column', 'const' and 'hash', or a 'key'")
    for name in ("after", "since"):
        if getattr(told, name) and kind != "time":
            raise ConfigError(where, f"{key}.{name}", "only a time is after another")
    if told.scale != 1 and kind not in ("number", "lasting", "money"):
        raise ConfigError(where, f"{key}.scale", "only a number is so many of another")
    if told.key and kind != "id":
        raise ConfigError(where, f"{key}.key", "only an id is made of columns")
    if told.pattern:
        _pattern(where, f"{key}.pattern", told.pattern)
    names = [told.column] if isinstance(told.column, str) else told.column
    if each is None and any(name in (EACH, NAME) for name in names):
        raise ConfigError(where, key, "{each} and {name} need an `each` beside them")
    for value in _written(told):
        allowed = CHOICES.get(kind)
        if allowed and value not in allowed:
            raise ConfigError(where, key, f"'{value}' is none of {', '.join(allowed)}")
    # what is looked up is looked up in small letters
    return replace(told, values={bare(said): meant for said, meant in told.values.items()})


def _written(told: Field) -> Iterable[str]:
    """The values that the mapping itself puts into a field."""
    return [str(v) for v in (*told.values.values(), told.other, told.const) if v not in (None, "")]


def _checked(where: str, key: str, raw: str, read: Any) -> Any:
    try:
        return read(raw)
    except ValueError as error:
        raise ConfigError(where, key, str(error)) from error


def bare(name: str) -> str:
    """A name as it is compared: letter case and runs of spaces do not count."""
    return " ".join(name.split()).lower()
