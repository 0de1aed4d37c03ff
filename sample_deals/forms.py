"""How systems write down a table: CSV, the .xls that is a page, JSON lines; times, money, yes and no."""

from __future__ import annotations

import csv
import html
import io
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from people import MOSCOW
from world import Row

Column = tuple[str, str | Callable[[Row], Any]]  # a header, and the row's key or what makes the cell of the row
Cells = list[list[str]]


def cells(columns: Sequence[Column], rows: Iterable[Row], when: Callable[[datetime], str], yes: str, no: str) -> Cells:
    """The header and the rows as text; what is not known is empty."""

    def told(value: Any) -> str:
        if value is None:
            return ""
        if isinstance(value, datetime):
            return when(value)
        return (no, yes)[value] if isinstance(value, bool) else str(value)

    gets = [what if callable(what) else (lambda row, key=what: row[key]) for _, what in columns]
    return [[header for header, _ in columns], *([told(get(row)) for get in gets] for row in rows)]


def as_csv(table: Cells, sign: str = ",", encoding: str = "utf-8") -> bytes:
    text = io.StringIO()
    csv.writer(text, delimiter=sign, lineterminator="\r\n").writerows(table)
    return text.getvalue().encode(encoding)


def as_page(table: Cells) -> bytes:
    """What Bitrix24 calls .xls."""
    return "".join(_page(table)).encode()


def as_json_lines(rows: Iterable[Mapping[str, Any]]) -> bytes:
    return "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()


def _page(table: Cells) -> Iterator[str]:
    yield '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head>'
    yield '<body><table border="1">\n'
    for n, row in enumerate(table):
        tag = "td" if n else "th"
        yield "<tr>" + "".join(f"<{tag}>{html.escape(value)}</{tag}>" for value in row) + "</tr>\n"
    yield "</table></body></html>\n"


def iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def russian(at: datetime) -> str:
    return at.astimezone(MOSCOW).strftime("%d.%m.%Y %H:%M:%S")


def point(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02}"


def spaced(hundredths: int) -> str:
    """1 234 567,80"""
    return f"{hundredths // 100:,}".replace(",", " ") + f",{hundredths % 100:02}"


def nothing(row: Row) -> None:
    """A column that nobody fills in."""


def always(value: Any) -> Callable[[Row], Any]:
    return lambda row: value


def coded(key: str, codes: Mapping[Any, Any]) -> Callable[[Row], Any]:
    """A column by the system's words for it; what it has no word for stays."""
    return lambda row: codes.get(row[key], row[key])


def numbered(rows: Iterable[Row], key: str, first: int) -> dict[str, int]:
    """Our id to the number that the system gave."""
    return {row[key]: first + n for n, row in enumerate(rows)}


def names(tables: Mapping[str, list[Row]]) -> dict[str, str]:
    return {person["person_id"]: person["name"] for person in tables["people"]}


def deals_of(tables: Mapping[str, list[Row]]) -> list[Row]:
    """Without the templates of recurring deals, which not every system has."""
    return [deal for deal in tables["deals"] if not deal["template"]]


def histories(tables: Mapping[str, list[Row]]) -> dict[str, list[Row]]:
    found: dict[str, list[Row]] = {}
    for row in tables["stage_history"]:
        found.setdefault(row["deal_id"], []).append(row)
    return found
