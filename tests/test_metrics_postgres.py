"""A PostgreSQL store gives the metrics that an SQLite store gives."""

import own_postgres
import pytest
import sqlalchemy as sa

from callqa.metrics.registry import registry
from callqa.metrics.settings import period
from callqa.metrics.warehouse import load
from callqa.reports.metric_table import encode
from callqa.sales import Sales
from tests.companies import SETTINGS, fill
from tests.test_metrics_values import COMPANY, SCORES


def test_sqlite_and_postgresql_give_the_same_bytes():
    if own_postgres.MISSING:
        pytest.skip(f"no {own_postgres.MISSING} here: PostgreSQL is not tried")
    pytest.importorskip("psycopg")
    with own_postgres.started() as url:
        ours, theirs = (_document(found) for found in ("sqlite://", url))
    assert b'"value": 5500' in ours
    assert ours == theirs


def _document(url):
    engine = sa.create_engine(url)
    fill(engine, COMPANY)
    with engine.connect() as connection:
        sales = Sales(load(connection, SETTINGS, SCORES), registry())
    engine.dispose()
    return encode(sales.metrics(period("2026-10")), period("2026-10"), sales.warehouse.currency)
