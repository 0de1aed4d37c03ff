"""One company as five systems would export it; their headers stand in exports.toml."""

from __future__ import annotations

import csv
import html
import io
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from people import MOSCOW
from world import Row

MONEY = ("amount", "gross_cost")
FLAGS = ("upsell", "template", "connected", "held", "next_step_agreed")


HEADERS = tomllib.loads(Path(__file__).with_suffix(".toml").read_text(encoding="utf-8"))


@dataclass(frozen=True, slots=True)
class Export:
    """How one system writes times, money, yes and no; ``owners``: people by name, not by id."""

    when: Callable[[datetime], str]
    money: Callable[[int], str]
    yes_no: tuple[str, str]
    delimiter: str = ","
    encoding: str = "utf-8"
    owners: bool = False


def write(tables: Mapping[str, list[Row]], source: str, folder: Path) -> list[Path]:
    """The company's files in that system's form; the same rows give the same bytes."""
    export, headers = EXPORTS[source], HEADERS[source]
    folder.mkdir(parents=True, exist_ok=True)
    codes = headers.get("codes", {})
    if export.owners:
        codes = codes | {"owner_id": {person["person_id"]: person["name"] for person in tables["people"]}}
    written = []
    for table, told in headers["tables"].items():
        columns = told.get("columns") or [(name, name) for name in told["same"]]
        rows = [[_told(export, codes, column, row) for _, column in columns] for row in tables[table]]
        path = folder / told["file"]
        path.write_bytes(_document(path, export, [header for header, _ in columns], rows))
        written.append(path)
    return written


def _document(path: Path, export: Export, headers: list[str], rows: list[list[str]]) -> bytes:
    if path.suffix == ".xls":
        return "".join(_html_table(headers, rows)).encode(export.encoding)
    text = io.StringIO()
    out = csv.writer(text, delimiter=export.delimiter, lineterminator="\r\n")
    out.writerows([headers, *rows])
    return text.getvalue().encode(export.encoding)


def _html_table(headers: list[str], rows: list[list[str]]) -> Iterator[str]:
    """What Bitrix24 calls .xls."""
    yield '<html><head><meta http-equiv="Content-Type" content="text/html; charset=utf-8"></head>'
    yield '<body><table border="1">\n'
    for n, row in enumerate([headers, *rows]):
        tag = "td" if n else "th"
        yield "<tr>" + "".join(f"<{tag}>{html.escape(value)}</{tag}>" for value in row) + "</tr>\n"
    yield "</table></body></html>\n"


def _told(export: Export, codes: Mapping[str, Mapping[str, str]], column: str, row: Row) -> str:
    """One value as that system writes it; what is not known is empty."""
    if column.startswith("="):
        return column[1:]
    name, _, form = column.partition(":")
    value = row[name]
    if form in ("won", "closed"):
        return export.yes_no[value is None if form == "closed" else value != "won"]
    if name in codes:
        return codes[name].get(value or "open", value or "")
    if value is None:
        return ""
    if isinstance(value, datetime):
        return value.date().isoformat() if form == "day" else export.when(value)
    if name == "rate":
        return f"{value:.4f}"
    if name in FLAGS:
        return export.yes_no[not value]
    return export.money(value) if name in MONEY else str(value)


def _iso(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _russian(at: datetime) -> str:
    return at.astimezone(MOSCOW).strftime("%d.%m.%Y %H:%M:%S")


def _point(hundredths: int) -> str:
    return f"{hundredths // 100}.{hundredths % 100:02}"


def _spaced(hundredths: int) -> str:
    """1 234 567,80"""
    return f"{hundredths // 100:,}".replace(",", " ") + f",{hundredths % 100:02}"


EXPORTS = {
    "plain": Export(_iso, _point, ("true", "false")),
    "amocrm": Export(_russian, _spaced, ("Да", "Нет"), ";", "cp1251", owners=True),
    "bitrix24": Export(_russian, _spaced, ("Да", "Нет"), ";", owners=True),
    "hubspot": Export(lambda at: _iso(at).replace("Z", ".000Z"), _point, ("true", "false"), encoding="utf-8-sig"),
    "salesforce": Export(lambda at: _iso(at).replace("Z", ".000+0000"), _point, ("1", "0")),
}
