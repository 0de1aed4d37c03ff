"""The metrics there are: callqa's definitions/*.sql and those of a folder of the team's own.

A file begins with comment lines that are TOML (id, names, unit, kind, rule, traps); the query below gives one row a
record that the figure rests on, with the columns of ``REQUIRED``.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from callqa.config import convert
from callqa.errors import ConfigError

Kind = Literal["share", "percent", "ratio", "return", "mean", "median", "p90", "total", "survival"]
REQUIRED = ("record", "moment", "rep", "team", "source", "pipeline", "num", "den", "open")
DEFINITIONS = Path(__file__).with_name("definitions")


@dataclass(frozen=True, slots=True)
class Definition:
    """One metric. ``kind`` says how rows become a figure (docs/metrics.md); ``money``: which of num and den are money.

    ``number``: which of the twenty it is, ``beside``: the metric of the twenty it stands beside. ``tables`` must hold
    rows; ``needs``: a part of the rows that must be there, and what is said where it is not; ``empty``: what is said
    where nothing can be divided by. ``cuts``: columns of its own to cut by; ``splits``: the same, but each part is
    over the whole denominator.
    """

    id: str
    name_ru: str
    name_en: str
    unit: Literal["%", "days", "min", "money", "count", "0-100"]
    kind: Kind
    direction: Literal["up", "down", "none"]
    rule_ru: str
    rule_en: str
    empty: str
    sql: str
    path: str
    number: int | None = None
    beside: str | None = None
    money: tuple[Literal["num", "den"], ...] = ()
    tables: tuple[Literal["people", "leads", "deals", "stage_history", "activities"], ...] = ()
    needs: Mapping[str, str] = field(default_factory=dict)
    cuts: tuple[str, ...] = ()
    splits: tuple[str, ...] = ()
    traps: tuple[str, ...] = ()


def registry(own: Path | None = None) -> tuple[Definition, ...]:
    """Every metric, the twenty in their order with those beside them, then the team's own by file name."""
    shipped = [read(path) for path in sorted(DEFINITIONS.glob("*.sql"))]
    order = {d.id: float(d.number) for d in shipped if d.number is not None}
    shipped.sort(key=lambda d: (order[d.beside or d.id], d.beside is not None, d.id))
    if own is not None and not own.is_dir():
        raise ConfigError("metrics.toml", "folder", f"{own}: no such folder")
    found = [*shipped, *(read(path) for path in sorted(own.glob("*.sql")))] if own else shipped
    seen: dict[str, str] = {}
    for definition in found:
        if definition.id in seen:
            raise ConfigError(definition.path, "id", f"'{definition.id}' is that of {seen[definition.id]}")
        seen[definition.id] = definition.path
    for definition in found:
        if definition.beside is not None and definition.beside not in seen:
            raise ConfigError(definition.path, "beside", f"no metric '{definition.beside}'")
    return tuple(found)


def read(path: Path) -> Definition:
    """One file, or a ConfigError that names the place."""
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), "file", str(error)) from error
    head, sql = _parted(text)
    try:
        raw = tomllib.loads(head)
    except tomllib.TOMLDecodeError as error:
        raise ConfigError(str(path), "header", str(error)) from error
    for key in ("sql", "path"):
        if key in raw:
            raise ConfigError(str(path), key, "not a key of the header")
    if not sql.lower().startswith(("select", "with", "from")):
        raise ConfigError(str(path), "query", "one SELECT after the header")
    return _made(str(path), {**raw, "sql": sql, "path": str(path)})


def _made(path: str, raw: Mapping[str, Any]) -> Definition:
    definition = convert(path, "header", raw, Definition)
    if definition.kind in ("share", "percent", "return") and definition.unit != "%":
        raise ConfigError(path, "unit", f"a {definition.kind} is in '%'")
    return definition


def _parted(text: str) -> tuple[str, str]:
    """The TOML of the comment lines at the top, and the query below them."""
    lines = text.splitlines()
    end = next((i for i, line in enumerate(lines) if not line.startswith("--")), len(lines))
    return "\n".join(line[2:].removeprefix(" ") for line in lines[:end]), "\n".join(lines[end:]).strip().rstrip(";")
