"""Owners that exports call by name become the people of the store, whichever comes first."""

import pytest
import sqlalchemy as sa

from callqa import deals
from callqa.store import Store

PEOPLE = ["person_id,name,manager_id", "p1,Анна Ли,Олег Ким", "p2,Олег Ким,", "p3,Ян Цой,p2", "p4,Ян Цой,p2"]
DEALS = ["deal_id,created_at,owner_id", "d1,05.10.2026,анна  ли", "d2,05.10.2026,p2", "d3,05.10.2026,Новый Человек"]
TARGETS = ["person_id,month,metric,amount", "Анна Ли,2026-10,won_revenue,100"]
ACTIVITIES = ["kind,at,owner_id", "call,05.10.2026 12:00,Анна Ли", "call,05.10.2026 12:00,Анна Ли"]
FILES = {"people": PEOPLE, "deals": DEALS, "targets": TARGETS, "activities": ACTIVITIES}


@pytest.fixture
def store(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path}/callqa.db")
    yield store
    store.close()


def put(store, folder, *names):
    paths = [folder / f"{name}.csv" for name in names]
    for path in paths:
        path.write_text("\n".join(FILES[path.stem]))
    return list(deals.import_files(store, "plain", paths, rejects=folder))


def told(store, query):
    with store.engine.connect() as connection:
        return [tuple(row) for row in connection.execute(sa.text(query))]


@pytest.mark.parametrize(
    "runs",
    [
        [("people", "deals", "targets", "activities")],
        [("deals", "targets", "activities", "people")],
        [("deals", "activities"), ("people",), ("targets",)],
        # a later export of the same rows neither brings the names back nor doubles rows whose id is made of them
        [("deals", "targets", "activities"), ("people",), ("deals", "targets", "activities"), ("people",)],
    ],
)
def test_a_name_is_its_bearer_in_whatever_order_the_files_come(store, tmp_path, runs):
    for names in runs:
        assert [done.rejected for done in put(store, tmp_path, *names)] == [0] * len(names)
    assert told(store, "select deal_id, owner_id from deals order by 1") == [
        ("d1", "p1"),
        ("d2", "p2"),
        ("d3", "Новый Человек"),  # nobody yet
    ]
    assert told(store, "select person_id, amount from targets") == [("p1", 100_00)]
    assert told(store, "select owner_id from activities") == [("p1",), ("p1",)]
    assert told(store, "select person_id, manager_id from people order by 1") == [
        ("p1", "p2"),
        ("p2", None),
        ("p3", "p2"),
        ("p4", "p2"),
    ]


def test_a_name_that_two_people_bear_sets_the_row_aside_and_does_not_repeat_the_name(store, tmp_path):
    put(store, tmp_path, "people")
    path = tmp_path / "deals.csv"
    path.write_text("\n".join([DEALS[0], "d4,05.10.2026,Ян Цой", "d5,05.10.2026,p4"]))
    (done,) = deals.import_files(store, "plain", [path], rejects=tmp_path)
    assert done.rejected == 1
    line = done.rejects.read_text(encoding="utf-8").splitlines()[1]
    assert line.startswith("2,owner_id: 2 people have this name; give the id,d4,")
    assert told(store, "select deal_id, owner_id from deals") == [("d5", "p4")]


def test_people_who_share_a_name_leave_the_deals_that_name_them_as_they_are(store, tmp_path):
    path = tmp_path / "deals.csv"
    path.write_text("\n".join([DEALS[0], "d4,05.10.2026,Ян Цой"]))
    list(deals.import_files(store, "plain", [path], rejects=tmp_path))
    put(store, tmp_path, "people")
    assert told(store, "select deal_id, owner_id from deals") == [("d4", "Ян Цой")]
