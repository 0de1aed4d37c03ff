"""The metric set as JSON, CSV and a workbook: one row a figure, the same bytes for the same store."""

from __future__ import annotations

import csv
import io
import re
import zipfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

from callqa.metrics.figures import Cut, Figure, Metric
from callqa.metrics.settings import Period
from callqa.reports.reasons import reason
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
SHEETS = {
    "company": "Компания",
    "team": "Команды",
    "rep": "Продавцы",
    "source": "Источники",
    "pipeline": "Воронки",
    "month": "Месяцы",
    "stage": "Этапы",
    "block": "Блоки",
    "loss_reason": "Причины отказа",
    "lost_stage": "Этап отказа",
    "made_by": "Чем найдена сделка",
    "outcome": "Исход",
}
WIDTHS = {"metric": 44, "name": 24, "reason": 50}
# Excel shows the reader's own separators
FORMATS = {"money": "#,##0.00", "%": '0.0"%"', "days": "0.0", "min": "#,##0", "0-100": "0.0", "count": "#,##0.00"}
UNITS = {"money": {"ru": "деньги", "en": "money"}, "days": {"ru": "дней", "en": "days"},
         "min": {"ru": "мин", "en": "min"}, "count": {"ru": "число", "en": "count"}}  # fmt: skip
NO_TIME = (1980, 1, 1, 0, 0, 0)  # the first that a zip can tell


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
        sheet = book.create_sheet(SHEETS.get(by, by) if language == "ru" else by)
        _sheet(sheet, [row for row in rows if row["by"] == by], by, language)
    book.properties.title = f"callqa {period.name}"
    book.properties.creator = "callqa"
    made = io.BytesIO()
    book.save(made)
    path.write_bytes(_timeless(made.getvalue(), period))


def _timeless(made: bytes, period: Period) -> bytes:
    """The same workbook with the period's end where openpyxl wrote the time of day: same figures, same bytes."""
    out, end = io.BytesIO(), f"{period.end.isoformat()}T00:00:00Z".encode()
    with zipfile.ZipFile(io.BytesIO(made)) as old, zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as new:
        for name in sorted(old.namelist(), key=lambda name: (name != "[Content_Types].xml", name)):
            content = old.read(name)
            if name == "docProps/core.xml":
                content = re.sub(rb"(<dcterms:(?:created|modified)[^>]*>)[^<]*", rb"\g<1>" + end, content)
            entry = zipfile.ZipInfo(name, NO_TIME)
            entry.external_attr, entry.compress_type = 0o644 << 16, zipfile.ZIP_DEFLATED
            new.writestr(entry, content)
    return out.getvalue()


def _sheet(sheet: Any, rows: Sequence[dict[str, Any]], by: str, language: Language) -> None:
    from openpyxl.styles import Alignment, Font, PatternFill
    from openpyxl.utils import get_column_letter

    heads = [name for name in HEADS if name != "name" or by != "company"]
    sheet.append([HEADS[name][language] for name in heads])
    for row in rows:
        _line(sheet, row, heads, language)
    for cell in sheet[1]:
        cell.font, cell.fill = Font(bold=True), PatternFill("solid", fgColor="E8EEF4")
        cell.alignment = Alignment(wrap_text=True, vertical="top")
    for i, name in enumerate(heads, start=1):
        sheet.column_dimensions[get_column_letter(i)].width = WIDTHS.get(name, 14)
    sheet.freeze_panes = "B2"
    sheet.auto_filter.ref = sheet.dimensions
    sheet.page_setup.orientation, sheet.page_setup.fitToHeight = "landscape", 0
    sheet.sheet_properties.pageSetUpPr.fitToPage = True
    sheet.print_title_rows = "1:1"


def _line(sheet: Any, row: dict[str, Any], heads: Sequence[str], language: Language) -> None:
    """A figure's row: the twenty in bold, what stands beside them plain; why there is none in the reader's words."""
    from openpyxl.styles import Alignment, Font

    told = row["reason"] and reason(row["reason"], language)
    unit = UNITS.get(row["unit"], {}).get(language, row["unit"])
    shown = {**row, "metric": row[f"name_{language}"], "reason": told, "unit": unit}
    sheet.append([shown[name] for name in heads])
    for name, cell in zip(heads, sheet[sheet.max_row], strict=True):
        if isinstance(shown[name], str):
            cell.data_type = "s"  # a name that begins with = would be run as a formula
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        elif name in ("value", "target", "previous", "low", "high"):
            whole = row["unit"] == "count" and isinstance(shown[name], int)
            cell.number_format = "#,##0" if whole else FORMATS[row["unit"]]
        else:
            cell.number_format = "#,##0"
        if name in ("metric", "value"):
            cell.font = Font(bold=row["number"] is not None)


def _rows(metric: Metric) -> Iterator[dict[str, Any]]:
    for cut in (Cut("company", None, "", metric.figure), *metric.cuts):
        figure = _record(cut.figure)
        low, high = figure.pop("interval") or (None, None)
        yield {
            "metric": metric.definition.id,
            "name_ru": metric.definition.name_ru,
            "name_en": metric.definition.name_en,
            "unit": metric.definition.unit,
            "number": metric.definition.number,
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
