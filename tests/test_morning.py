"""What an operator is told in the morning."""

from datetime import timedelta

from callqa.nightly import morning
from callqa.store.runs import Run, Totals
from tests.nights import NOON, failure


def run(number, state, minutes_ago, counts=None, command="batch"):
    at = (NOON - timedelta(minutes=minutes_ago)).isoformat(timespec="seconds")
    ended = None if state == "running" else at
    return Run(number, command, ("/calls",), None, "local", "process 1 on here", state, at, at, ended, counts or {})


def test_the_morning_after_says_what_to_do():
    failures = [failure(), failure("worker_lost", path="/calls/b.wav"), failure(path="/calls/c.wav")]
    found = morning.Morning(Totals(10_000, 9_990, 1.0, 10_000), failures, [run(2, "died", 60)], 1234, NOON)
    lines = list(found.lines())
    assert lines[0] == "9,990 calls in the store, 3 files set aside, 1,234 waiting"
    assert "  empty                   2   needs a person: nothing in the file" in lines
    assert "  worker_lost             1   tried again in a batch from 2026-11-24 12:15 on" in lines
    assert "     2 batch  2026-11-24 11:00  broke off  nothing to do" in lines
    assert "  callqa batch /calls   # goes on with what is waiting" in lines
    assert "  empty: copy the recording again" in lines
    assert not any(line.startswith("  worker_lost: does") for line in lines)


def test_a_good_morning_is_short():
    runs = [run(3, "done", 10, {"scored": 12})]
    lines = list(morning.Morning(Totals(12, 12, 1.0, 12), [], runs, 0, NOON).lines())
    assert lines == [
        "12 calls in the store, 0 files set aside",
        "",
        "last runs (UTC)",
        "     3 batch  2026-11-24 11:50  0:00:00    12 scored",
    ]


def test_many_failures_are_not_all_listed_unasked():
    failures = [failure(path=f"/calls/{n}.wav") for n in range(500)]
    assert len(list(morning.failed(failures, False, 10))) == 11
    assert list(morning.failed(failures, False, 10))[-1] == "  and 490 more: callqa status --failed"
    assert len(list(morning.failed(failures, False))) == 500
    (_, where) = morning.failed([failure("bug", trace="callqa/x.py:12 f\nKeyError")], True)
    assert where == "    callqa/x.py:12 f\n    KeyError"
