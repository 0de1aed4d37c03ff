"""Which deal a call is found to be of: by what it names, by the customer's number, by its time; or why of none."""

import random
import subprocess
import sys
import time
from datetime import datetime, timedelta

import pytest
import sqlalchemy as sa

from callqa import deals
from callqa.config import shipped
from callqa.metrics.figures import metrics
from callqa.metrics.linking import links, matched
from callqa.metrics.registry import registry
from callqa.metrics.settings import period
from callqa.metrics.warehouse import load
from callqa.store import Store
from tests.companies import SETTINGS, fill, warehouse

# c1: d1 won on 1 March (a later row says so again), d2 opened in May. c2 and c3 share a number. c4 has two deals open
# at once, of two reps, and one of Bob's later. c5: d8 lost, opened again, still open. c6 has no deal. Four customers
# have the office's number.
COMPANY = """
customers
customer_id | phone
c1 | +79121110101
c2 | +79122220202
c3 | 8 (912) 222-02-02
c4 | +79124440404
c5 | +49 30 1234567
c6 | +79126660606
o1 | 8 495 123-45-67
o2 | +74951234567
o3 | 4951234567
o4 | 7 495 1234567

leads
lead_id | created_at | customer_id | deal_id
l1 | 2026-01-05T09:00:00Z | c1 | d1
l6 | 2026-02-01T09:00:00Z | c6 |

deals
deal_id | customer_id | owner_id | created_at | final | closed_reported_at | close_planned | template
d1 | c1 | ann | 2026-02-01T09:00:00Z | won  |                      |     |
d2 | c1 | ann | 2026-05-01T09:00:00Z |      | 2026-09-01T09:00:00Z | yes |
d3 | c2 | ann | 2026-02-01T09:00:00Z | lost | 2026-04-01T09:00:00Z |     |
d4 | c3 | bob | 2026-06-01T09:00:00Z |      |                      |     |
d5 | c4 | ann | 2026-02-01T09:00:00Z |      |                      |     |
d6 | c4 | bob | 2026-02-15T09:00:00Z |      |                      |     |
d7 | c4 | bob | 2026-06-01T09:00:00Z |      |                      |     |
d8 | c5 | ann | 2026-02-01T09:00:00Z |      |                      |     |
d9 | c1 | ann | 2026-01-01T09:00:00Z |      |                      |     | yes
e1 | o1 | ann | 2026-01-01T09:00:00Z |      |                      |     |

stage_history
deal_id | entered_at | stage | final
d1 | 2026-02-01T09:00:00Z | new  |
d1 | 2026-03-01T09:00:00Z | won  | won
d8 | 2026-02-01T09:00:00Z | new  |
d8 | 2026-03-01T09:00:00Z | lost | lost
d8 | 2026-04-01T09:00:00Z | new  |
d1 | 2026-03-20T09:00:00Z | paid | won
"""

ANSWERS = [
    # what the call says: deal, customer, number, rep, day                  the deal, by what, chosen how, phase, sure
    (("d1", None, None, "ann", "2026-02-10"), ("d1", "deal_id", "named", "before", "high")),
    (("d1", "c4", "+79124440404", "bob", "2026-09-10"), ("d1", "deal_id", "named", "after", "high")),
    (("d1", None, None, "ann", None), ("d1", "deal_id", "named", "unknown", "high")),
    (("d77", "c1", "+79121110101", "ann", "2026-02-10"), "no_such_deal"),  # a call about another deal is none of d1
    (("d9", None, None, "ann", "2026-02-10"), "no_such_deal"),  # a template is no deal
    ((None, "c1", None, "bob", "2026-02-10"), ("d1", "customer_id", "open", "before", "high")),
    ((None, "c1", None, "ann", "2026-05-10"), ("d2", "customer_id", "open", "open", "high")),
    ((None, "c1", None, "ann", "2026-10-10"), ("d2", "customer_id", "open", "open", "high")),  # its end is a plan
    ((None, "c1", None, "ann", "2026-01-20"), ("d1", "customer_id", "nearest", "before", "medium")),  # brought it
    ((None, "c1", None, "ann", "2026-03-10"), ("d1", "customer_id", "nearest", "after", "medium")),  # 9 days behind
    ((None, "c1", None, "ann", "2026-04-20"), ("d2", "customer_id", "nearest", "open", "medium")),  # 11 ahead
    ((None, "c1", None, "ann", "2025-12-01"), "out_of_reach"),  # 62 days before the first deal
    ((None, "c1", None, "ann", None), "no_time"),
    ((None, "c4", None, "ann", "2026-03-01"), ("d5", "customer_id", "rep", "open", "medium")),  # of two open the rep's
    ((None, "c4", None, "cy", "2026-03-01"), "ambiguous"),
    ((None, "c4", None, None, "2026-03-01"), "ambiguous"),
    ((None, "c4", None, "bob", "2026-07-01"), "ambiguous"),  # two of them are Bob's
    ((None, "c5", None, "ann", "2026-03-15"), ("d8", "customer_id", "open", "open", "high")),  # lost, but opened again
    ((None, "c6", None, "ann", "2026-03-15"), "no_deal"),
    ((None, "c9", None, "ann", "2026-03-15"), "unknown_customer"),
    ((None, "c9", "89121110101", "ann", "2026-02-10"), ("d1", "phone", "open", "before", "medium")),
    ((None, None, "8 (912) 111-01-01 доб. 5", "bob", "2026-02-10"), ("d1", "phone", "open", "before", "medium")),
    ((None, None, "912 111 01 01", "ann", "2026-03-10"), ("d1", "phone", "nearest", "after", "low")),
    ((None, None, "0049301234567", "ann", "2026-03-15"), ("d8", "phone", "open", "open", "medium")),
    ((None, None, "+79122220202", "ann", "2026-03-01"), ("d3", "phone", "open", "before", "medium")),  # of two clients
    ((None, None, "+79122220202", "ann", "2026-05-20"), ("d4", "phone", "nearest", "open", "low")),
    ((None, None, "+79124440404", "ann", "2026-03-01"), ("d5", "phone", "rep", "open", "low")),
    ((None, None, "+74951234567", "ann", "2026-03-01"), "shared_phone"),
    ((None, None, "+79126660606", "ann", "2026-03-01"), "no_deal"),
    ((None, None, "+79990001122", "ann", "2026-03-01"), "unknown_customer"),
    ((None, None, "1234", "ann", "2026-03-01"), "no_number"),
    ((None, None, "скрыт", "ann", "2026-03-01"), "no_number"),
    ((None, None, None, "ann", "2026-03-01"), "nothing_named"),
]  # fmt: skip


@pytest.fixture(scope="module")
def told():
    """What was found of every call of ``ANSWERS``, all asked at once."""
    calls = [
        (f"{n}", day and f"{day}T09:00:00Z", rep, deal, customer, phone)
        for n, ((deal, customer, phone, rep, day), _) in enumerate(ANSWERS)
    ]
    return {link.call_id: link for link in of(COMPANY, calls)}


def of(text, calls=(), settings=SETTINGS):
    engine = sa.create_engine("sqlite://")
    fill(engine, text)
    with engine.connect() as connection:
        return links(load(connection, settings, (), calls).duck)


@pytest.mark.parametrize("n", range(len(ANSWERS)), ids=lambda n: " ".join(map(str, ANSWERS[n][0])))
def test_a_call_is_of_the_deal_that_it_names_or_else_of_its_customers_nearest(told, n):
    link, expected = told[str(n)], ANSWERS[n][1]
    if isinstance(expected, str):
        assert (link.deal_id, link.reason, link.made_by, link.phase) == (None, expected, None, None)
    else:
        assert (link.deal_id, link.made_by, link.chosen, link.phase, link.confidence) == expected
        assert link.reason is None


@pytest.mark.parametrize(
    ("row", "expected"),
    [
        ("a1 | call | 2026-02-10T09:00:00Z | d1 |    |    |              ", ("d1", "deal_id", "before")),
        ("a1 | call | 2026-02-10T09:00:00Z | d77|    | c1 |              ", (None, None, None)),
        ("a1 | call | 2026-01-06T09:00:00Z |    | l1 | c1 |              ", ("d1", "lead_id", "before")),
        ("a1 | call | 2027-01-06T09:00:00Z |    | l1 |    |              ", ("d1", "lead_id", "after")),
        ("a1 | call | 2026-02-10T09:00:00Z |    | l6 | c1 |              ", ("d1", "customer_id", "before")),
        ("a1 | call | 2026-02-10T09:00:00Z |    |    |    | 8 912 1110101", ("d1", "phone", "before")),
    ],
)
def test_the_crms_own_calls_are_linked_likewise(row, expected):
    head = "\nactivities\nactivity_id | kind | at | deal_id | lead_id | customer_id | phone\n"
    [link] = of(COMPANY + head + row)
    assert (link.kind, link.deal_id, link.made_by, link.phase) == ("activity", *expected)


def test_what_a_call_was_linked_to_stands_in_the_activities_that_metrics_read():
    rows = """
activities
activity_id | kind    | at                   | customer_id
a1          | call    | 2026-02-10T09:00:00Z | c1
a2          | meeting | 2026-02-10T09:00:00Z | c1
"""
    loaded = warehouse(COMPANY + rows)
    assert loaded.duck.execute("select activity_id, deal_id from activity_facts order by 1").fetchall() == [
        ("a1", "d1"),
        ("a2", None),  # only calls are linked
    ]


@pytest.mark.parametrize(
    ("said", "key"),
    [
        ("8 (912) 345-67-89", "79123456789"),
        ("+7 912 345 67 89", "79123456789"),
        ("+8 912 345 67 89", "79123456789"),
        ("7-912-345-67-89", "79123456789"),
        ("912 345 67 89", "79123456789"),
        ("007 912 345 67 89", "79123456789"),
        ("tel:+79123456789", "79123456789"),
        ("sip:79123456789@pbx.example", "79123456789"),
        ("8 912 345 67 89, 8 913 000 00 01", "79123456789"),
        ("8 (495) 123-45-67 доб. 101", "74951234567"),
        ("+1 212 555 0100 x12", "12125550100"),
        ("+1 212 555 0100 ext. 12", "12125550100"),
        ("8 10 49 30 1234567", "49301234567"),
        ("8~10 47 22 12 34 56", "4722123456"),
        ("0049 30 1234567", "49301234567"),
        ("+372 5123456", "3725123456"),
        ("+47 22 12 34 56", "4722123456"),
        ("380 44 123 4567", "380441234567"),
        ("345-67-89", None),
        ("112", None),
        ("+7", None),
        ("+7 000 000 00 00", None),
        ("9999999999", None),
        ("доб. 12", None),
        ("anonymous", None),
        ("", None),
        ("1234567890123456", None),
    ],
)
def test_one_number_is_one_number_however_it_is_written(said, key):
    assert warehouse("people\nperson_id\nann").duck.execute("select phone_key($said)", {"said": said}).fetchall() == [
        (key,)
    ]


@pytest.mark.parametrize("seed", range(6))
def test_an_independent_search_finds_the_same(seed):
    """A hundred calls of thirty deals in a hundred days, some at the same hour: SQL against plain loops."""
    rng = random.Random(seed)
    start = datetime(2026, 1, 1)

    def some(*known):
        return rng.choice(known)

    deals = []
    for n in range(30):
        created = start + timedelta(days=rng.randrange(200))
        final = some(None, "won", "lost")
        closed = created + timedelta(days=rng.randrange(60)) if final else None
        deals.append((f"d{n}", f"c{rng.randrange(12)}", some("ann", "bob"), created, final, closed))
    calls = []
    for n in range(100):
        at = start + timedelta(days=rng.randrange(260))
        calls.append((f"{n:03}", at, some("ann", "bob", None), some(None, None, None, "d3", "d99"), f"c{n % 14}"))
    text = "deals\ndeal_id | customer_id | owner_id | created_at | final | closed_reported_at\n" + "\n".join(
        f"{id} | {who} | {rep} | {created:%Y-%m-%dT%H:%M:%SZ} | {final or ''} | {closed or ''}"
        for id, who, rep, created, final, closed in deals
    )
    rows = [(id, f"{at:%Y-%m-%dT%H:%M:%SZ}", rep, deal, who, None) for id, at, rep, deal, who in calls]
    found = {link.call_id: (link.deal_id, link.reason) for link in of(text.replace(" 00:00:00", "T00:00:00Z"), rows)}
    assert found == {call[0]: search(call, deals) for call in calls}
    assert len(set(found.values())) > 15


def search(call, deals):
    _, at, rep, named, who = call
    if named:
        return (named, None) if any(deal[0] == named for deal in deals) else (None, "no_such_deal")
    mine = [deal for deal in deals if deal[1] == who]
    if not mine:
        return None, "unknown_customer"
    gaps = []
    for id, _, owner, created, _, closed in mine:
        early, late = (created - at).days, (at - closed).days if closed else 0
        if early <= 30 and late <= 90:
            gaps.append((max(early, late, 0), owner, id))
    if not gaps:
        return None, "out_of_reach"
    least = min(gaps)[0]
    near = [(owner, id) for gap, owner, id in gaps if gap == least]
    if len(near) > 1:
        near = [(owner, id) for owner, id in near if owner == rep]
    return (near[0][1], None) if len(near) == 1 else (None, "ambiguous")


def test_figures_by_deal_count_its_calls_up_to_the_decision():
    """d1 was won on 1 March: of its three calls the third came after that; d3 and d8 were lost without any."""
    calls = [(f"{n}", f"{day}T09:00:00Z", "ann", None, "c1", None) for n, day in enumerate(DAYS)]
    scores = [(f"{n}", f"{day}T09:00:00Z", "ann", None, 60.0 + n, 0.9, True, "{}") for n, day in enumerate(DAYS)]
    engine = sa.create_engine("sqlite://")
    fill(engine, COMPANY)
    with engine.connect() as connection:
        loaded = load(connection, SETTINGS, scores, calls)
    found = {m.definition.id: m for m in metrics(loaded, registry(), period("2026-02-01..2026-05-01"))}
    assert found["calls_per_deal"].figure.value == pytest.approx(2 / 3, abs=1e-6)
    by_outcome = {cut.key: cut.figure.value for cut in found["calls_per_deal"].cuts if cut.by == "outcome"}
    assert by_outcome == {"won": 2, "lost": 0}
    assert found["deal_call_quality"].figure.value == 60.5
    assert (found["calls_matched"].figure.value, found["calls_matched"].figure.n) == (100, 3)
    assert {cut.key for cut in found["negotiation_quality"].cuts if cut.by == "source"} == {None}  # d1 has no source


DAYS = ("2026-02-03", "2026-02-20", "2026-03-05")


def test_no_calls_at_all_are_not_none_on_every_deal():
    found = metrics(warehouse(COMPANY), registry(), period("2026-03"), ())
    figure = next(m.figure for m in found if m.definition.id == "calls_per_deal")
    assert (figure.value, figure.reason) == (None, "no calls in the store")


@pytest.fixture(scope="module")
def demo(tmp_path_factory):
    """The demo company in a store, and of which deal each of its calls is."""
    folder = tmp_path_factory.mktemp("company")
    make = shipped("sample_deals") / "make.py"
    subprocess.run([sys.executable, str(make), str(folder), "plain"], check=True, capture_output=True)
    files = [
        folder / "plain" / f"{name}.csv" for name in ("customers", "deals", "leads", "stage_history", "activities")
    ]
    store = Store.open(f"sqlite:///{folder / 'callqa.db'}")
    assert all(done.rejected == 0 for done in deals.import_files(store, "plain", files))
    with store.engine.connect() as connection:
        truth = connection.execute(
            sa.text(
                "select activity_id, coalesce(a.deal_id, l.deal_id, d.deal_id) from activities a "
                "left join leads l on l.lead_id = a.lead_id left join deals d on d.lead_id = a.lead_id "
                "where kind = 'call'"
            )
        ).fetchall()
    yield store, dict(map(tuple, truth))
    store.close()


NUMBER = "select c.phone from customers c where c.customer_id = activities.customer_id"


@pytest.mark.parametrize(
    ("hidden", "made_by"),
    [
        ("deal_id = deal_id", {"deal_id", "lead_id"}),
        ("deal_id = null, lead_id = null", {"customer_id"}),
        (f"deal_id = null, lead_id = null, customer_id = null, phone = ({NUMBER})", {"phone"}),
    ],
    ids=["as they are", "with their customer", "with a number alone"],
)
def test_the_demo_companys_calls_find_their_deals_with_ids_hidden(demo, hidden, made_by):
    store, truth = demo
    with store.engine.connect() as connection, connection.begin() as transaction:
        connection.execute(sa.text(f"update activities set {hidden} where kind = 'call'"))
        found = links(load(connection, SETTINGS).duck)
        transaction.rollback()
    assert {link.call_id: link.deal_id for link in found} == truth
    assert {link.made_by for link in found} - {None} == made_by
    assert sum(link.deal_id is not None for link in found) == 5753


def test_a_hundred_thousand_calls_find_their_deals_among_as_many_in_seconds():
    """Seconds of processor, all threads together: others on the machine do not slow those."""
    engine, many = sa.create_engine("sqlite://"), 100_000
    fill(engine, "people\nperson_id\nann")
    rng = random.Random(1)

    def day(year):
        return f"{year}-{rng.randrange(1, 13):02d}-{rng.randrange(1, 28):02d}T09:00:00Z"

    with engine.begin() as connection:
        told = connection.connection.cursor()
        clients = [(f"c{n}", f"+7912{n:07d}") for n in range(many // 2)]
        told.executemany("insert into customers (customer_id, phone) values (?, ?)", clients)
        rows = [(f"d{n}", f"c{rng.randrange(many // 2)}", day(2025), rng.choice(("won", None))) for n in range(many)]
        told.executemany("insert into deals (deal_id, customer_id, created_at, final) values (?, ?, ?, ?)", rows)
        ends = [(f"d{n}", day(2026), "won", "won") for n in range(many)]
        told.executemany("insert into stage_history (deal_id, entered_at, stage, final) values (?, ?, ?, ?)", ends)
    calls = [(f"{n}", day(2025), None, None, None, f"8 912 {rng.randrange(many // 2):07d}") for n in range(many)]
    with engine.connect() as connection:
        bare = time.process_time()
        load(connection, SETTINGS)
        begun = time.process_time()
        found = load(connection, SETTINGS, (), calls)
        took = time.process_time() - begun - (begun - bare)
    assert matched(found.duck).calls == many
    assert 20_000 < matched(found.duck).linked < many
    assert took < 10
