"""A real school's dirty export: counts that add up, and the metrics it allows against pandas straight on its files."""

from dataclasses import replace
from pathlib import Path

import pandas as pd
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

SCHOOL = Path(__file__).parent.parent.parent / "shared" / "data" / "crm_school"
pytestmark = pytest.mark.skipif(not SCHOOL.is_dir(), reason="the school's exports lie beside the project only")
PERIODS = ("2024-03", "2023-Q4", "2023-07-01..2024-07-01")
DAYS_90 = pd.Timedelta(days=90)


@pytest.fixture(scope="module")
def store(tmp_path_factory):
    found = Store.open(f"sqlite:///{tmp_path_factory.mktemp('school') / 'callqa.db'}")
    yield found
    found.close()


@pytest.fixture(scope="module")
def imported(store, tmp_path_factory):
    files = [SCHOOL / f"{name}.xlsx" for name in ("deals", "contacts", "spend")]
    return list(deals.import_files(store, "crm_school", files, rejects=tmp_path_factory.mktemp("rejects")))


def test_the_school_is_imported_whole(store, imported):
    # of 21,595 rows one is blank, and one holds nothing but a formula that failed
    assert [(d.read, d.rejected, d.left_out) for d in imported] == [(21_595, 1, 1), (18_548, 0, 0), (20_779, 0, 0)]
    told = {name: counts for file in imported for name, counts in file.entities.items()}
    assert {name: counts.taken for name, counts in told.items() if name != "stage_history"} == {
        "deals": 21_593, "leads": 21_593, "products": 3_592, "customers": 18_548, "costs": 20_779,
    }  # fmt: skip
    # a row for every beginning, and for every end that has a date
    assert told["stage_history"] == Counts(21_593 + 521 + 13_858)
    with store.engine.connect() as connection:
        won = connection.execute(sa.text("select count(*), sum(amount) from deals where final = 'won'")).one()
        assert tuple(won) == (858, 6_327_301_00)
        assert connection.execute(sa.text("select sum(amount) from costs")).scalar_one() == 149_523_45


@pytest.fixture(scope="module")
def sheet():
    """The deals as pandas reads them: times of Berlin, a day's end no earlier than the deal's beginning on that day."""
    found = pd.read_excel(SCHOOL / "deals.xlsx", dtype=str).dropna(subset=["Id"])
    found["made"] = pd.to_datetime(found["Created Time"], format="%d.%m.%Y %H:%M")
    closed = pd.to_datetime(found["Closing Date"], format="%d.%m.%Y")
    found["closed"] = closed.mask(closed == found["made"].dt.normalize(), found["made"])
    found["amount"] = found["Offer Total Amount"].str.replace(r"€ |\.(?=\d{3})", "", regex=True).str.replace(",", ".")
    found["amount"] = found["amount"].astype(float)
    found["sla"] = pd.to_timedelta(found["SLA"].str.replace(r" days?,", " days", regex=True)).dt.total_seconds() / 60
    return found


@pytest.fixture(scope="module")
def spend():
    return pd.read_excel(SCHOOL / "spend.xlsx")


@pytest.fixture(scope="module")
def figures(store, imported):
    settings = replace(read_settings(shipped("configs")), timezone="Europe/Berlin")
    with store.engine.connect() as connection:
        warehouse = load(connection, settings)
    return {name: {m.definition.id: m for m in metrics(warehouse, registry(), period(name))} for name in PERIODS}


@pytest.fixture(params=PERIODS)
def within(request):
    """The period's name, and whether a column's times lie in it."""
    ends = {"2024-03": ("2024-03-01", "2024-04-01"), "2023-Q4": ("2023-10-01", "2024-01-01")}
    start, end = ends.get(request.param, ("2023-07-01", "2024-07-01"))
    return request.param, lambda times: (times >= start) & (times < end)


def figure(figures, name, metric):
    return figures[name][metric].figure


def cuts(figures, name, metric, by):
    return {cut.key: cut.figure.value for cut in figures[name][metric].cuts if cut.by == by}


def near(value):
    return pytest.approx(value, abs=2e-6)


def test_lead_conversion_is_the_share_of_requests_paid_for_within_90_days(figures, sheet, within):
    name, inside = within
    leads = sheet[inside(sheet.made)]
    undated = (leads.Stage == "Payment Done") & leads.closed.isna()  # paid for, nobody knows when
    leads, unknown = leads[~undated], undated.sum()
    paid = (leads.Stage == "Payment Done") & (leads.closed <= leads.made + DAYS_90)
    found = figure(figures, name, "lead_conversion")
    assert (found.numerator, found.denominator, found.unknown) == (paid.sum(), len(leads), unknown)
    assert found.value == near(100 * paid.mean())


def test_the_deal_cycle_is_the_median_of_days_from_request_to_payment(figures, sheet, within):
    name, inside = within
    won = sheet[(sheet.Stage == "Payment Done") & inside(sheet.closed) & (sheet.closed >= sheet.made)]
    days = (won.closed - won.made).dt.total_seconds() / 86400
    found = figure(figures, name, "deal_cycle")
    assert (found.n, found.value) == (len(won), pytest.approx(days.median(), abs=1e-4))


def test_the_response_time_is_the_median_of_sla(figures, sheet, within):
    name, inside = within
    leads = sheet[inside(sheet.made)]
    found = figure(figures, name, "response_time")
    assert (found.n, found.open) == (leads.sla.notna().sum(), leads.sla.isna().sum())
    assert found.value == near(leads.sla.median())
    assert figure(figures, name, "response_within_1h").value == near(100 * (leads.sla <= 60).mean())


def test_the_loss_rate_and_its_reasons_are_over_all_that_ended(figures, sheet, within):
    name, inside = within
    ended = sheet[sheet.Stage.isin(["Payment Done", "Lost"]) & inside(sheet.closed)]
    lost = ended[ended.Stage == "Lost"]
    assert figure(figures, name, "loss_rate").value == near(100 * len(lost) / len(ended))
    reasons = lost["Lost Reason"].str.strip().fillna("not given").value_counts() / len(ended) * 100
    assert cuts(figures, name, "loss_rate", "loss_reason") == {key: near(value) for key, value in reasons.items()}
    assert len(reasons) > 10


def test_the_average_deal_and_the_closed_deals_are_those_paid_for_in_the_period(figures, sheet, within):
    name, inside = within
    won = sheet[(sheet.Stage == "Payment Done") & inside(sheet.closed)]
    assert figure(figures, name, "average_deal").value == near(won.amount.mean())
    assert figure(figures, name, "median_deal").value == near(won.amount.median())
    assert figure(figures, name, "closed_deals").value == len(won)
    assert figure(figures, name, "won_revenue").value == near(won.amount.sum())
    by_source = won.groupby("Source").size()
    assert cuts(figures, name, "closed_deals", "source") == by_source.to_dict()


def test_cac_is_spend_over_customers_who_paid_first_in_the_period_whole_and_by_channel(figures, sheet, spend, within):
    name, inside = within
    won = sheet[(sheet.Stage == "Payment Done") & sheet.closed.notna() & sheet["Contact Name"].notna()]
    first = won.sort_values(["closed", "Id"]).drop_duplicates("Contact Name")
    first = first[inside(first.closed)]
    spent = spend[inside(spend.Date)]
    assert figure(figures, name, "cac").value == near(spent.Spend.sum() / len(first))
    told = (spent.groupby("Source").Spend.sum() / first.groupby("Source").size()).dropna()
    found = {key: value for key, value in cuts(figures, name, "cac", "source").items() if value is not None}
    assert found == {key: near(value) for key, value in told.items()}
    assert found


def test_roi_by_channel_is_what_was_paid_for_over_what_was_spent(figures, sheet, spend, within):
    name, inside = within
    paid_for = spend.groupby("Source").Spend.sum().loc[lambda sums: sums > 0].index
    won = sheet[(sheet.Stage == "Payment Done") & inside(sheet.closed) & sheet.Source.isin(paid_for)]
    spent = spend[inside(spend.Date)].groupby("Source").Spend.sum()
    earned = won.groupby("Source").amount.sum()
    assert figure(figures, name, "marketing_roi_revenue").value == near(100 * (earned.sum() / spent.sum() - 1))
    told = (100 * (earned.reindex(spent.index, fill_value=0) / spent[spent > 0] - 1)).dropna()
    found = {k: v for k, v in cuts(figures, name, "marketing_roi_revenue", "source").items() if v is not None}
    assert found == {key: near(value) for key, value in told.items()}
    # the school does not say what its courses cost
    assert figure(figures, name, "marketing_roi").reason == "won deals without a gross cost; set margin"


def test_stage_conversion_is_that_of_the_only_stage_whose_entry_is_told(figures, sheet, within):
    name, inside = within
    entered = sheet[inside(sheet.made)]
    on = (
        (entered.Stage == "Payment Done") & (entered.closed > entered.made) & (entered.closed <= entered.made + DAYS_90)
    )
    assert cuts(figures, name, "stage_conversion", "stage") == {"New Lead": near(100 * on.mean())}
