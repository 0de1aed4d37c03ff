"""Every metric on one small company that can be checked with a pencil: 39 rows, October 2026."""

import dataclasses

import pytest

from callqa.metrics.figures import metrics
from callqa.metrics.registry import registry
from callqa.metrics.settings import period
from tests.companies import SETTINGS, warehouse

# Two tenured reps and a new one. d2 is in euros, d3 was lost, reopened and won, d5 is open, d4 and d6 are of last year
# and known by the CRM's close date alone, c1 buys again. Times are UTC; the company lives at UTC+3, 9 to 18.
COMPANY = """
people
person_id | name | team  | hired_at
ann       | Анна | North | 2025-01-01
bob       | Борис| North | 2025-03-01
cy        | Цой  | South | 2026-09-01

leads
lead_id | created_at           | source | owner_id | first_touch_at       | sql_at               | deal_id
l1      | 2026-10-01T09:00:00Z | web    | ann      | 2026-10-01T09:03:00Z | 2026-10-02T09:00:00Z | d1
l2      | 2026-10-02T14:30:00Z | web    | ann      | 2026-10-05T06:10:00Z | 2026-10-05T09:00:00Z | d2
l3      | 2026-10-04T09:00:00Z | ads    | bob      | 2026-10-05T07:00:00Z |                      | d3
l4      | 2026-10-06T09:00:00Z | ads    | bob      |                      |                      |
l5      | 2026-10-20T09:00:00Z | ads    | cy       | 2026-10-20T09:05:00Z | 2026-10-21T09:00:00Z | d5

deals
deal_id | customer_id | owner_id | source | amount | currency | gross_cost | created_at           | closed_reported_at   | final | loss_reason | upsell
d1      | c1          | ann      | web    | 1000   | RUB      | 600        | 2026-10-01T10:00:00Z |                      | won   |             | yes
d2      | c2          | ann      | web    | 50     | EUR      | 20         | 2026-10-02T15:00:00Z |                      | won   |             | no
d3      | c3          | bob      | ads    | 2000   | RUB      | 500        | 2026-10-05T10:00:00Z |                      | won   | price       |
d4      | c1          | ann      | web    | 500    | RUB      | 300        | 2025-10-10T10:00:00Z | 2025-10-20T10:00:00Z | won   |             |
d5      | c5          | cy       | ads    | 800    | RUB      | 100        | 2026-10-20T10:00:00Z | 2026-11-20T10:00:00Z |       |             |
d6      | c4          | bob      | ads    | 3000   | RUB      | 900        | 2025-10-15T10:00:00Z | 2025-10-25T10:00:00Z | won   |             |

stage_history
deal_id | entered_at           | stage | stage_order | final
d1      | 2026-10-01T10:00:00Z | new   | 1           |
d1      | 2026-10-03T10:00:00Z | offer | 2           |
d1      | 2026-10-11T10:00:00Z | won   | 9           | won
d2      | 2026-10-02T15:00:00Z | new   | 1           |
d2      | 2026-10-06T15:00:00Z | won   | 9           | won
d3      | 2026-10-05T10:00:00Z | new   | 1           |
d3      | 2026-10-08T10:00:00Z | offer | 2           |
d3      | 2026-10-15T10:00:00Z | lost  | 9           | lost
d3      | 2026-10-30T10:00:00Z | won   | 9           | won
d5      | 2026-10-20T10:00:00Z | new   | 1           |
d5      | 2026-10-25T10:00:00Z | offer | 2           |

costs
cost_id | day        | kind       | channel | team  | amount | currency
k1      | 2026-10-01 | marketing  | web     |       | 500    | RUB
k2      | 2026-10-01 | marketing  | ads     |       | 1000   | RUB
k3      | 2026-10-01 | department |         | North | 1000   | RUB

rates
currency | day        | rate
EUR      | 2026-10-01 | 90

targets
target_id | person_id | month   | metric  | amount | currency
t1        | ann       | 2026-10 | revenue | 5000   | RUB
t2        | bob       | 2026-10 | revenue | 1000   | RUB

activities
activity_id | kind    | at                   | seconds | connected | held | owner_id | deal_id | actor      | action
a1          | call    | 2026-10-05T09:00:00Z | 30      | yes       |      | ann      |         | person     | log_call
a2          | call    | 2026-10-05T10:00:00Z | 10      | yes       |      | ann      |         | person     |
a3          | meeting | 2026-10-06T10:00:00Z |         |           | yes  | bob      |         | person     |
a4          | demo    | 2026-10-03T09:00:00Z |         |           | yes  | ann      | d1      | person     |
a5          | demo    | 2026-10-21T09:00:00Z |         |           | no   | cy       | d5      | person     |
a6          | message | 2026-10-07T09:00:00Z |         |           |      |          |         | automation | send_message
"""  # noqa: E501
SCORES = [
    ("call1", "2026-10-05T09:00:00Z", "ann", "d1", 80.0, 0.9, True, '{"balance": 100.0, "structure": 60.0}'),
    ("call2", "2026-10-06T09:00:00Z", "bob", "", 60.0, 0.7, True, '{"balance": 60.0}'),
]

# id: value, numerator, denominator, n, open
EXPECTED = {
    "lead_conversion": (60, 3, 5, 5, 2),  # l1 l2 l3; l4 and l5 have until January
    "lead_conversion_period": (40, 2, 5, 5, 0),  # d1 d2; d3's first final state in October is lost
    "deal_cycle": (7, 14, 2, 2, 0),  # 10 and 4 days
    "deal_cycle_survival": (10, 2, 4, 4, 2),  # after day 4 3/4 are open, after day 10 (of 3 left one is won) 1/2
    "response_time": (662.5, 5148, 4, 4, 1),  # 3, 3820, 1320, 5 minutes
    "response_time_p90": (3070, 5148, 4, 4, 1),  # 7/10 of the way from 1320 to 3820
    "response_time_working": (22.5, 108, 4, 4, 1),  # 3, 30 + 10 over the weekend, 60 from Sunday, 5
    "response_within_5min": (40, 2, 5, 5, 0),
    "response_within_1h": (40, 2, 5, 5, 0),
    "never_touched": (20, 1, 5, 5, 0),
    "loss_rate": (33.333333, 1, 3, 3, 0),
    "loss_rate_cohort": (0, 0, 3, 3, 1),  # d3 is won in time after all; d5 is open
    "average_deal": (2750, 5500, 2, 2, 0),  # 1000 and 50 euros at 90
    "median_deal": (2750, 5500, 2, 2, 0),
    "ltv": (11000, 11000, 1, 1, 3),  # 1500 + 4500 + 2000 + 3000; c4 alone has not bought for a year
    "ltv_historic": (2750, 11000, 4, 4, 0),
    "cac": (1250, 2500, 2, 2, 0),  # c2 and c3 are new
    "marketing_roi": (106.666667, 3100, 1500, 2, 0),  # 400 + 30 euros at 90
    "marketing_roi_revenue": (266.666667, 5500, 1500, 2, 0),
    "contacts_per_day": (0.045455, 3, 66, 66, 0),  # a1 a3 a4 in 22 days of three reps
    "call_attempts": (0.030303, 2, 66, 66, 0),
    "connect_rate": (50, 1, 2, 2, 0),
    "calls_matched": (0, 0, 2, 2, 0),  # neither names anything
    "calls_per_deal": (0, 0, 3, 3, 0),
    "deal_call_quality": (80, 80, 1, 1, 0),  # call1 is of d1 and before it was won
    "negotiation_quality": (70, 140, 2, 2, 0),
    "negotiation_coverage": (80, 160, 2, 2, 0),
    "negotiation_blocks": (73.333333, 220, 3, 3, 0),
    "repeat_purchases": (50, 1, 2, 2, 0),  # the years of c1 and c4 ended in October
    "upsell_share": (50, 1, 2, 2, 0),
    "upsell_revenue_share": (18.181818, 1000, 5500, 2, 0),
    "sales_profitability": (210, 3100, 1000, 2, 0),
    "kpi_attainment": (50, 1, 2, 2, 0),  # ann 5500 of 5000, bob 0 of 1000
    "kpi_attainment_median": (55, 110, 2, 2, 0),
    "onboarding_speed": (None, 0, 1, 1, 1),  # cy is not there yet
    "time_to_first_win": (None, 0, 1, 1, 1),
    "sql_share": (60, 3, 5, 5, 2),
    "stage_conversion": (85.714286, 6, 7, 7, 1),  # d5 still has its offer
    "demo_success": (100, 1, 1, 1, 0),
    "demo_show_rate": (50, 1, 2, 2, 0),
    "automation_share": (60, 3, 5, 2, 0),  # 3 minutes of 3 + 2
    "closed_deals": (2, 2, 2, 2, 0),
    "won_revenue": (5500, 5500, 2, 2, 0),
}
# id, by, key: value
CUTS = {
    ("lead_conversion", "source", "ads"): 33.333333,
    ("loss_rate", "loss_reason", "price"): 33.333333,
    ("loss_rate", "lost_stage", "offer"): 33.333333,
    ("loss_rate", "rep", "bob"): 100,
    ("average_deal", "team", "North"): 2750,
    ("marketing_roi", "source", "web"): 520,
    ("marketing_roi", "source", "ads"): -100,
    ("cac", "source", "ads"): 1000,
    ("contacts_per_day", "rep", "cy"): 0,
    ("negotiation_quality", "rep", "ann"): 80,
    ("negotiation_blocks", "block", "balance"): 80,
    ("stage_conversion", "stage", "new"): 100,
    ("stage_conversion", "stage", "offer"): 66.666667,
    ("closed_deals", "month", "2026-10"): 2,
    ("kpi_attainment", "rep", "bob"): 0,
}


@pytest.fixture(scope="module")
def october():
    return {m.definition.id: m for m in metrics(warehouse(COMPANY, SETTINGS, SCORES), registry(), period("2026-10"))}


def test_every_metric_has_an_expected_value(october):
    assert set(october) == set(EXPECTED)
    assert [d.number for d in registry() if d.number] == list(range(1, 21))


@pytest.mark.parametrize("name", EXPECTED)
def test_a_figure_is_what_the_pencil_says(october, name):
    figure = october[name].figure
    found = (figure.value, figure.numerator, figure.denominator, figure.n, figure.open)
    assert found == pytest.approx(EXPECTED[name], abs=1e-6)
    assert (figure.value is None) == (figure.reason is not None)


@pytest.mark.parametrize(("name", "by", "key"), CUTS)
def test_a_part_is_what_the_pencil_says(october, name, by, key):
    found = {(cut.by, cut.key): cut.figure.value for cut in october[name].cuts}
    assert found[by, key] == pytest.approx(CUTS[name, by, key], abs=1e-6)


def test_a_rep_is_shown_by_name(october):
    assert {c.name for c in october["closed_deals"].cuts if c.by == "rep"} == {"Анна"}


@pytest.mark.parametrize(
    ("name", "interval"),
    [
        ("lead_conversion", (23.0724, 88.2379)),  # Wilson of 3 in 5
        ("deal_cycle", (4, 10)),
        ("negotiation_quality", (60, 80)),
        ("cac", None),
        ("won_revenue", None),
    ],
)
def test_a_figure_tells_how_sure_it_is(october, name, interval):
    assert october[name].figure.interval == (interval and pytest.approx(interval, abs=1e-4))


@pytest.mark.parametrize("by", ["team", "rep", "source", "pipeline", "month"])
@pytest.mark.parametrize("name", [d.id for d in registry() if d.kind not in ("median", "p90", "survival")])
def test_the_parts_of_a_figure_make_the_whole(october, name, by):
    metric = october[name]
    for part in ("numerator", "denominator", "n", "open", "unknown"):
        whole = getattr(metric.figure, part)
        assert sum(getattr(c.figure, part) or 0 for c in metric.cuts if c.by == by) == pytest.approx(whole), part


def test_a_customers_lifetime_may_be_given():
    given = dataclasses.replace(SETTINGS, lifetime_years=2.0)
    found = metrics(warehouse(COMPANY, given), [d for d in registry() if d.id == "ltv"], period("2026-10"), ())
    # until the data end, or a year after the last win: c1, c2, c3, c4
    days = (375.0, 23 + 19 / 24, 0.0, 365.0)
    assert found[0].figure.value == pytest.approx(11000 * 2 / (sum(days) / 365.25), rel=1e-4)


# the same company seen on 20 October, ten days after the last of its first leads: nothing has come of them yet
STILL_OPEN = """
people
person_id | name | team  | hired_at
ann       | Анна | North | 2025-01-01
cy        | Цой  | South | 2026-09-01

leads
lead_id | created_at           | source | owner_id | first_touch_at       | sql_at               | deal_id
l0      | 2026-09-01T09:00:00Z | web    | ann      | 2026-09-01T09:03:00Z | 2026-09-02T09:00:00Z |
l1      | 2026-10-01T09:00:00Z | web    | ann      | 2026-10-01T09:03:00Z |                      | d1
l2      | 2026-10-02T14:30:00Z | ads    | ann      |                      |                      | d2
l3      | 2026-10-20T09:57:00Z | ads    | cy       |                      |                      |

deals
deal_id | customer_id | owner_id | source | amount | currency | created_at
d1      | c1          | ann      | web    | 1000   | RUB      | 2026-10-01T10:00:00Z
d2      | c2          | ann      | ads    | 2000   | RUB      | 2026-10-02T15:00:00Z

stage_history
deal_id | entered_at           | stage | stage_order | final
d1      | 2026-10-01T10:00:00Z | new   | 1           |
d2      | 2026-10-02T15:00:00Z | new   | 1           |
d2      | 2026-10-20T10:00:00Z | offer | 2           |

activities
activity_id | kind | at                   | held | owner_id | deal_id | actor
a1          | demo | 2026-10-15T09:00:00Z | yes  | ann      | d1      | person
a2          | demo | 2026-10-25T09:00:00Z |      | ann      | d2      | person
"""
OPEN = "all of them are still open"


@pytest.mark.parametrize(
    ("name", "by", "key", "value", "reason", "still_open"),
    [
        ("lead_conversion", "company", None, None, OPEN, 3),  # each has its 90 days
        ("lead_conversion", "source", "web", None, OPEN, 1),
        ("sql_share", "company", None, None, OPEN, 3),
        ("response_within_1h", "company", None, 33.333333, None, 1),  # l1 in time, l2 not, l3 has 57 minutes left
        ("response_within_1h", "rep", "cy", None, OPEN, 1),
        ("response_within_5min", "rep", "cy", None, OPEN, 1),  # and 2 of these
        ("response_within_5min", "rep", "ann", 50, None, 0),
        (
            "stage_conversion",
            "company",
            None,
            33.333333,
            None,
            2,
        ),  # d2 is at its offer, d1 has until the end of the year
        ("stage_conversion", "stage", "offer", None, OPEN, 1),
        ("demo_success", "company", None, None, OPEN, 1),  # nine days are left
        ("demo_show_rate", "company", None, 100, None, 1),
        ("demo_show_rate", "source", "ads", None, OPEN, 1),  # it is planned
        ("loss_rate_cohort", "company", None, None, "no deal created in 2026-10 is 90 days old", 2),
        ("repeat_purchases", "company", None, None, "no customer's window of 365 days ended in 2026-10", 0),
    ],
)
def test_of_what_is_all_open_nothing_is_known(name, by, key, value, reason, still_open):
    definition = [d for d in registry() if d.id == name]
    found = metrics(warehouse(STILL_OPEN), definition, period("2026-10"))[0]
    parts = {("company", None): found.figure, **{(cut.by, cut.key): cut.figure for cut in found.cuts}}
    figure = parts[by, key]
    assert (figure.value, figure.reason, figure.open) == (value and pytest.approx(value), reason, still_open)
    assert (figure.interval is None) == (value is None)


def test_when_a_deal_ended_its_history_tells_and_no_reported_date(october):
    """d4 and d6 have no history; the others say here that they end in December."""
    lines = [line.split("|") for line in COMPANY.splitlines()]
    for cells in lines:
        if len(cells) == 12 and cells[0].strip() in ("d1", "d2", "d3", "d5"):
            cells[8] = " 2026-12-31T10:00:00Z "
    late = "\n".join("|".join(cells) for cells in lines)
    assert late.count("2026-12-31T10:00:00Z") == 4
    found = metrics(warehouse(late, SETTINGS, SCORES), registry(), period("2026-10"))
    assert {m.definition.id: m for m in found} == october
