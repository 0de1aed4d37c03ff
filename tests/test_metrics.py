"""What holds for every metric: periods, strict files, no figure without data, intervals as the oracles have them."""

import dataclasses
import random
import re
from datetime import date
from functools import cache

import pytest
import sqlalchemy as sa

from callqa.config import shipped
from callqa.errors import ConfigError, UsageError
from callqa.metrics import sureness, survival
from callqa.metrics.figures import metrics, rows
from callqa.metrics.registry import DEFINITIONS, read, registry
from callqa.metrics.settings import period, read_settings
from callqa.metrics.warehouse import load
from tests.companies import SETTINGS, fill, warehouse
from tests.test_metrics_values import COMPANY, SCORES

ALL = {d.id: d for d in registry()}


def figures(text, month="2026-10", settings=SETTINGS):
    loaded = warehouse(text, settings, SCORES if text is COMPANY else ())
    return {m.definition.id: m.figure for m in metrics(loaded, ALL.values(), period(month), ())}


@cache
def of_default_settings(text, month="2026-10"):
    return figures(text, month)


@pytest.mark.parametrize(
    ("text", "start", "end", "before"),
    [
        ("2026-10", date(2026, 10, 1), date(2026, 11, 1), "2026-09"),
        ("2026-12", date(2026, 12, 1), date(2027, 1, 1), "2026-11"),
        ("2026-q1", date(2026, 1, 1), date(2026, 4, 1), "2025-10-01..2026-01-01"),
        ("2026", date(2026, 1, 1), date(2027, 1, 1), "2025-01-01..2026-01-01"),
        ("2026-10-05..2026-10-12", date(2026, 10, 5), date(2026, 10, 12), "2026-09-28..2026-10-05"),
        ("2026-10-05", date(2026, 10, 5), date(2026, 10, 6), "2026-10-04..2026-10-05"),
    ],
)
def test_a_period_is_read_as_it_is_written(text, start, end, before):
    found = period(text)
    assert (found.start, found.end, found.previous.name) == (start, end, before)


@pytest.mark.parametrize("text", ["october", "2026-13", "2026-Q5", "", "2026-10-12..2026-10-05", "2026-02-30"])
def test_what_is_no_period_says_how_to_write_one(text):
    with pytest.raises(UsageError, match=r"2026-Q4|ends before"):
        period(text)


NOTHING = "people\nperson_id | name\nann | Анна"
ALL_OPEN = """
leads
lead_id | created_at           | owner_id | deal_id
l1      | 2026-10-01T09:00:00Z | ann      | d1
l2      | 2026-10-02T09:00:00Z | ann      |

deals
deal_id | customer_id | owner_id | amount | currency | created_at
d1      | c1          | ann      | 1000   | RUB      | 2026-10-01T10:00:00Z
"""


@pytest.mark.parametrize("name", ALL)
def test_an_empty_store_gives_no_figure_and_says_why(name):
    figure = of_default_settings(NOTHING)[name]
    assert figure.value is None
    assert figure.reason


@pytest.mark.parametrize("month", ["2020-01", "2030-01"])
@pytest.mark.parametrize("name", ALL)
def test_a_period_outside_the_data_gives_no_figure_and_says_why(name, month):
    figure = of_default_settings(COMPANY, month)[name]
    assert figure.value is None
    assert figure.reason.startswith(("the data end on 2026-10-30", "the data begin on 2025-10-10"))


@pytest.mark.parametrize(
    ("name", "value", "reason", "still_open"),
    [
        ("lead_conversion", None, "all of them are still open", 2),
        ("deal_cycle", None, "no deals won in 2026-10", 0),
        ("deal_cycle_survival", None, "fewer than half have got there", 1),
        ("loss_rate", None, "no deals closed in 2026-10", 0),
        ("loss_rate_cohort", None, "no deal created in 2026-10 is 90 days old", 1),
        ("average_deal", None, "no deals with an amount won in 2026-10", 0),
        ("response_time", None, "no lead has a first touch", 2),
        ("never_touched", None, "no lead has a first touch", 0),
        ("closed_deals", 0, None, 0),  # none closed is known
        ("won_revenue", 0, None, 0),
        ("cac", None, "no cost rows for 2026-10", 0),
        ("marketing_roi", None, "no marketing cost rows for 2026-10", 0),
        ("sales_profitability", None, "no department cost rows for 2026-10", 0),
        ("kpi_attainment", None, "no targets of reps for 2026-10", 0),
        ("negotiation_quality", None, "no scored call in 2026-10", 0),
        ("contacts_per_day", None, "no people in the store", 0),
        ("sql_share", None, "no lead has a qualification time (sql_at)", 2),
        ("stage_conversion", None, "no stage_history in the store", 0),
        ("demo_success", None, "no demo held in 2026-10", 0),
        ("automation_share", None, "no action of the catalogue in 2026-10", 0),
        ("repeat_purchases", None, "no customer's window of 365 days ended in 2026-10", 0),
        ("upsell_share", None, "no deals won in 2026-10 are known to be upsell or not", 0),
        ("ltv", None, "no customer has gone yet (none silent for 365 days); set lifetime_years", 0),
    ],
)
def test_where_all_is_open_little_is_known(name, value, reason, still_open):
    figure = of_default_settings(ALL_OPEN)[name]
    assert (figure.value, figure.reason, figure.open) == (value, reason, still_open)


WON = """
deals
deal_id | customer_id | owner_id | amount | currency | gross_cost | created_at           | closed_reported_at   | final | close_planned
d1      | c1          | ann      | 1000   | RUB      |            | 2026-10-01T10:00:00Z | 2026-10-05T10:00:00Z | won   | no
d2      | c2          | ann      | {amount} | {currency} |        | 2026-10-01T10:00:00Z | 2026-10-06T10:00:00Z | won   | {planned}
"""  # noqa: E501


@pytest.mark.parametrize(
    ("amount", "currency", "planned", "name", "value", "reason", "unknown"),
    [
        ("500", "RUB", "no", "won_revenue", 1500, None, 0),
        ("500", "USD", "no", "won_revenue", None, "no rate of USD to RUB by 2026-10-06", 1),
        ("500", "USD", "no", "closed_deals", 2, None, 0),
        ("", "RUB", "no", "average_deal", 1000, None, 1),  # a deal without an amount is no deal of 0
        ("500", "RUB", "yes", "closed_deals", 1, None, 0),  # when d2 was really closed nobody knows
    ],
)
def test_an_amount_that_is_not_known_is_not_zero(amount, currency, planned, name, value, reason, unknown):
    figure = figures(WON.format(amount=amount, currency=currency, planned=planned))[name]
    assert (figure.value, figure.reason, figure.unknown) == (value, reason, unknown)


def test_before_the_first_activity_nothing_is_known_of_activities():
    assert figures(COMPANY, "2026-09")["contacts_per_day"].reason == "the activities begin on 2026-10-03"


def test_a_margin_stands_in_for_gross_costs():
    costs = "\n\ncosts\ncost_id | day | kind | amount\nk | 2026-10-02 | department | 300"
    text = WON.format(amount="500", currency="RUB", planned="no").rstrip() + costs
    assert figures(text)["sales_profitability"].reason == "won deals without a gross cost; set margin"
    with_margin = dataclasses.replace(SETTINGS, margin=0.4)
    assert figures(text, settings=with_margin)["sales_profitability"].value == 100  # (600 - 300) / 300


def test_a_deal_reopened_counts_by_its_first_final_state_of_each_period():
    assert [figures(COMPANY, m)["closed_deals"].value for m in ("2026-10", "2026-10-16..2026-11-01")] == [2, 1]
    assert figures(COMPANY, "2026-10-16..2026-11-01")["loss_rate"].value == 0


def test_a_deal_without_history_falls_into_the_companys_month():
    text = WON.format(amount="1", currency="RUB", planned="no").replace("2026-10-06T10", "2026-10-31T21")
    assert figures(text)["closed_deals"].value == 1  # 21:00 UTC is 00:00 of 1 November in Moscow
    assert figures(text, "2026-11")["closed_deals"].value == 1


def test_the_period_before_and_the_targets_stand_beside_a_figure():
    targets = "\n\ntargets\ntarget_id | person_id | team | month | metric | amount\n"
    text = COMPANY.replace("\n\ntargets\n", targets.rstrip("\n").rsplit("\n\n")[0] + "\n\ntargets\n", 1)
    text = text.replace(
        "target_id | person_id | month   | metric  | amount | currency",
        "target_id | person_id | team | month   | metric  | amount | currency\n"
        "t3 | | | 2026-10 | closed_deals | 4 |\nt4 | ann | | 2026-10 | closed_deals | 3 |",
    )
    text = re.sub(r"\n(t[12] +\| \w+ +\|)", r"\n\1 |", text)
    found = {m.definition.id: m for m in metrics(warehouse(text), [ALL["closed_deals"]], period("2026-10"))}
    metric = found["closed_deals"]
    assert (metric.figure.target, metric.figure.previous) == (4, 0)
    assert [(c.key, c.figure.target) for c in metric.cuts if c.by == "rep"] == [("ann", 3)]


RAMP = """
people
person_id | hired_at   | left_at
old       | 2024-01-01 |
quick     | 2026-03-02 |
gone      | 2026-03-02 | 2026-04-10
slow      | 2026-03-02 |

deals
deal_id | owner_id | amount | currency | created_at           | closed_reported_at   | final
""" + "\n".join(
    f"{rep}{day} | {rep} | {amount} | RUB | 2026-01-10 | {date.fromordinal(date(2026, 3, 2).toordinal() + day)} | won"
    for rep, amount, days in (("old", 100, range(1, 120, 7)), ("quick", 90, range(22, 120, 7)), ("slow", 9, [100]))
    for day in days
)


def test_a_new_rep_is_there_when_two_windows_hold():
    # old sells 100 a week; of the four weeks that end on day 42 quick has 3 x 90 = 270, under 320; on day 49 360
    found = figures(RAMP, "2026-06")
    ramped = {r[0]: (r[6], r[8]) for r in rows(warehouse(RAMP), ALL["onboarding_speed"], period("2026-06"), 9)[1]}
    assert ramped == {"quick": (49, False), "gone": (39, True), "slow": (113, True)}
    assert (found["onboarding_speed"].value, found["onboarding_speed"].open) == (49, 2)  # 3, then 1 of 2 at risk
    first = {r[0]: (r[6], r[8]) for r in rows(warehouse(RAMP), ALL["time_to_first_win"], period("2026-06"), 9)[1]}
    assert first == {"quick": (22, False), "gone": (39, True), "slow": (100, False)}


@pytest.mark.parametrize("seed", range(20))
def test_the_survival_median_is_that_of_lifelines(seed):
    lifelines = pytest.importorskip("lifelines")
    from lifelines.utils import median_survival_times

    chance = random.Random(seed)
    n = chance.choice([1, 2, 5, 30, 200])
    times = [float(chance.randint(1, 30)) for _ in range(n)]
    happened = [chance.random() < 0.6 for _ in range(n)]
    fitted = lifelines.KaplanMeierFitter().fit(times, happened)
    known = lambda value: None if value == float("inf") else float(value)  # noqa: E731
    value, interval = survival.median(times, happened)
    assert value == known(fitted.median_survival_time_)
    low, high = (known(v) for v in median_survival_times(fitted.confidence_interval_).iloc[0])
    assert interval == (None if low is None else (low, high))


def test_intervals_are_the_same_every_time_and_hold_the_figure():
    values = sorted(random.Random(3).gauss(50, 10) for _ in range(150))
    for interval, figure in (
        (sureness.bootstrap_mean(values), sum(values) / 150),
        (sureness.bootstrap_quantile(values), (values[74] + values[75]) / 2),
    ):
        assert interval[0] - 1e-9 <= figure <= interval[1] + 1e-9  # the middle pair is drawn often
        assert interval[1] - interval[0] < 6
    assert sureness.bootstrap_mean(values) == sureness.bootstrap_mean(values)
    assert sureness.bootstrap_mean([5.0]) is None


def test_many_values_have_the_interval_that_the_draws_tend_to():
    values = sorted(random.Random(4).gauss(50, 10) for _ in range(2000))
    drawn = [sorted(random.Random(i).choices(values, k=2000)) for i in range(300)]
    medians = sorted((d[999] + d[1000]) / 2 for d in drawn)
    assert sureness.bootstrap_quantile(values) == pytest.approx((medians[7], medians[292]), abs=0.25)


HEAD = """-- id = "mine"
-- name_ru = "Моя"
-- name_en = "Mine"
-- unit = "count"
-- kind = "total"
-- direction = "up"
-- rule_ru = "Сделки в работе."
-- rule_en = "Deals at work."
-- empty = "none"
"""
QUERY = """select deal_id as record, created_at as moment, rep, team, source, pipeline, 1 as num, 1 as den,
    false as open
from deal_facts where final is null
"""


def test_a_teams_own_file_joins_the_set(tmp_path):
    (tmp_path / "mine.sql").write_text(HEAD + QUERY)
    found = registry(tmp_path)
    assert [d.id for d in found[-1:]] == ["mine"]
    assert metrics(warehouse(COMPANY), found[-1:], period("2026-10"))[0].figure.value == 1


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('unit = "count"', 'unit = "roubles"', "Invalid enum value 'roubles'"),
        ('direction = "up"', 'directoin = "up"', "did you mean 'direction'"),
        ('-- name_ru = "Моя"\n', "", "missing required field `name_ru`"),
        ('id = "mine"', 'id = "cac"', "'cac' is that of .*cac.sql"),
        ('id = "mine"', "id = mine", "mine.sql: header: Invalid value"),
        ("select deal_id", "delete deal_id", "one SELECT"),
        ('kind = "total"', 'kind = "share"', "a share is in '%'"),
        ('unit = "count"', 'unit = "count"\n-- beside = "nothing"', "no metric 'nothing'"),
    ],
)
def test_a_file_that_cannot_be_honoured_names_the_place(tmp_path, old, new, problem):
    (tmp_path / "mine.sql").write_text((HEAD + QUERY).replace(old, new))
    with pytest.raises(ConfigError, match=problem):
        registry(tmp_path)


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [("from deal_facts", "from deal_fact", "deal_fact"), (", 1 as den", "", "gives no column den")],
)
def test_a_query_that_cannot_run_names_its_file(tmp_path, old, new, problem):
    (tmp_path / "mine.sql").write_text((HEAD + QUERY).replace(old, new))
    with pytest.raises(ConfigError, match=rf"mine\.sql: query: .*{problem}"):
        metrics(warehouse(COMPANY), [read(tmp_path / "mine.sql")], period("2026-10"))


@pytest.mark.parametrize(
    ("line", "problem"),
    [('timezone = "Mars/Base"', "no time zone"), ('workday_start = "9"', "no time"), ("age_dayz = 3", "age_days")],
)
def test_settings_that_cannot_be_honoured_name_the_place(tmp_path, line, problem):
    (tmp_path / "metrics.toml").write_text(line)
    with pytest.raises(ConfigError, match=problem):
        read_settings(tmp_path)


def test_a_teams_settings_need_only_say_what_differs(tmp_path):
    (tmp_path / "metrics.toml").write_text("age_days = 30")
    assert read_settings(tmp_path) == dataclasses.replace(SETTINGS, age_days=30)


def test_odd_names_survive_the_way_into_the_warehouse():
    odd = 'a,"b"\r\nc\\n;\tд'
    engine = sa.create_engine("sqlite://")
    fill(engine, ALL_OPEN)
    with engine.begin() as connection:
        connection.execute(sa.text("update deals set source = :odd, pipeline = ''"), {"odd": odd})
        found = load(connection, SETTINGS)
    assert found.duck.execute("select source, pipeline from deals").fetchall() == [(odd, None)]


def test_every_definition_stands_in_a_file_of_its_name():
    assert {path.stem for path in DEFINITIONS.glob("*.sql")} == set(ALL)
    assert shipped("configs").joinpath("metrics.toml").is_file()
