"""What was made of a store is kept in a file: the figures are those without it, whatever becomes of store or file."""

import dataclasses
import multiprocessing
import os
import signal
import subprocess
import sys

import pytest
import sqlalchemy as sa

from callqa.metrics.keeping import Kept, opened
from callqa.metrics.registry import registry
from callqa.metrics.settings import period
from callqa.metrics.warehouse import load
from callqa.reports.metric_table import encode
from callqa.sales import Sales
from callqa.store import Store
from callqa.store.deal_tables import deal_tables
from callqa.store.marks import read_marks
from callqa.store.tables import schema
from callqa.store.warehouse import kept, warehouse
from tests.companies import SETTINGS, fill
from tests.test_metrics_values import COMPANY


@pytest.fixture
def store(tmp_path):
    found = Store.open(f"sqlite:///{tmp_path / 'callqa.db'}")
    fill(found.engine, COMPANY)
    yield found
    found.close()


def document(loaded):
    return encode(Sales(loaded, registry()).metrics(period("2026-10")), period("2026-10"), loaded.currency)


def without_file(store):
    with store.engine.connect() as connection:
        return document(load(connection, SETTINGS))


def made(store):
    """When the file that holds was made."""
    with store.engine.connect() as connection:
        return kept(connection).path.stat().st_ino


def test_the_figures_are_those_of_memory(store, tmp_path):
    first, again = (document(warehouse(store, SETTINGS)) for _ in range(2))
    assert first == again == without_file(store)
    assert {path.name for path in tmp_path.iterdir()} >= {"callqa.db", "callqa.db.metrics"}


def test_a_store_that_has_not_changed_is_not_read_again(store):
    warehouse(store, SETTINGS)
    before = made(store)
    warehouse(store, SETTINGS)
    assert made(store) == before


ROWS = {
    "people": "insert into people (person_id, name) values ('dan', 'Дан')",
    "leads": "update leads set source = 'fair' where lead_id = 'l1'",
    "deals": "update deals set amount = 100 where deal_id = 'd1'",
    "stage_history": "delete from stage_history where deal_id = 'd3'",
    "costs": "delete from costs",
    "targets": "update targets set amount = 1 where target_id = 't1'",
    "activities": "delete from activities where activity_id = 'a1'",
    "rates": "update rates set rate = 100",
}


@pytest.mark.parametrize("table", ROWS)
def test_a_change_of_a_table_is_in_the_next_figures(store, table):
    before = document(warehouse(store, SETTINGS))
    with store.engine.begin() as connection:
        connection.execute(sa.text(ROWS[table]))
    after = document(warehouse(store, SETTINGS))
    assert after == without_file(store) != before


TOLD_OF_CALLS = ("recordings", "results", "current", "call_metadata")


@pytest.mark.parametrize("name", [*deal_tables, *TOLD_OF_CALLS])
def test_every_change_of_a_table_that_is_read_marks_it(name):
    empty = Store.open("sqlite://")
    table = schema.tables[name]
    row = {c.name: _any(c) for c in table.columns}
    with empty.engine.begin() as connection:
        assert set(read_marks(connection)) == {*deal_tables, *TOLD_OF_CALLS}
        for change in (table.insert().values(row), table.update().values(row), table.delete()):
            before = read_marks(connection)
            connection.execute(change)
            after = read_marks(connection)
            assert [n for n in after if after[n] != before[n]] == [name]
    empty.close()


def _any(column):
    kind = column.type.python_type
    return b"x" if kind is bytes else "x" if kind is str else kind(1)


@pytest.mark.parametrize("harm", ["gone", "empty", "cut short", "another file", "of another callqa"])
def test_a_file_that_does_not_hold_is_made_anew(store, harm):
    expected = document(warehouse(store, SETTINGS))
    with store.engine.connect() as connection:
        path = kept(connection).path
    if harm == "gone":
        path.unlink()
    elif harm == "of another callqa":
        import duckdb

        with duckdb.connect(str(path)) as duck:
            duck.execute("update kept_of set about = 'of old'")
            duck.execute("create or replace table wins as from wins limit 0")
    else:
        data = path.read_bytes()
        path.write_bytes(
            {"empty": b"", "cut short": data[: len(data) // 2], "another file": b"deals;leads\n" * 99}[harm]
        )
    assert document(warehouse(store, SETTINGS)) == expected
    assert document(warehouse(store, SETTINGS)) == expected


def test_other_settings_are_other_tables(store):
    late = dataclasses.replace(SETTINGS, timezone="Asia/Vladivostok", margin=0.5)
    for settings in (SETTINGS, late, SETTINGS):
        with store.engine.connect() as connection:
            assert document(warehouse(store, settings)) == document(load(connection, settings))


def test_a_store_begun_again_is_not_taken_for_the_old_one(store, tmp_path):
    warehouse(store, SETTINGS)
    store.close()
    for path in tmp_path.glob("callqa.db*"):
        if not path.name.startswith("callqa.db.metrics"):
            path.unlink()
    again = Store.open(f"sqlite:///{tmp_path / 'callqa.db'}")
    fill(again.engine, COMPANY.replace("| 1000   |", "| 9000   |"))
    assert document(warehouse(again, SETTINGS)) == without_file(again)
    again.close()


def test_where_no_file_can_be_made_there_is_none(store, tmp_path):
    (tmp_path / "file").touch()
    with store.engine.connect() as connection:
        nowhere = Kept(tmp_path / "file" / "callqa.db.metrics", read_marks(connection))
        assert document(load(connection, SETTINGS, kept=nowhere)) == without_file(store)


def _killed(path):
    opened(Kept(path, {"deals": 1}), "", lambda duck: duck.execute("create table half as from range(9)") and _end())


def _end():
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_process_killed_while_it_makes_the_file_leaves_none(tmp_path):
    path = tmp_path / "callqa.db.metrics"
    process = multiprocessing.get_context("spawn").Process(target=_killed, args=(path,))
    process.start()
    process.join()
    assert process.exitcode == -signal.SIGKILL
    assert not path.exists()
    duck = opened(Kept(path, {"deals": 1}), "", lambda duck: duck.execute("create table whole as from range(9)"))
    assert duck.execute("select count(*) from whole").fetchall() == [(9,)]
    assert {left.name for left in tmp_path.iterdir()} <= {path.name, f"{path.name}.lock"}


def test_processes_that_come_at_once_get_the_same_figures(store, tmp_path):
    command = [sys.executable, "-m", "callqa", "metrics", "--period", "2026-10", "--format", "json"]
    url = f"sqlite:///{tmp_path / 'callqa.db'}"
    runs = [subprocess.Popen([*command, "--store", url], stdout=subprocess.PIPE) for _ in range(3)]
    told = {run.communicate()[0] for run in runs}
    assert [run.returncode for run in runs] == [0, 0, 0]
    assert told == {without_file(store)}
