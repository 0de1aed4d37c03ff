"""The verbs about how far the data can be trusted, for Python: what bends the metrics, and which deal a call is of."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from callqa.config import find_settings
from callqa.metrics import linking, sanity
from callqa.metrics.registry import Definition, registry
from callqa.metrics.settings import read_settings
from callqa.metrics.warehouse import Warehouse, load
from callqa.reports import sanity_page
from callqa.store import Store
from callqa.store.scores import call_scores, calls
from callqa.types import Language


@dataclass(frozen=True, slots=True)
class Sanity:
    """What every check finds in the store, and how its calls were matched to deals."""

    warehouse: Warehouse
    definitions: tuple[Definition, ...]
    findings: tuple[sanity.Finding, ...]
    matched: linking.Matched

    def links(self, deal: str = "", reason: str = "") -> list[linking.Link]:
        """Every call with its deal or the reason why it has none; those of one deal or one reason."""
        return linking.links(self.warehouse.duck, deal, reason)

    def encoded(self) -> bytes:
        """The findings as ``--json`` shows them: the same store gives the same bytes."""
        return sanity_page.encode(self.findings, self.matched, self.warehouse.as_of)

    def html(self, language: Language) -> str:
        return sanity_page.html(self.findings, self.matched, self.definitions, self.warehouse.as_of, language)


@contextmanager
def opened(config: Path | None = None, store: str | None = None, look: bool = True) -> Iterator[Sanity]:
    """The store of ``store``, else of the settings; not ``look``: its links alone, no check is run."""
    settings = find_settings(config)
    found = Store.open(store or settings.store.url)
    try:
        with found.engine.connect() as connection:
            counted = read_settings(Path(settings.base))
            own = Path(settings.base) / counted.folder if counted.folder else None
            warehouse = load(connection, counted, call_scores(connection), calls(connection))
            known = registry(own)
            ids = [definition.id for definition in known]
            findings = sanity.findings(warehouse.duck, connection, ids) if look else []
            yield Sanity(warehouse, known, tuple(findings), linking.matched(warehouse.duck))
    finally:
        found.close()
