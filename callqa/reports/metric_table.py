"""The metric set as JSON, CSV and a workbook: one row a figure, the same bytes for the same store."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from callqa.metrics.figures import Cut, Figure, Metric
from callqa.metrics.settings import Period
from callqa.types import Language

COLUMNS = (
    "metric", "name_ru", "name_en", "unit", "by", "key", "name", "value", "reason", "numerator", "denominator", "n",
    "open", "unknown", "low", "high", "target", "previous",
)  # fmt: skip
HEADS: dict[str, dict[Language, str]] = {
    "metric": {"ru": "Метрика", "en": "Metric"},
    "name": {"ru": "Часть", "en": "Part"},
    "value": {"ru": "Значение", "en": "Value"},
    "unit": {"ru": "Единица", "en": "Unit"},
    "target": {"ru": "Цель", "en": "Target"},
    "previous": {"ru": "Прошлый период", "en": "Period before"},
    "low": {"ru": "От (95 %)", "en": "From (95 %)"},
    "high": {"ru": "До (95 %)", "en": "To (95 %)"},
    "n": {"ru": "n", "en": "n"},
    "open": {"ru": "Ещё открыто", "en": "Still open"},
    "unknown": {"ru": "Неизвестно", "en": "Unknown"},
    "reason": {"ru": "Почему нет", "en": "Why none"},
}
WIDTHS = {"metric": 44, "name": 24, "reason": 50}
FORMATS = {"money": "# ##0.00", "%": "0.0", "days": "0.0", "min": "0.0", "0-100": "0.0", "count": "# ##0.###"}


def document(metrics: Iterable[Metric], period: Period, currency: str) -> dict[str, Any]:
    """The metric set as ``--format json`` shows it."""
    return {
        "period": {
            "name": period.name,
            "start": period.start.isoformat(),
            "end": period.end.isoformat(),
            "previous": period.previous.name,
        },
        "currency": currency,
        "metrics": [
            {
                "id": m.definition.id,
                "number": m.definition.number,
                "beside": m.definition.beside,
                "name_ru": m.definition.name_ru,
                "name_en": m.definition.name_en,
                "unit": m.definition.unit,
                "direction": m.definition.direction,
                **_record(m.figure),
                "cuts": [{"by": c.by, "key": c.key, "name": c.name, **_record(c.figure)} for c in m.cuts],
            }
            for m in metrics
        ],
    }


def encode(metrics: Iterable[Metric], period: Period, currency: str) -> bytes:
    import msgspec

    return msgspec.json.format(msgspec.json.encode(document(metrics, period, currency)), indent=1) + b"\n"


def as_csv(metrics: Iterable[Metric]) -> str:
    """A line a figure, the whole company first, then its parts."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for metric in metrics:
        for row in _rows(metric):
            writer.writerow([row[name] for name in COLUMNS])
    return out.getvalue()


def write_workbook(path: Path, metrics: Sequence[Metric], period: Period, language: Language) -> None:
    """One sheet for the company and one a cut; figures are numbers, formatted by their unit."""
    import openpyxl

    book = openpyxl.Workbook()
    book.remove(book.active)
    rows = [row for metric in metrics for row in _rows(metric)]
    for by in dict.fromkeys(row["by"] for row in rows):
        sheet = book.create_sheet(by)
        _sheet(sheet, [row for row in rows if row["by"] == by], by, language)
    # openpyxl writes the time of day into the file: the period's end stands for it
    book.properties.title = f"callqa {period.name}"
    book.save(path)


def _sheet(sheet: Any, rows: Sequence[dict[str, Any]], by: str, language: Language) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    heads = [name for name in HEADS if name != "name" or by != "company"]
    sheet.append([HEADS[name][language] for name in heads])
    for row in rows:
        shown = {**row, "metric": row[f"name_{language}"]}
        # a text that begins with = would be run as a formula
        sheet.append([f"'{v}" if isinstance(v := shown[name], str) and v[:1] in "=+-@" else v for name in heads])
        for name in ("value", "target", "previous", "low", "high"):
            sheet.cell(sheet.max_row, heads.index(name) + 1).number_format = FORMATS[row["unit"]]
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E8EEF4")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for i, name in enumerate(heads, start=1):
        sheet.column_dimensions[get_column_letter(i)].width = WIDTHS.get(name, 14)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = sheet.dimensions


def _rows(metric: Metric) -> Iterator[dict[str, Any]]:
    for cut in (Cut("company", None, "", metric.figure), *metric.cuts):
        figure = _record(cut.figure)
        low, high = figure.pop("interval") or (None, None)
        yield {
            "metric": metric.definition.id,
            "name_ru": metric.definition.name_ru,
            "name_en": metric.definition.name_en,
            "unit": metric.definition.unit,
            "by": cut.by,
            "key": cut.key,
            "name": cut.name,
            **figure,
            "low": low,
            "high": high,
        }


def _record(figure: Figure) -> dict[str, Any]:
    return {
        "value": _plain(figure.value),
        "reason": figure.reason,
        "numerator": _plain(figure.numerator),
        "denominator": _plain(figure.denominator),
        "n": figure.n,
        "open": figure.open,
        "unknown": figure.unknown,
        "interval": None if figure.interval is None else [_plain(end) for end in figure.interval],
        "target": _plain(figure.target),
        "previous": _plain(figure.previous),
    }


def _plain(value: float | None) -> float | int | None:
    """Six decimals; whole numbers without a point."""
    if value is None:
        return None
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded
