"""What every engine promises: exactly one outcome an item, whatever happens."""

import pickle

import pytest

from callqa import errors
from callqa.engines import Done, Failed
from callqa.engines.local import LocalEngine


def make_doubler():
    def work(n):
        if n == 3:
            raise errors.AudioError("3.wav", "empty", "0 bytes")
        if n == 4:
            raise errors.WorkerLost("gone")
        if n == 5:
            raise KeyError("what the customer said")
        return n * 2

    return work


@pytest.fixture(params=[LocalEngine()], ids=["local"])
def engine(request):
    return request.param


def test_one_outcome_an_item(engine):
    outcomes = list(engine.map(make_doubler, range(7)))
    assert sorted(o.item for o in outcomes) == list(range(7))
    assert {o.item: o.value for o in outcomes if isinstance(o, Done)} == {0: 0, 1: 2, 2: 4, 6: 12}


def test_an_expected_failure_has_its_code_and_no_trace(engine):
    outcomes = {o.item: o for o in engine.map(make_doubler, [3, 4])}
    assert outcomes[3] == Failed(3, "empty", "3.wav: 0 bytes")
    assert (outcomes[4].code, outcomes[4].retryable) == ("worker_lost", True)


def test_a_bug_says_where_but_repeats_nothing_it_was_given(engine):
    (failed,) = engine.map(make_doubler, [5])
    assert failed.code == "bug"
    assert "test_engines.py" in failed.trace
    assert "customer" not in failed.problem + failed.trace


def test_a_worker_that_cannot_be_made_stops_the_run(engine):
    def make_worker():
        raise errors.ModelError("whisper-base", "not here")

    with pytest.raises(errors.ModelError, match="not here"):
        list(engine.map(make_worker, range(100)))


def test_with_no_items_no_worker_is_made(engine):
    def make_worker():
        raise AssertionError("loaded a model for nothing")

    assert list(engine.map(make_worker, [])) == []


@pytest.mark.parametrize(
    "error",
    [
        errors.ConfigError("a.toml", "k", "bad"),
        errors.AudioError("a.wav", "empty", "0 bytes"),
        errors.ModelError("whisper-base", "altered"),
        errors.MissingExtra("diarize", "a mono call"),
        errors.UsageError("no such call"),
        errors.StoreError("away"),
        errors.WorkerLost("gone"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_errors_cross_processes_unchanged(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.retryable) == (type(error), str(error), error.retryable)
