"""A store as the metrics read it, kept in a file beside it (PostgreSQL: in the user's cache) until it changes."""

from __future__ import annotations

import hashlib
from pathlib import Path

import platformdirs
import sqlalchemy as sa

from callqa.metrics.keeping import Kept
from callqa.metrics.reading import COLUMNS
from callqa.metrics.settings import MetricSettings
from callqa.metrics.warehouse import Warehouse, load
from callqa.store import Store
from callqa.store.marks import read_marks
from callqa.store.scores import call_scores, calls


def warehouse(store: Store, settings: MetricSettings) -> Warehouse:
    """All that the store holds, with the scores of its calls; what has not changed since the last time is not read."""
    with store.errors(), store.engine.connect() as connection:
        return load(connection, settings, lambda: call_scores(connection), lambda: calls(connection), kept(connection))


def kept(connection: sa.Connection) -> Kept | None:
    """The file beside this store; None for one in memory."""
    marks = read_marks(connection)
    path = _path(connection.engine.url)
    return Kept(path, marks) if path and set(COLUMNS) <= set(marks) else None


def _path(url: sa.URL) -> Path | None:
    if url.get_backend_name() != "sqlite":
        name = hashlib.sha256(url.render_as_string(hide_password=True).encode()).hexdigest()[:16]
        return platformdirs.user_cache_path("callqa") / f"{name}.metrics"
    if not url.database or url.database == ":memory:" or url.database.startswith("file:"):
        return None
    return Path(f"{url.database}.metrics")
