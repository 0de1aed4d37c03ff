"""The verbs about the sales metrics, for Python: the metric set of a period, and what stands behind a figure."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from callqa.config import find_settings, nearest
from callqa.errors import ConfigError, UsageError
from callqa.metrics.figures import DIMENSIONS, Metric, metrics, rows, values
from callqa.metrics.funnel import Step, funnel
from callqa.metrics.registry import Definition, registry
from callqa.metrics.settings import MetricSettings, Period, period, read_settings
from callqa.metrics.warehouse import Warehouse
from callqa.store import Store
from callqa.store.warehouse import warehouse


@dataclass(frozen=True, slots=True)
class Explained:
    """The rule, the query, and the first of the ``total`` records behind a figure."""

    metric: Metric
    columns: list[str]
    rows: list[tuple[Any, ...]]
    total: int


@dataclass(frozen=True, slots=True)
class Sales:
    """The store's data, loaded once, and the metrics there are."""

    warehouse: Warehouse
    definitions: tuple[Definition, ...]

    @classmethod
    def of(cls, store: Store, base: Path) -> Sales:
        """``base``: the folder of callqa.toml, where a metrics.toml may stand. Raises ConfigError, StoreError."""
        settings = read_settings(base)
        own = base / settings.folder if settings.folder else None
        return cls(warehouse(store, settings), registry(own))

    @property
    def settings(self) -> MetricSettings:
        return self.warehouse.settings

    def period(self, text: str | None) -> Period:
        """The period as written, else the last month that the data tell of."""
        if text:
            return period(text)
        if self.warehouse.as_of is None:
            raise UsageError("no leads, deals or calls in the store: `callqa crm import` brings them")
        return period(self.warehouse.last_month())

    def metrics(self, over: Period, by: Sequence[str] = DIMENSIONS) -> list[Metric]:
        """Every metric, whole and by parts."""
        return metrics(self.warehouse, self.definitions, over, by)

    def trends(self, over: Period) -> dict[str, list[tuple[str, float | None]]]:
        """Each of the twenty, counted month by month over the twelve months that end with the period."""
        main = [d for d in self.definitions if not d.beside]
        months = [period(f"{over.end - timedelta(days=1):%Y-%m}")]
        while len(months) < 12:
            months.insert(0, months[0].previous)
        found: dict[str, list[tuple[str, float | None]]] = {d.id: [] for d in main}
        for month in months:
            for name, value in values(self.warehouse, main, month).items():
                found[name].append((month.name, value))
        return found

    def funnel(self, over: Period) -> list[Step]:
        """Each pipeline's stages in their order, with what entered them in the period and went on."""
        return funnel(self.warehouse, next(d for d in self.definitions if d.id == "stage_conversion"), over)

    def explain(self, name: str, over: Period, most: int = 20) -> Explained:
        """What stands behind one figure; a name that is none is a UsageError."""
        known = {d.id: d for d in self.definitions}
        if name not in known:
            raise UsageError(
                f"no metric '{name}'{nearest(name, known) or '; `callqa metrics --format csv` lists them'}"
            )
        metric = metrics(self.warehouse, [known[name]], over, ())[0]
        return Explained(metric, *rows(self.warehouse, known[name], over, most))


def prepare(store: Store, config: Path | None = None) -> None:
    """Read a store that has changed, so that who asks for its metrics next need not wait; what they would be told of
    settings that cannot be honoured is theirs to be told."""
    with suppress(ConfigError):
        warehouse(store, read_settings(Path(find_settings(config).base))).duck.close()


def opened(config: Path | None = None, store: str | None = None) -> Sales:
    """The store of ``store``, else of the settings, loaded."""
    settings = find_settings(config)
    found = Store.open(store or settings.store.url)
    try:
        return Sales.of(found, Path(settings.base))
    finally:
        found.close()
