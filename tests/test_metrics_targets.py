"""Targets in another currency are told in base money, or not at all."""

import pytest

from callqa.metrics.figures import metrics
from callqa.metrics.registry import registry
from callqa.metrics.settings import period
from tests.companies import warehouse
from tests.test_metrics_values import COMPANY

# Ann won 5500 roubles in October, Bob nothing; a euro is 90 roubles from 1 October on, of dollars nobody knows
TARGET = "t1        | ann       | 2026-10 | revenue | 5000   | RUB"


def of(amount, currency, metric="won_revenue", month="2026-10"):
    target = f"t1        | ann       | {month} | {metric} | {amount}   | {currency}"
    assert TARGET in COMPANY
    loaded = warehouse(COMPANY.replace(TARGET, target).replace("t2        | bob ", "t2        | cy  "))
    return {m.definition.id: m for m in metrics(loaded, registry(), period(month))}


@pytest.mark.parametrize(
    ("amount", "currency", "target", "attained"),
    [
        (5000, "RUB", 5000, 110),
        (5000, "", 5000, 110),  # base money, where nothing is said
        (50, "EUR", 4500, 122.2222),
    ],
)
def test_a_target_is_compared_in_base_money(amount, currency, target, attained):
    found = of(amount, currency)
    assert found["won_revenue"].figure.target == target
    [ann] = [c.figure for c in found["won_revenue"].cuts if (c.by, c.key) == ("rep", "ann")]
    assert ann.target == target
    [kpi] = [c.figure for c in found["kpi_attainment_median"].cuts if (c.by, c.key) == ("rep", "ann")]
    assert kpi.value == pytest.approx(attained, abs=1e-3)


def test_a_target_that_no_rate_brings_into_base_money_is_none_and_says_so():
    found = of(50, "USD")
    assert found["won_revenue"].figure.target is None
    assert [c.figure.target for c in found["won_revenue"].cuts if (c.by, c.key) == ("rep", "ann")] == [None]
    assert found["kpi_attainment"].figure.value is None
    assert found["kpi_attainment"].figure.reason == "no rate of USD to RUB by 2026-10-01"


def test_the_rate_is_that_of_the_months_first_day():
    assert of(50, "EUR", month="2026-09")["won_revenue"].figure.target is None  # the first rate is October's
