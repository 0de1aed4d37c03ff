"""The demo company is what its README says, the same on every run, and the same in each system's export."""

import csv
import html
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from callqa.config import shipped

MAKE = shipped("sample_deals") / "make.py"
END = "2025-09-30T21:00:00Z"  # midnight in Moscow
TIMES = {"created_at", "first_touch_at", "sql_at", "entered_at", "at"}


def made(folder, *sources):
    subprocess.run([sys.executable, str(MAKE), str(folder), *sources], check=True, capture_output=True)
    return folder


@pytest.fixture(scope="module")
def exports(tmp_path_factory):
    return made(tmp_path_factory.mktemp("deals"))


@pytest.fixture(scope="module")
def tables(exports):
    return {path.stem: read(path) for path in (exports / "plain").glob("*.csv")}


def read(path, encoding="utf-8", delimiter=","):
    with path.open(encoding=encoding, newline="") as file:
        return list(csv.DictReader(file, delimiter=delimiter))


def by(rows, key):
    return {row[key]: row for row in rows}


def test_the_same_seed_gives_the_same_bytes(exports, tmp_path):
    again = made(tmp_path, "plain", "bitrix24")
    files = [path.relative_to(again) for path in again.rglob("*.*")]
    assert len(files) == 16
    assert all((again / name).read_bytes() == (exports / name).read_bytes() for name in files)


def test_the_company_has_the_size_it_claims(tables):
    roles = Counter(person["role"] for person in tables["people"])
    assert (roles, len({person["team"] for person in tables["people"]})) == ({"rep": 12, "lead": 3}, 3)
    assert len(tables["leads"]) == 4000
    assert len({cost["day"] for cost in tables["costs"]}) == 18
    assert {row["currency"] for row in tables["deals"]} == {"RUB", "USD"}
    assert sum(row["template"] == "true" for row in tables["deals"]) == 8


@pytest.mark.parametrize(
    ("table", "keys"),
    [
        ("people", ["person_id"]),
        ("customers", ["customer_id"]),
        ("leads", ["lead_id"]),
        ("deals", ["deal_id"]),
        ("stage_history", ["deal_id", "entered_at", "stage"]),
        ("products", ["deal_id", "product", "line"]),
        ("costs", ["cost_id"]),
        ("targets", ["target_id"]),
        ("activities", ["activity_id"]),
        ("rates", ["currency", "day"]),
    ],
)
def test_no_key_comes_twice(tables, table, keys):
    found = Counter(tuple(row[key] for key in keys) for row in tables[table])
    assert found.most_common(1)[0][1] == 1


@pytest.mark.parametrize(
    ("column", "target"),
    [
        ("owner_id", "people"),
        ("person_id", "people"),
        ("manager_id", "people"),
        ("customer_id", "customers"),
        ("deal_id", "deals"),
        ("lead_id", "leads"),
    ],
)
def test_every_reference_leads_to_a_row(tables, column, target):
    known = {row["person_id" if target == "people" else column] for row in tables[target]}
    named = [row[column] for rows in tables.values() for row in rows if row.get(column)]
    assert named
    assert set(named) <= known


def test_nothing_is_later_than_the_end_and_nobody_works_before_hire_or_after_leaving(tables):
    assert all(row[c] < END for rows in tables.values() for row in rows for c in TIMES & row.keys())
    people = by(tables["people"], "person_id")
    for lead in tables["leads"]:
        owner = people[lead["owner_id"]]
        day = (datetime.fromisoformat(lead["created_at"]) + timedelta(hours=3)).date().isoformat()
        assert owner["hired_at"] <= day <= (owner["left_at"] or "9999")


def histories(tables):
    found = defaultdict(list)
    for row in tables["stage_history"]:
        found[row["deal_id"]].append(row)
    return found


def test_a_deal_is_where_its_history_ends_and_its_products_add_up(tables):
    sums, paths = Counter(), histories(tables)
    for row in tables["products"]:
        sums[row["deal_id"]] += round(float(row["amount"]) * 100)
    for deal in tables["deals"]:
        if deal["template"] == "true":
            assert deal["deal_id"] not in paths
            continue
        path = paths[deal["deal_id"]]
        assert [row["entered_at"] for row in path] == sorted(row["entered_at"] for row in path)
        assert (path[0]["entered_at"], path[-1]["stage"]) == (deal["created_at"], deal["stage"])
        assert path[-1]["final"] == deal["final"]
        assert (deal["final"] == "lost") == bool(deal["loss_reason"])
        assert sums[deal["deal_id"]] == round(float(deal["amount"]) * 100)


def test_the_funnel_is_one_that_a_head_of_sales_would_believe(tables):
    leads, deals = tables["leads"], [row for row in tables["deals"] if row["template"] == "false"]
    qualified = sum(bool(row["sql_at"]) for row in leads)
    first = [row for row in deals if row["lead_id"]]
    assert 0.30 < qualified / len(leads) < 0.45
    assert len(first) == qualified
    assert 0.20 < sum(row["final"] == "won" for row in first) / len(first) < 0.35
    again = [row for row in deals if not row["lead_id"]]
    assert 0.55 < sum(row["final"] == "won" for row in again) / len(again) < 0.85
    winners = Counter(row["customer_id"] for row in deals if row["final"] == "won")
    assert 0.1 < sum(n > 1 for n in winners.values()) / len(winners) < 0.4
    assert sum(row["upsell"] == "true" for row in deals) > 20


def test_deals_are_opened_again_and_some_moves_skip_a_stage(tables):
    paths = histories(tables).values()
    again = [p for p in paths if any(a["final"] and not b["final"] for a, b in pairwise(p))]
    assert 20 < len(again) < 80
    assert {p[-1]["final"] for p in again} == {"won", "lost", ""}
    steps = [int(b["stage_order"]) - int(a["stage_order"]) for p in paths for a, b in pairwise(p)]
    assert sum(step == 2 for step in steps) > 50


def test_the_better_rep_wins_more_and_the_one_who_never_ramps_wins_least(tables):
    ended, won = Counter(), Counter()
    for deal in tables["deals"]:
        if deal["final"] and deal["lead_id"]:
            ended[deal["owner_id"]] += 1
            won[deal["owner_id"]] += deal["final"] == "won"
    rate = {rep: won[rep] / ended[rep] for rep in ended}
    assert rate["s-r01"] > rate["s-r04"] > rate["s-r02"] > rate["s-r08"]


def test_the_recorded_calls_belong_to_deals_that_end_after_them(tables):
    activities, paths = defaultdict(list), histories(tables)
    for row in tables["activities"]:
        activities[row["deal_id"]].append(row)
    deals = by(tables["deals"], "deal_id")
    for call in read(shipped("sample_audio") / "calls.csv"):
        at = datetime.fromisoformat(call["started_at"])
        found = [
            row
            for row in activities[call["deal_id"]]
            if row["kind"] == "call" and datetime.fromisoformat(row["at"]) == at
        ]
        assert [(row["owner_id"], row["direction"]) for row in found] == [(call["rep_id"], call["direction"])]
        assert deals[call["deal_id"]]["owner_id"] == call["rep_id"]
        assert all(datetime.fromisoformat(r["entered_at"]) > at for r in paths[call["deal_id"]] if r["final"])


def cells(path):
    rows = re.findall(r"<tr>(.*?)</tr>", path.read_text(encoding="utf-8"))
    return [[html.unescape(cell) for cell in re.findall(r"<t[hd]>(.*?)</t[hd]>", row)] for row in rows]


def test_every_system_tells_the_same_deals(exports, tables):
    deals = [row for row in tables["deals"] if row["template"] == "false"]

    def told(rows, title, amount):
        return Counter((row[title], round(float(row[amount].replace(" ", "").replace(",", ".")) * 100)) for row in rows)

    plain = told(deals, "title", "amount")
    cards = read(exports / "amocrm" / "amocrm_export_leads.csv", "cp1251", ";")
    assert told([card for card in cards if card["Дата квалификации"]], "Название сделки", "Бюджет") == plain
    head, *rows = cells(exports / "bitrix24" / "DEAL_20250930.xls")
    bitrix = [dict(zip(head, row, strict=True)) for row in rows]
    assert told([row for row in bitrix if row["Регулярная сделка"] == "нет"], "Название сделки", "Сумма") == plain
    assert len(bitrix) == len(tables["deals"])
    hubspot = read(exports / "hubspot" / "hubspot-crm-exports-all-deals.csv", "utf-8-sig")
    assert told(hubspot, "Deal Name", "Amount") == plain
    assert told(read(exports / "salesforce" / "Opportunity.csv"), "Name", "Amount") == plain


def test_the_exports_have_the_faults_that_those_systems_have(exports):
    amo = (exports / "amocrm" / "amocrm_export_leads.csv").read_text(encoding="cp1251").splitlines()
    assert {n: k for n, k in Counter(amo[0].split(";")).items() if k > 1} == {"Источник": 2, "utm_campaign": 2}
    assert "не закрыта" in "".join(amo)
    assert (exports / "bitrix24" / "DEAL_20250930.xls").read_bytes().startswith(b"<html>")
    assert (exports / "hubspot" / "hubspot-crm-exports-all-deals.csv").read_bytes().startswith(b"\xef\xbb\xbf")
    stages = [
        (row["OpportunityId"], row["StageName"]) for row in read(exports / "salesforce" / "OpportunityHistory.csv")
    ]
    assert any(a == b for a, b in pairwise(stages))  # a change of something else


def test_the_three_last_letters_of_a_salesforce_id_tell_the_case_of_the_others(exports):
    def letter(five):
        return "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[sum(2**n for n, c in enumerate(five) if c.isupper())]

    for row in read(exports / "salesforce" / "Lead.csv")[:50]:
        assert row["Id"].startswith("00Q")
        assert row["Id"][15:] == "".join(letter(row["Id"][n : n + 5]) for n in (0, 5, 10))
