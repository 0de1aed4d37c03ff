"""Onboarding from a store to the page: who is new, whose call is whose, what is said where nothing is known."""

import json
import re

import pytest
import reportable
from typer.testing import CliRunner

from callqa import onboarding as verbs
from callqa.cli import app
from callqa.config import shipped
from callqa.errors import UsageError
from callqa.store import Store
from callqa.types import Metadata
from tests.companies import fill

# A week of the old reps brings 1,000 roubles each; new Nina's 1,000 comes every week from the third on.
PEOPLE = """
people
person_id | name          | team  | role | hired_at   | left_at
ann       | Анна Старкова | North | rep  | 2023-01-02 |
bob       | Борис Старков | North | rep  | 2023-01-02 |
nina      | Нина Новикова | South | rep  | 2026-06-01 |
leo       | Лев Ушедший   | South | rep  | 2026-06-01 | 2026-07-06
boss      | Ада Главная   | South | lead | 2026-06-01 |
"""
DAYS = [
    f"2026-{month:02}-{day:02}T09:00:00Z" for month, first in ((6, 3), (7, 1), (8, 5)) for day in range(first, 29, 7)
]


def deals():
    won = [(rep, at) for rep in ("ann", "bob") for at in DAYS] + [("nina", at) for at in DAYS[2:]]
    rows = ["deals", "deal_id | owner_id | amount | currency | created_at | final"]
    history = ["stage_history", "deal_id | entered_at | stage | stage_order | final"]
    for n, (rep, at) in enumerate(won):
        rows.append(f"d{n} | {rep} | 1000 | RUB | {at} | won")
        history.append(f"d{n} | {at} | won | 9 | won")
    return "\n".join(rows) + "\n\n" + "\n".join(history)


@pytest.fixture
def url(tmp_path):
    return f"sqlite:///{tmp_path / 'callqa.db'}"


@pytest.fixture
def store(url):
    store = Store.open(url)
    fill(store.engine, f"{PEOPLE}\n{deals()}")
    yield store
    store.close()


def scored(rep_id=None, rep_name=None, at="2026-08-20T10:00:00+03:00"):
    return reportable.sales(metadata=Metadata("a.wav", started_at=at, rep_id=rep_id, rep_name=rep_name))


def found(store, calls=(), rep=None):
    return verbs.onboarding(store, shipped("configs"), calls, rep)


def test_new_reps_are_those_hired_of_late_and_no_leads(store):
    result = found(store)
    assert [(r.rep.id, r.state, r.first_win_days) for r in result.ramps] == [
        ("nina", "ramped", 16),
        ("leo", "left", None),
    ]
    assert (result.currency, str(result.as_of), result.cohort.n) == ("RUB", "2026-08-26", 2)


@pytest.mark.parametrize("asked", ["nina", "Нина Новикова", "новик"])
def test_a_rep_is_found_by_id_name_or_part_of_it(store, asked):
    assert [r.rep.id for r in found(store, rep=asked).ramps] == ["nina"]


@pytest.mark.parametrize(
    ("asked", "problem"), [("Старков", "more than one rep: Анна Старкова"), ("Нина Новиковa", "did you mean 'Нина Нов")]
)
def test_a_name_that_is_nobodys_or_several_is_an_error(store, asked, problem):
    with pytest.raises(UsageError, match=problem):
        found(store, rep=asked)


def test_an_empty_store_says_what_to_import(url):
    store = Store.open(url)
    with pytest.raises(UsageError, match="callqa crm import"):
        found(store)
    store.close()


def test_calls_are_the_reps_by_id_else_by_name_in_the_companys_time(store):
    # 00:30 on Monday in Moscow is Sunday in London, the last day of the week before
    calls = [scored("nina", at="2026-08-16T22:30:00+01:00"), scored(rep_name="Анна Старкова"), scored("nobody")]
    weeks = found(store, calls).ramps[0].weeks
    assert [(week.number, week.calls) for week in weeks if week.calls] == [(12, 1)]
    assert weeks[11].score == calls[0].scorecard.score
    assert {week.number: week.score_band.n for week in weeks if week.score_band} == {12: 1}


def test_the_document_and_the_page_are_the_same_on_every_run(store):
    first, second = found(store), found(store)
    assert (first.encoded(), first.html("ru")) == (second.encoded(), second.html("ru"))
    week = json.loads(first.encoded())["reps"][0]["weeks"][6]
    assert (week["number"], week["rolling"], week["rolling_band"]["median"], week["holds"]) == (7, 400_000, 400_000, 1)


@pytest.mark.parametrize(("language", "words"), [("ru", "на уровне"), ("en", "up to speed")])
def test_the_page_names_every_new_rep_and_loads_nothing(store, language, words):
    page = found(store).html(language)
    assert all(name in page for name in ("Нина Новикова", "Лев Ушедший", words, "<svg"))
    assert not re.findall(r'(?:src|href)="(?!#|data:)', page)


def test_the_command_writes_a_table_json_and_a_page(store, url, tmp_path):
    run = CliRunner().invoke
    table = run(app, ["onboarding", "--store", url], env={"COLUMNS": "200"})
    assert (table.exit_code, "Нина Новикова" in table.stdout, "up to speed 1" in table.stdout) == (0, True, True)
    document = json.loads(run(app, ["onboarding", "--store", url, "--json"]).stdout)
    assert [rep["state"] for rep in document["reps"]] == ["ramped", "left"]
    page = tmp_path / "pages" / "new.html"
    written = run(app, ["onboarding", "--store", url, "--format", "html", "--out", str(page), "--lang", "en"])
    assert written.stdout.strip() == str(page)
    assert page.read_text().startswith("<!doctype html>")
