"""The command about the sales metrics: callqa metrics."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.table import Table

from callqa.cli import show
from callqa.cli.calls import Config, StoreUrl, examples

if TYPE_CHECKING:
    from callqa.metrics.figures import Figure, Metric
    from callqa.sales import Explained, Sales

Part = Literal["team", "rep", "source", "pipeline", "month"]
PARTS: tuple[Part, ...] = ("team", "rep", "source", "pipeline", "month")
DIGITS = {"money": 2, "%": 1, "days": 1, "min": 1, "0-100": 1, "count": 2}


@examples(
    "callqa metrics",
    "callqa metrics --period 2026-Q3 --by rep",
    "callqa metrics --period 2026-10 --format xlsx --out october.xlsx",
    "callqa metrics --format html --language ru --out metrics.html",
    "callqa metrics --explain lead_conversion",
)
def metrics(
    period: Annotated[
        str | None,
        typer.Option(help="2026-10, 2026-Q4, 2026 or 2026-10-01..2026-10-15; the last whole month of the data."),
    ] = None,
    by: Annotated[Part | None, typer.Option(help="Which parts beside the whole; in files all of them.")] = None,
    format_: Annotated[
        Literal["table", "json", "csv", "xlsx", "html"], typer.Option("--format", help="How the figures are given.")
    ] = "table",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to, instead of stdout.")] = None,
    beside: Annotated[bool, typer.Option("--beside", help="Also the metrics beside the twenty, in the table.")] = False,
    explain: Annotated[
        str | None, typer.Option(metavar="METRIC", help="Rule, query and the records behind one metric.")
    ] = None,
    language: Annotated[Literal["ru", "en"], typer.Option(help="Language of table, workbook and page.")] = "en",
    store: StoreUrl = None,
    config: Config = None,
) -> None:
    """The twenty sales metrics of a period: value, how sure, on what, against target and the period before.

    A figure that the data cannot give is empty and says why. All but the table have parts of every kind unless --by
    says which.
    """
    from callqa import sales
    from callqa.reports import metric_page

    opened = sales.opened(config, store)
    if format_ == "html" and opened.warehouse.as_of is None:
        _put(metric_page.empty(language).encode(), out)
        return
    if explain:
        _explain(opened.explain(explain, opened.period(period)), language)
        return
    over = opened.period(period)
    parts = (by,) if by else () if format_ == "table" else PARTS
    found = opened.metrics(over, parts)
    if format_ == "table":
        show.note(f"{over.name}: {over.start} to {over.end}, money in {opened.warehouse.currency}")
        show.console().print(_table(found, parts, beside, language))
        return
    _write(opened, found, over.name, format_, out, language)


def _write(
    opened: Sales, found: Sequence[Metric], name: str, format_: str, out: Path | None, language: Literal["ru", "en"]
) -> None:
    from callqa.reports import metric_page, metric_table

    over = opened.period(name)
    if format_ == "xlsx":
        path = out or Path(f"metrics-{name}.xlsx")
        metric_table.write_workbook(path, found, over, language)
        print(path)
        return
    if format_ == "html":
        trends, steps = opened.trends(over), opened.funnel(over)
        data = metric_page.html(found, trends, over, opened.warehouse.currency, language, steps).encode()
    elif format_ == "json":
        data = metric_table.encode(found, over, opened.warehouse.currency)
    else:
        data = metric_table.as_csv(found).encode()
    _put(data, out)


def _put(data: bytes, out: Path | None) -> None:
    if out:
        out.write_bytes(data)
    else:
        sys.stdout.buffer.write(data)


HEADS = {
    "en": ("Metric", "Value", "Unit", "95 %", "n", "Open", "Target", "Before", "Why none"),
    "ru": ("Метрика", "Значение", "Единица", "95 %", "n", "Открыто", "Цель", "Раньше", "Почему нет"),
}
UNITS = {"money": "деньги", "days": "дней", "min": "мин", "count": "число"}


def _table(found: Sequence[Metric], parts: Sequence[str], beside: bool, language: Literal["ru", "en"]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="bold")
    first, *figures, last = HEADS[language]
    table.add_column(first, overflow="fold")
    for head in figures:
        table.add_column(head, justify="right", no_wrap=True)
    table.add_column(last, overflow="fold")
    for metric in found:
        d = metric.definition
        if d.beside and not beside:
            continue
        number = f"{d.number:>2} " if d.number else "   "
        table.add_row(
            f"{number}{d.name_ru if language == 'ru' else d.name_en}", *_shown(metric.figure, d.unit, language)
        )
        for cut in metric.cuts:
            if cut.by in (*parts, *((*d.cuts, *d.splits) if parts else ())):
                table.add_row(f"     {cut.name}", *_shown(cut.figure, d.unit, language), style="dim")
    return table


def _shown(figure: Figure, unit: str, language: Literal["ru", "en"]) -> list[str]:
    from callqa.reports.reasons import reason

    low, high = figure.interval or (None, None)
    sure = "" if figure.interval is None else f"{number(low, unit)}..{number(high, unit)}"
    counts = [str(figure.n), str(figure.open) if figure.open else ""]
    beside = ["" if v is None else number(v, unit) for v in (figure.target, figure.previous)]
    named = UNITS.get(unit, unit) if language == "ru" else unit
    return [number(figure.value, unit), named, sure, *counts, *beside, reason(figure.reason or "", language)]


def number(value: float | None, unit: str) -> str:
    """
    >>> number(None, "%"), number(1234567.5, "money"), number(3.0, "count")
    ('-', '1,234,567.50', '3')
    """
    if value is None:
        return "-"
    return f"{value:,.0f}" if unit == "count" and value == int(value) else f"{value:,.{DIGITS[unit]}f}"


def _explain(told: Explained, language: Literal["ru", "en"]) -> None:
    from callqa.reports.reasons import reason

    d, figure = told.metric.definition, told.metric.figure
    print(f"{d.id}: {d.name_ru if language == 'ru' else d.name_en}, {d.unit}, kind {d.kind}")
    print(d.rule_ru if language == "ru" else d.rule_en)
    for trap in d.traps:
        print(f"  ! {trap}")
    parts = {"numerator": figure.numerator, "denominator": figure.denominator, "n": figure.n, "open": figure.open}
    shown = ", ".join(f"{name} {value}" for name, value in parts.items())
    why = f": {reason(figure.reason, language)}" if figure.reason else ""
    print(f"\n{number(figure.value, d.unit)} {d.unit}{why}  ({shown})")
    print(f"\n{d.path}\n{d.sql}\n")
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in told.columns:
        table.add_column(column, no_wrap=True)
    for row in told.rows:
        table.add_row(*("" if value is None else str(value) for value in row))
    show.console().print(table)
    if told.total > len(told.rows):
        show.note(f"{len(told.rows)} of {told.total} records")
