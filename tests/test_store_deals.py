"""What the deal tables promise: rows are added, updated or left, and the counts say which."""

from pathlib import Path

import own_postgres
import pytest
import sqlalchemy as sa
from alembic import command
from alembic.config import Config

import callqa.store
from callqa.store import HEAD, Counts, Store
from callqa.store.deal_tables import deal_tables, deals, imports

NAMES = ("deal_id", "title", "amount", "upsell")


@pytest.fixture(scope="module")
def postgres():
    if own_postgres.MISSING:
        pytest.skip(f"no {own_postgres.MISSING} here: PostgreSQL is not tried")
    pytest.importorskip("psycopg")
    with own_postgres.started() as url:
        yield url


@pytest.fixture(params=["sqlite", "postgres"])
def store(request, tmp_path):
    url = f"sqlite:///{tmp_path}/callqa.db" if request.param == "sqlite" else request.getfixturevalue("postgres")
    store = Store.open(url)
    yield store
    with store.engine.begin() as connection:
        for table in (*deal_tables.values(), imports):
            connection.execute(sa.delete(table))
    store.close()


def put(store, rows, names=NAMES):
    with store.write() as write:
        return write.merge("deals", names, rows)


def kept(store):
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.select(*(deals.c[n] for n in NAMES)).order_by("deal_id"))]


A, B, C = ("a", "Курс", 100_00, True), ("b", None, None, None), ("c", "Ещё", -5, False)


@pytest.mark.parametrize(
    ("first", "then", "counts", "left"),
    [
        ([], [A, B], Counts(taken=2), [A, B]),
        ([A, B], [A, B], Counts(unchanged=2), [A, B]),
        ([A, B], [("a", "Курс", 90_00, True), B, C], Counts(1, 1, 1), [("a", "Курс", 90_00, True), B, C]),
        ([A], [("a", None, None, None)], Counts(updated=1), [("a", None, None, None)]),
        ([A], [("a", "x", 1, True), A], Counts(unchanged=1, repeated=1), [A]),  # the later row of a file counts
        ([], [B, ("b", "x", 1, True), C], Counts(taken=2, repeated=1), [("b", "x", 1, True), C]),
        ([A], [], Counts(), [A]),
    ],
)
def test_rows_are_added_updated_or_left(store, first, then, counts, left):
    put(store, first)
    assert put(store, then) == counts
    assert counts.total == len(then)
    assert kept(store) == left


def test_columns_that_are_not_named_keep_what_they_hold(store):
    put(store, [A])
    assert put(store, [("a", 5)], ("deal_id", "amount")) == Counts(updated=1)
    assert put(store, [("a",)], ("deal_id",)) == Counts(unchanged=1)
    assert kept(store) == [("a", "Курс", 5, True)]


def test_a_key_of_several_columns_is_one_key(store):
    names = ("deal_id", "entered_at", "stage")
    rows = [("a", "2026-10-01T09:00:00Z", stage) for stage in ("new", "won")]
    for counts in (Counts(taken=2), Counts(unchanged=2)):
        with store.write() as write:
            assert write.merge("stage_history", names, rows) == counts


def test_more_rows_than_a_batch_are_all_there(store, monkeypatch):
    monkeypatch.setattr("callqa.store.bulk.BATCH", 3)
    rows = [(f"{n:02}", None, n, None) for n in range(10)]
    assert put(store, iter(rows)) == Counts(taken=10)
    assert kept(store) == rows


def test_a_stroke_that_fails_in_the_middle_leaves_nothing(store):
    def rows():
        yield A
        raise KeyError

    with pytest.raises(KeyError):
        put(store, rows())
    assert kept(store) == []
    assert put(store, [A]) == Counts(taken=1)


def test_an_import_is_noted_with_its_time(store):
    row = dict.fromkeys(("taken", "updated", "unchanged", "repeated", "left_out", "rejected"), 1)
    with store.write() as write:
        write.put_import({"file": "deals.csv", "sha256": "a" * 64, "source": "plain", "entity": "deals", **row})
    with store.engine.connect() as connection:
        (noted,) = connection.execute(sa.select(imports)).all()
    assert (noted.entity, noted.taken) == ("deals", 1)
    assert noted.at.startswith("20")


def test_a_store_of_the_first_version_gets_the_deal_tables_and_keeps_its_calls(tmp_path):
    url = f"sqlite:///{tmp_path}/old.db"
    engine = sa.create_engine(url)
    config = Config()
    config.set_main_option("script_location", str(Path(callqa.store.__file__).parent / "migrations"))
    with engine.begin() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        connection.execute(sa.text("insert into files values ('/calls/a.wav', 'aa', 1, 1)"))
    engine.dispose()
    store = Store.open(url)
    with store.engine.connect() as connection:
        assert set(deal_tables) < set(sa.inspect(connection).get_table_names())
        assert connection.execute(sa.text("select path from files")).scalars().all() == ["/calls/a.wav"]
        assert connection.execute(sa.text("select version_num from alembic_version")).scalar_one() == HEAD
    store.close()
