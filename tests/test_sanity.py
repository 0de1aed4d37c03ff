"""What bends the metrics is found: every check on one small company that is wrong in every way, and on real exports."""

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import sqlalchemy as sa

from callqa import deals, sanity
from callqa.metrics.registry import registry
from callqa.metrics.sanity import checks, findings
from callqa.metrics.warehouse import load
from callqa.store import Store
from tests.companies import SETTINGS, fill

CHROMIUM = shutil.which("chromium") or "/usr/bin/chromium"
SCHOOL = Path(__file__).parent.parent.parent / "shared" / "data" / "crm_school"
IDS = [definition.id for definition in registry()]

# Wrong on purpose; what is wrong with which row, FOUND says. The company lives at UTC+3.
DIRTY = """
customers
customer_id | phone
c1 | +79121110101
c2 | 8 (912) 111-01-01
c3 | +79123330303

people
person_id | team
ann       | North

leads
lead_id | created_at           | source      | owner_id | first_touch_at       | deal_id
l1      | 2026-08-03T09:00:00Z | YouTube Ads | ann      | 2026-08-03T08:00:00Z | d1
l2      | 2026-08-03T10:00:00Z |             | ann      | 2026-08-03T10:05:00Z | d2
l3      | 2026-09-03T10:00:00Z | test        | bob      |                      | d3
l4      | 2026-10-03T10:00:00Z | Youtube ads | ann      |                      |

deals
deal_id | customer_id | owner_id | source      | amount | currency | created_at           | closed_reported_at   | final | close_planned | loss_reason
d1      | c1          | ann      | YouTube Ads | 1000   | RUB      | 2026-08-03T10:00:00Z | 2026-08-20T10:00:00Z | won   |               |
d2      | c1          | ann      |             | 1000   | RUB      | 2026-08-03T12:00:00Z | 2026-08-31T14:00:00Z | lost  |               | Дубль
d3      | c3          | bob      |             | 500    | EUR      | 2026-08-01T10:00:00Z | 2026-08-31T14:10:00Z | lost  |               |
d4      | c3          | bob      |             | 700    | RUB      | 2026-08-02T10:00:00Z | 2026-08-31T14:15:00Z | lost  |               | price
d5      | c3          | bob      |             | 600    | RUB      | 2026-08-04T10:00:00Z | 2026-08-31T14:20:00Z | lost  |               | price
d6      |             | ann      |             |        | RUB      | 2026-09-10T10:00:00Z | 2026-09-01T10:00:00Z | won   |               |
d7      | c9          | ann      |             | 900    | RUB      | 2026-09-11T10:00:00Z | 2027-05-01T10:00:00Z | won   |               |
d8      | c2          | ann      |             | 900    | RUB      | 2026-09-12T10:00:00Z | 2026-12-01T10:00:00Z | won   | yes           |
D-08    | c2          | ann      |             | 950    | RUB      | 2026-09-13T10:00:00Z |                      |       |               |

stage_history
deal_id | entered_at           | stage | stage_order | final | actor
d1      | 2026-08-03T10:00:00Z | new   | 1           |       |
d1      | 2026-08-05T10:00:00Z | demo  | 2           |       |
d1      | 2026-08-06T10:00:00Z | offer | 3           |       |
d1      | 2026-08-25T10:00:00Z | won   | 9           | won   |
d2      | 2026-08-03T12:00:00Z | new   | 1           |       |
d2      | 2026-08-05T10:00:00Z | offer | 3           |       |
d2      | 2026-08-31T14:00:00Z | won   | 9           | won   |
D-08    | 2026-09-13T10:00:00Z | limbo |             |       |

costs
cost_id | day        | kind       | channel     | amount | currency
k1      | 2026-08-01 | marketing  | YouTube Ads | 100    | RUB
k2      | 2026-08-01 | marketing  | Radio       | 100    | USD
k3      | 2026-08-01 | department |             | 100    | RUB
k4      | 2026-10-01 | marketing  | YouTube Ads | 100    | RUB

targets
target_id | person_id | month   | metric  | amount
t1        | ann       | 2026-10 | revenue | 5000
t2        | ann       | 2026-10 | выручка | 5000

activities
activity_id | kind | at                   | owner_id | deal_id | customer_id | lead_id
a1          | call | 2026-08-04T10:00:00Z | ann      | d1      |             |
a2          | call | 2026-09-01T11:00:00Z | ann      |         | c2          |
a3          | task | 2026-08-04T11:00:00Z | cy       | d2      |             |
a4          | call | 2026-08-04T11:00:00Z | cy       |         |             |

imports
import_id | file | sha256 | source | entity | taken | updated | unchanged | repeated | left_out | rejected | at
1         | d.csv| aa     | plain  | deals  | 8     | 0       | 0         | 1        | 0        | 0        | 2026-10-01
2         | d.csv| aa     | plain  | deals  | 0     | 0       | 8         | 1        | 0        | 0        | 2026-10-02
"""  # noqa: E501

# check: of how many, which
FOUND = {
    "close_unknown": (8, ["d8"]),
    "close_in_future": (7, ["d7"]),
    "close_before_creation": (7, ["d6"]),
    "close_differs": (2, ["d1"]),
    "final_differs": (3, ["d2"]),  # lost, says the deal; won, says its history
    "month_end_bulk": (7, ["d3 2026-08-31 17:10", "d4 2026-08-31 17:15", "d5 2026-08-31 17:20"]),  # d2 is Ann's
    "no_activity": (9, ["D-08", "d3", "d4", "d5", "d6", "d7"]),
    "skipped_stages": (2, ["d2"]),
    "stages_without_order": (4, ["limbo"]),
    "same_sale_twice": (8, ["d1", "d2"]),
    "customer_twice_a_day": (8, ["d1", "d2"]),
    "doubles_as_lost": (4, ["d2"]),
    "test_records": (4, ["l3"]),
    "shared_numbers": (3, ["c1", "c2"]),
    "like_ids": (9, ["D-08", "d8"]),
    "repeated_rows": (9, ["deals 1"]),  # the file that was imported twice tells it once
    "calls_without_deal": (3, ["activity a4"]),  # a2 brought d8
    "no_rate": (14, ["cost k2", "deal d3"]),
    "unknown_customers": (8, ["d7"]),
    "unknown_owners": (3, ["bob", "cy"]),
    "no_source": (4, ["l2"]),
    "source_spellings": (4, ["YouTube Ads", "Youtube ads"]),
    "channels_without_leads": (2, ["Radio"]),
    "cost_gaps": (6, ["2026-09 department", "2026-09 marketing", "2026-10 department"]),
    "channel_cost_gaps": (1, []),
    "no_amount": (5, ["d6"]),
    "no_customer": (5, ["d6"]),
    "no_loss_reason": (4, ["d3"]),
    "touch_before_lead": (2, ["l1"]),
    "unknown_targets": (2, ["t2"]),
}


def found_in(text):
    engine = sa.create_engine("sqlite://")
    fill(engine, text)
    with engine.connect() as connection:
        loaded = load(connection, SETTINGS)
        return {f.check.id: f for f in findings(loaded.duck, connection, IDS)}


@pytest.fixture(scope="module")
def dirty():
    return found_in(DIRTY)


def test_every_check_has_an_expected_finding():
    assert [check.id for check in checks()] == list(FOUND)
    assert [check.number for check in checks()] == list(range(1, len(FOUND) + 1))


@pytest.mark.parametrize("name", FOUND)
def test_what_is_wrong_is_found_and_nothing_else(dirty, name):
    finding = dirty[name]
    total, ids = FOUND[name]
    assert (finding.found, finding.total, list(finding.examples)) == (len(ids), total, ids[:5])


def test_parts_say_where_it_is(dirty):
    assert dirty["close_unknown"].parts == (("won", 1),)
    assert dirty["calls_without_deal"].parts == (("nothing_named", 1),)
    assert dict(dirty["no_rate"].parts) == {"EUR": 1, "USD": 1}
    assert dirty["skipped_stages"].parts == (("demo", 1),)
    assert dirty["no_activity"].parts == (("lost", 3), ("won", 2), ("open", 1))


def test_where_there_is_nothing_to_look_at_it_says_so():
    found = found_in("people\nperson_id\nann")
    assert {f.total for name, f in found.items() if name not in ("unknown_targets", "cost_gaps")} == {0}
    assert all(f.reason and f.found == 0 for f in found.values() if not f.total)


def test_dates_without_a_time_tell_of_no_minutes():
    """Fifty deals of one rep closed on a month's last day, all at the midnight of a zone two hours off."""
    rows = "\n".join(f"d{n} | ann | 2026-08-{n % 28 + 1:02d}T09:00:00Z | 2026-08-31T22:00:00Z | won" for n in range(60))
    text = f"deals\ndeal_id | owner_id | created_at | closed_reported_at | final\n{rows}"
    finding = found_in(text)["month_end_bulk"]
    assert (finding.found, finding.total, finding.reason) == (0, 0, "no closing has a time of day")


@pytest.mark.parametrize("check", checks(), ids=lambda check: check.id)
def test_a_check_tells_its_harm_and_cure_in_both_languages_and_names_metrics_that_are(check):
    assert set(check.metrics) <= set(IDS)
    for text in (check.title_ru, check.harm_ru, check.cure_ru):
        assert re.search("[а-я]{4}", text)
    for text in (check.title_en, check.harm_en, check.cure_en):
        assert re.search("[a-z]{2}", text)
        assert not re.search("[а-я]", text)


@pytest.mark.skipif(not SCHOOL.is_dir(), reason="../shared/data/crm_school is not here")
def test_a_schools_real_export_is_found_wrong_where_pandas_finds_it(tmp_path):
    """The same counts by an independent reading of the workbooks."""
    import pandas as pd

    store = Store.open(f"sqlite:///{tmp_path / 'school.db'}")
    for _ in deals.import_files(store, "crm_school", sorted(SCHOOL.glob("*.xlsx")), rejects=tmp_path):
        pass
    with store.engine.connect() as connection:
        loaded = load(connection, SETTINGS)
        found = {f.check.id: f for f in findings(loaded.duck, connection, IDS)}
    store.close()
    table = pd.read_excel(SCHOOL / "deals.xlsx", dtype=str).dropna(subset=["Id", "Created Time"])
    zone = "Europe/Berlin"
    table["created"] = pd.to_datetime(table["Created Time"], format="%d.%m.%Y %H:%M").dt.tz_localize(zone)
    table["closed"] = pd.to_datetime(table["Closing Date"], format="%d.%m.%Y").dt.tz_localize(zone)
    final = table[table.Stage.isin(["Payment Done", "Lost"])]
    lost, won = (final[final.Stage == name] for name in ("Lost", "Payment Done"))
    local = table.created.dt.tz_convert("Europe/Moscow").dt.date
    late = final.closed.notna() & (final.closed.dt.date < final.created.dt.date)
    contacts = pd.read_excel(SCHOOL / "contacts.xlsx", dtype=str).Id
    named = table.assign(day=local).dropna(subset=["Contact Name"])
    spend = pd.read_excel(SCHOOL / "spend.xlsx", dtype=str)
    expected = {
        "close_unknown": final.closed.isna().sum(),
        "close_in_future": (final.closed > table.created.max() + pd.Timedelta(days=1)).sum(),
        "close_before_creation": late.sum(),
        "final_differs": late.sum(),  # the last stage by time is then the first
        "customer_twice_a_day": named.duplicated(["Contact Name", "day"], keep=False).sum(),
        "doubles_as_lost": lost["Lost Reason"].str.contains("Duplicate").sum(),
        "test_records": (table.Source == "Test").sum(),
        "no_loss_reason": lost["Lost Reason"].isna().sum(),
        "no_customer": won["Contact Name"].isna().sum(),
        "unknown_customers": (~named["Contact Name"].isin(contacts)).sum(),
        "channels_without_leads": len(set(spend.Source.dropna()) - set(table.Source.dropna())),
    }
    assert {name: found[name].found for name in expected} == {name: int(n) for name, n in expected.items()}
    assert found["month_end_bulk"].found == 0  # dates alone: nobody knows the minutes
    assert (found["unknown_owners"].found, found["unknown_owners"].total) == (27, 27)  # nobody imported people
    assert found["cost_gaps"].parts == (("department", 12),)


def callqa(*arguments):
    return subprocess.run([sys.executable, "-m", "callqa", "crm", *arguments], capture_output=True, text=True)


@pytest.fixture(scope="module")
def url(tmp_path_factory):
    made = f"sqlite:///{tmp_path_factory.mktemp('store') / 'callqa.db'}"
    store = Store.open(made)
    fill(store.engine, DIRTY)
    store.close()
    return made


@pytest.mark.parametrize(
    ("language", "shown"),
    [
        ("ru", ["Пропущенные этапы", "1 из 2", "Сделайте этап обязательным", "Сделка найдена у 2 из 3 звонков"]),
        ("en", ["Skipped stages", "1 of 2", "Make the stage a must", "A deal was found for 2 of 3 calls"]),
    ],
)
def test_the_table_says_what_was_found_and_what_to_do(url, language, shown):
    done = callqa("check", "--store", url, "--language", language)
    text = " ".join(done.stdout.replace("\xa0", " ").split())
    assert (done.returncode, [word for word in shown if word not in text]) == (0, [])


def test_json_is_the_same_twice_and_holds_every_check(url):
    text = callqa("check", "--store", url, "--json").stdout
    assert text == callqa("check", "--store", url, "--format", "json").stdout
    told = json.loads(text)
    assert {c["id"]: c["found"] for c in told["checks"]} == {name: len(ids) for name, (_, ids) in FOUND.items()}
    assert told["calls"]["linked"] == 2
    assert told["calls"]["reasons"] == {"nothing_named": 1}


def test_links_are_counted_or_listed_with_their_reasons(url):
    assert "2 of 3 calls" in callqa("links", "--store", url).stdout
    assert "a2" in callqa("links", "--store", url, "--deal", "d8").stdout
    assert "a4" in callqa("links", "--store", url, "--reason", "nothing_named").stdout
    rows = [json.loads(line) for line in callqa("links", "--store", url, "--json").stdout.splitlines()]
    assert [(row["call_id"], row["deal_id"], row["made_by"], row["phase"]) for row in rows] == [
        ("a1", "d1", "deal_id", "before"),
        ("a4", None, None, None),
        ("a2", "d8", "customer_id", "unknown"),
    ]


def test_an_empty_store_says_what_to_import(tmp_path):
    empty = f"sqlite:///{tmp_path}/none.db"
    assert "callqa crm import" in callqa("check", "--store", empty).stdout
    assert "callqa crm import" in callqa("check", "--store", empty, "--format", "html").stdout
    assert "callqa crm import" in callqa("links", "--store", empty).stdout


@pytest.mark.skipif(not Path(CHROMIUM).exists(), reason="no Chromium: apt-get install chromium")
@pytest.mark.parametrize("width", [390, 1280])
def test_the_page_fits_and_shows_every_finding(url, tmp_path, width):
    sync_api = pytest.importorskip("playwright.sync_api")
    with sync_api.sync_playwright() as playwright, sanity.opened(None, url) as found:
        flags = ["--no-sandbox", "--headless=new", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=flags)
        for language in ("ru", "en"):
            (tmp_path / "page.html").write_text(found.html(language), encoding="utf-8")
            tab = browser.new_page(viewport={"width": width, "height": 900})
            tab.goto((tmp_path / "page.html").as_uri())
            assert tab.evaluate("document.documentElement.scrollWidth") <= width
            assert tab.locator("article.finding").count() == sum(bool(ids) for _, ids in FOUND.values())
            tab.close()
        browser.close()
