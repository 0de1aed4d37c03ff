"""Real purchases of a shop: repeat purchases and LTV against figures counted by hand from the lines of the file."""

from collections import defaultdict
from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path

import pytest
import sqlalchemy as sa

from callqa import deals
from callqa.config import shipped
from callqa.metrics.figures import metrics
from callqa.metrics.registry import registry
from callqa.metrics.settings import period, read_settings
from callqa.metrics.warehouse import load
from callqa.store import Store
from callqa.store.bulk import Counts

FILE = Path(__file__).parent.parent.parent / "shared" / "data" / "cdnow" / "CDNOW_sample.txt"
pytestmark = pytest.mark.skipif(not FILE.is_file(), reason="the purchases lie beside the project only")
YEAR = timedelta(days=365)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    found = Store.open(f"sqlite:///{tmp_path_factory.mktemp('cdnow') / 'callqa.db'}")
    mapping = str(Path(__file__).parent / "crm" / "cdnow.toml")
    (done,) = deals.import_files(found, mapping, [FILE], rejects=tmp_path_factory.mktemp("rejects"))
    assert (done.read, done.rejected, done.left_out, done.entities["deals"]) == (6919, 0, 0, Counts(6919))
    yield found
    found.close()


@pytest.fixture(scope="module")
def bought():
    """Customer to days and cents of purchases, in the order of the days."""
    found = defaultdict(list)
    for line in FILE.read_text().splitlines():
        _, customer, day, _, dollars = line.split()
        found[customer].append((date(int(day[:4]), int(day[4:6]), int(day[6:])), round(float(dollars) * 100)))
    return {customer: sorted(purchases) for customer, purchases in found.items()}


def figure(store, metric, name, **settings):
    told = replace(read_settings(shipped("configs")), timezone="UTC", **settings)
    with store.engine.connect() as connection:
        warehouse = load(connection, told)
    return next(m.figure for m in metrics(warehouse, registry(), period(name), ()) if m.definition.id == metric)


def test_every_purchase_is_a_deal_that_was_won(store, bought):
    with store.engine.connect() as connection:
        told = connection.execute(sa.text("select count(distinct customer_id), count(*), sum(amount) from deals")).one()
    every = [cents for purchases in bought.values() for _, cents in purchases]
    assert tuple(told) == (2357, 6919, 244_091_94) == (len(bought), len(every), sum(every))


@pytest.mark.parametrize(("days", "share"), [(365, 46.117947), (90, 29.910904)])
def test_a_customer_bought_again_when_a_second_purchase_came_within_the_window(store, bought, days, share):
    window = timedelta(days=days)
    # all customers came in the first quarter of 1997: their windows end in these twelve months
    again = sum(purchases[1][0] <= purchases[0][0] + window for purchases in bought.values() if len(purchases) > 1)
    found = figure(store, "repeat_purchases", "1997-04-01..1998-04-01", repeat_days=days)
    assert (found.numerator, found.denominator, found.open) == (again, len(bought), 0)
    assert found.value == pytest.approx(100 * again / len(bought), abs=1e-6) == share


def test_ltv_is_all_that_was_spent_over_the_customers_who_are_gone(store, bought):
    ends = date(1998, 6, 30)  # the last purchase of the file
    gone = sum(purchases[-1][0] + YEAR <= ends for purchases in bought.values())
    spent = sum(cents for purchases in bought.values() for _, cents in purchases) / 100
    found = figure(store, "ltv", "1998-Q2")
    assert (found.numerator, found.denominator, found.open) == (spent, gone, len(bought) - gone)
    assert found.value == pytest.approx(spent / gone, abs=1e-6)
    historic = figure(store, "ltv_historic", "1998-Q2")
    assert historic.value == pytest.approx(spent / len(bought), abs=1e-6)


def test_ltv_with_a_lifetime_of_its_own_is_spending_a_year_times_that(store, bought):
    ends = date(1998, 6, 30)
    years = sum((min(ends, p[-1][0] + YEAR) - p[0][0]).days / 365.25 for p in bought.values())
    spent = sum(cents for purchases in bought.values() for _, cents in purchases) / 100
    found = figure(store, "ltv", "1998-Q2", lifetime_years=3.0)
    assert found.value == pytest.approx(spent / years * 3, abs=1e-4)
