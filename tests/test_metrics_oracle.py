"""The twenty metrics of the demo company, by SQL and by an independent computation with pandas, agree."""

import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from callqa import deals
from callqa.config import shipped
from callqa.metrics.figures import metrics
from callqa.metrics.registry import registry
from callqa.metrics.settings import period, read_settings
from callqa.metrics.warehouse import load
from callqa.store import Store
from tests.oracle_metrics import Oracle

TWENTY = {d.number: d.id for d in registry() if d.number}
PERIODS = ("2025-06", "2025-Q2", "2024-11", "2025-09")


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    folder = tmp_path_factory.mktemp("company")
    make = shipped("sample_deals") / "make.py"
    subprocess.run([sys.executable, str(make), str(folder), "plain"], check=True, capture_output=True)
    return folder / "plain"


@pytest.fixture(scope="module")
def calls():
    """Four hundred scored calls of the last months; one in ten has no score, one in twenty was none to score."""
    rng = np.random.default_rng(5)
    minutes = np.sort(rng.integers(0, 200 * 1440, 400))
    at = [f"{pd.Timestamp('2025-03-14') + pd.Timedelta(minutes=int(m)):%Y-%m-%dT%H:%M:%SZ}" for m in minutes]
    score = np.where(rng.random(400) < 0.1, np.nan, rng.uniform(20, 95, 400).round(2))
    return pd.DataFrame({"at": at, "rep": "s-r01", "score": score, "eligible": rng.random(400) > 0.05})


@pytest.fixture(scope="module")
def warehouse(plain, calls, tmp_path_factory):
    store = Store.open(f"sqlite:///{tmp_path_factory.mktemp('store') / 'callqa.db'}")
    assert all(done.rejected == 0 for done in deals.import_files(store, "plain", sorted(plain.glob("*.csv"))))
    with store.engine.connect() as connection:
        scores = [
            (f"c{n}", row.at, row.rep, None, None if np.isnan(row.score) else row.score, 0.9, row.eligible, "{}")
            for n, row in enumerate(calls.itertuples())
        ]
        yield load(connection, read_settings(shipped("configs")), scores)
    store.close()


@pytest.fixture(scope="module")
def figures(warehouse):
    return {
        name: {m.definition.id: m.figure for m in metrics(warehouse, registry(), period(name), ())} for name in PERIODS
    }


def test_all_twenty_are_here():
    assert sorted(TWENTY) == list(range(1, 21))


@pytest.mark.parametrize("name", PERIODS)
@pytest.mark.parametrize("number", range(1, 21), ids=TWENTY.get)
def test_sql_and_pandas_agree(figures, plain, calls, number, name):
    at = period(name)
    told = getattr(Oracle(plain, str(at.start), str(at.end), calls), TWENTY[number])()
    found = figures[name][TWENTY[number]]
    if told is None:
        assert (found.value, bool(found.reason)) == (None, True)
    else:
        assert found.value == pytest.approx(told, rel=1e-6, abs=1e-4), (found.numerator, found.denominator)


@pytest.fixture(scope="module")
def parts(warehouse):
    """The twenty of June 2025 by rep and team: each part's figure, by metric, kind of part and key."""
    found = metrics(warehouse, [d for d in registry() if d.number], period("2025-06"), ("rep", "team"))
    return {(m.definition.id, c.by, c.key): c.figure for m in found for c in m.cuts}


@pytest.fixture(scope="module")
def oracles(plain, calls):
    """An independent computation for every rep and every team."""
    at = period("2025-06")
    whole = Oracle(plain, str(at.start), str(at.end), calls)
    members = whole.table("people").groupby("team").person_id.apply(list)
    by_rep = {("rep", rep): whole.of([rep]) for rep in whole.people.owner_id}
    return by_rep | {("team", team): whole.of(reps, team) for team, reps in members.items()}


@pytest.mark.parametrize("by", ["rep", "team"])
@pytest.mark.parametrize("number", range(1, 21), ids=TWENTY.get)
def test_sql_and_pandas_agree_on_every_rep_and_team(parts, oracles, number, by):
    name = TWENTY[number]
    known = {key: getattr(oracle, name)() for (kind, key), oracle in oracles.items() if kind == by}
    told = {key: None if value is None or np.isnan(value) else float(value) for key, value in known.items()}
    found = {key: parts[name, by, key].value if (name, by, key) in parts else None for key in told}
    if name == "closed_deals":
        found = {key: value or 0 for key, value in found.items()}  # who won nothing has no row
    assert {key for key, value in found.items() if value is None} == {k for k, v in told.items() if v is None}
    for key, value in told.items():
        assert found[key] == (None if value is None else pytest.approx(value, rel=1e-6, abs=1e-4)), key


def test_parts_are_not_all_empty(parts):
    """What a rep or team cannot have (costs of a rep, marketing of a team, scores of one who has none) is little."""
    known = [key for key, figure in parts.items() if figure.value is not None]
    assert len({(name, by) for name, by, _ in known}) >= 34
