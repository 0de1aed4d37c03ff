"""What every engine promises: exactly one outcome an item, whatever happens. Real processes, real signals."""

import os
import random
import signal
import time

import numpy
import pytest
from hard_work import Counted, Room, Starting, gone, made, make_worker

from callqa import engines, errors
from callqa.engines import WAIT, Done, Failed
from callqa.engines.local import LocalEngine
from callqa.engines.process import ProcessEngine
from callqa.engines.ray import RayEngine, connected

ENGINES = {
    "local": lambda **options: LocalEngine(),
    "process": lambda **options: ProcessEngine(**{"workers": 2, **options}),
    "ray": lambda **options: RayEngine(**{"workers": 2, **options}),
}
APART = [name for name in ENGINES if name != "local"]  # workers are processes of their own


@pytest.fixture(scope="module")
def ray():
    """One Ray for all tests of this module: it takes seconds to start."""
    pytest.importorskip("ray", reason="the extra ray is not installed")
    with connected(cpus=3):
        yield


def engine_named(request):
    if request.param == "ray":
        request.getfixturevalue("ray")
    return ENGINES[request.param]


@pytest.fixture(params=ENGINES)
def engine(request):
    return engine_named(request)


@pytest.fixture(params=APART)
def apart(request):
    return engine_named(request)


def outcomes(engine, items, make=make_worker):
    return {outcome.item: outcome for outcome in engine.map(make, items)}


def doubles(numbers):
    return [("double", n) for n in numbers]


# -- one outcome an item


def test_one_outcome_an_item(engine):
    found = list(engine().map(make_worker, doubles(range(20))))
    assert sorted(found, key=lambda o: o.item) == [Done(("double", n), n * 2) for n in range(20)]


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (errors.AudioError("3.wav", "empty", "0 bytes"), ("empty", "3.wav: 0 bytes", False)),
        (errors.StoreError("the store is away"), ("store_error", "the store is away", True)),
    ],
)
def test_an_expected_failure_has_its_code_and_no_trace(engine, error, expected):
    (failed,) = engine().map(make_worker, [("raise", error)])
    assert (failed.code, failed.problem, failed.retryable) == expected
    assert failed.trace == ""


def test_a_bug_says_where_but_repeats_nothing_it_was_given(engine):
    (failed,) = engine().map(make_worker, [("raise", KeyError("what the customer said"))])
    assert failed.code == "bug"
    assert "hard_work.py" in failed.trace
    assert "customer" not in failed.problem + failed.trace


def test_after_a_failure_the_same_worker_goes_on(engine, tmp_path):
    items = [("raise", KeyError("x")), ("raise", errors.StoreError("away")), ("double", 4)]
    found = list(engine(workers=1).map(Counted(str(tmp_path)), items))
    assert found[-1] == Done(("double", 4), 8)
    assert made(tmp_path) == 1


def test_with_no_items_no_worker_is_made(engine, tmp_path):
    assert list(engine().map(Counted(str(tmp_path)), [])) == []
    assert made(tmp_path) == 0


def test_a_worker_is_made_once_and_none_for_which_there_is_no_item(engine, tmp_path):
    list(engine(workers=1).map(Counted(str(tmp_path)), doubles(range(9))))
    assert made(tmp_path) == 1


def test_big_arrays_go_both_ways(engine):
    array = numpy.ones(2_000_000)
    found = list(engine().map(make_worker, [("sum", array), ("array", 0), ("array", 1)]))
    values = [outcome.value for outcome in found]
    assert 2_000_000 in [value for value in values if isinstance(value, float)]
    arrays = [value for value in values if not isinstance(value, float)]
    assert [value.nbytes for value in arrays] == [16_000_000] * 2
    arrays[0][-1] = 7  # nobody else's memory


# -- items come when they come


def test_items_are_pulled_only_two_a_worker_ahead(engine):
    pulled = 0

    def items():
        nonlocal pulled
        for n in range(50):
            pulled += 1
            yield "double", n

    most = 0
    for finished, _ in enumerate(engine().map(make_worker, items()), 1):
        most = max(most, pulled - finished)
    assert (pulled, most <= 4) == (50, True)


def test_results_can_come_back_as_items(engine):
    todo, seen, waits = [("double", 1)], [], 0

    def items():
        nonlocal waits
        while len(seen) < 6:
            if todo:
                yield todo.pop()
            else:
                waits += 1
                yield WAIT

    for outcome in engine().map(make_worker, items()):
        seen.append(outcome.value)
        todo.append(("double", outcome.value))
    assert seen == [2, 4, 8, 16, 32, 64]


def test_waiting_with_nothing_at_work_is_no_busy_loop(engine):
    began, asked = time.monotonic(), 0

    def items():
        nonlocal asked
        while time.monotonic() < began + 0.5:
            asked += 1
            yield WAIT
        yield "double", 1

    assert list(engine().map(make_worker, items())) == [Done(("double", 1), 2)]
    assert 5 < asked < 15


def test_an_error_of_whoever_gives_the_items_comes_out(engine):
    def items():
        yield "double", 1
        raise errors.StoreError("away")

    with pytest.raises(errors.StoreError, match="away"):
        list(engine().map(make_worker, items()))


# -- workers that do not start


def test_what_is_missing_for_every_item_stops_the_run(engine, tmp_path):
    make = Starting("raise", errors.ModelError("whisper-base", "not here"), str(tmp_path))
    with pytest.raises(errors.ModelError, match="whisper-base: not here"):
        list(engine(workers=1).map(make, doubles(range(100))))
    assert made(tmp_path) == 1


def test_a_worker_that_never_starts_stops_the_run_with_cause_and_place(engine, tmp_path):
    make = Starting("raise", RuntimeError("CUDA driver too old"), str(tmp_path))
    with pytest.raises(errors.EngineError, match=r"RuntimeError: CUDA driver too old .*hard_work.py:\d+"):
        list(engine(workers=1).map(make, doubles(range(100))))


def test_two_starts_may_fail_in_a_row_and_three_may_not(apart, tmp_path):
    lucky, unlucky = tmp_path / "lucky", tmp_path / "unlucky"
    lucky.mkdir()
    unlucky.mkdir()
    found = list(apart(workers=1).map(Starting("segfault", 0, str(lucky), after=2), doubles([1])))
    assert found == [Done(("double", 1), 2)]
    with pytest.raises(errors.EngineError, match="3 tries in a row"):
        list(apart(workers=1).map(Starting("segfault", 0, str(unlucky)), doubles([1])))
    assert (made(lucky), made(unlucky)) == (3, 3)


def test_many_workers_that_cannot_start_give_up_together(apart, tmp_path):
    with pytest.raises(errors.EngineError, match="no worker starts"):
        list(apart(workers=3).map(Starting("exit", 3, str(tmp_path)), doubles(range(9))))
    assert 3 <= made(tmp_path) <= 7


def test_where_only_some_workers_start_those_do_the_work(apart, tmp_path):
    items = [("slowly", 0.5), *doubles(range(6))]
    assert len(outcomes(apart(), items, Room(str(tmp_path), 1, "kill", signal.SIGKILL))) == 7


def test_nothing_waits_for_a_worker_that_takes_long_to_be_made(apart, tmp_path):
    began = time.monotonic()
    items = [("slowly", 0.2), *doubles(range(6))]
    assert len(outcomes(apart(), items, Room(str(tmp_path), 1, "sleep in C", 300))) == 7
    assert time.monotonic() < began + 15


def test_an_item_is_not_left_to_a_worker_that_takes_long_to_be_made(apart, tmp_path):
    todo, found = [("sleep", 30), ("double", 0)], []

    def items():
        while len(found) < 6:
            yield todo.pop(0) if todo else WAIT

    room = Room(str(tmp_path), 2, "sleep in C", 300)
    for outcome in apart(start_seconds=0.8).map(room, items()):
        found.append(getattr(outcome, "code", "done"))
        if "timeout" in found:  # from here on one worker is left, and items come one by one
            todo.append(("double", len(found)))
    assert sorted(found) == ["done"] * 5 + ["timeout"]


def test_a_worker_that_is_never_made_is_not_waited_for_for_ever(apart, tmp_path):
    with pytest.raises(errors.EngineError, match="not done within the 1 s"):
        list(apart(workers=1, load_seconds=0.8).map(Starting("sleep in C", 60, str(tmp_path)), doubles([1])))
    assert 1 <= made(tmp_path) <= 3  # an actor's process may itself take longer


def test_what_cannot_travel_is_refused_before_anything_starts(apart):
    with pytest.raises(errors.EngineError, match="function of a module"):
        list(apart().map(lambda: make_worker(), doubles([1])))


# -- workers that end in mid item


@pytest.mark.parametrize("poison", [("kill", signal.SIGKILL), ("segfault", 0)], ids=lambda item: item[0])
def test_an_item_that_kills_two_workers_is_set_aside_and_harms_no_other(apart, poison):
    found = outcomes(apart(), [*doubles(range(5)), poison, *doubles(range(5, 10))])
    failed = found.pop(poison)
    assert (failed.code, failed.retryable) == ("worker_lost", True)
    assert failed.problem.startswith("two workers were lost with it: the ")
    assert found == {item: Done(item, item[1] * 2) for item in doubles(range(10))}


def test_an_item_whose_worker_died_is_tried_once_more(apart, tmp_path):
    item = ("kill once", str(tmp_path / "mark"))
    assert list(apart().map(make_worker, [item])) == [Done(item, "the second time")]


def test_a_worker_that_says_it_is_of_no_more_use_is_replaced(engine, tmp_path):
    folder = tmp_path / "made"
    folder.mkdir()
    items = [("double", 1), ("beyond use", str(tmp_path / "mark")), ("double", 2)]
    found = list(engine(workers=1).map(Counted(str(folder)), items))
    assert [type(outcome) for outcome in found] == [Done] * 3
    assert made(folder) == 2


def test_a_worker_of_no_more_use_twice_is_a_failure_to_try_again(engine):
    (failed,) = engine().map(make_worker, [("raise", errors.WorkerLost("the GPU answers no more"))])
    assert (failed.code, failed.retryable) == ("worker_lost", True)
    assert "the GPU answers no more" in failed.problem


@pytest.mark.parametrize("stuck", [("sleep", 60), ("sleep in C", 60), ("endless", 0)], ids=lambda item: item[0])
def test_an_item_over_its_time_is_set_aside_with_advice_and_the_others_go_on(apart, stuck):
    began = time.monotonic()
    found = outcomes(apart(start_seconds=1.0), [stuck, *doubles(range(6))])
    failed = found.pop(stuck)
    assert (failed.code, failed.retryable) == ("timeout", False)
    assert "within the 1 s" in failed.problem
    assert "callqa retry" in failed.problem
    assert found == {item: Done(item, item[1] * 2) for item in doubles(range(6))}
    assert time.monotonic() < began + 20


def test_the_work_may_ask_for_more_time(engine):
    assert list(engine(start_seconds=0.6).map(make_worker, [("slowly", 1.5)])) == [Done(("slowly", 1.5), "in time")]


def test_time_asked_for_after_an_item_is_not_the_next_one_s(apart):
    found, until = [], float("inf")

    def items():
        yield "threads left", 60.0  # they ask for 0.4 s on
        while time.monotonic() < until:
            yield WAIT
        yield "sleep", 4

    for outcome in apart(workers=1, start_seconds=1.0).map(make_worker, items()):
        found.append(getattr(outcome, "code", "done"))
        until = time.monotonic() + 0.6
    assert found == ["done", "timeout"]


def test_a_worker_over_its_memory_is_set_aside_with_advice_and_the_others_go_on(apart):
    found = outcomes(apart(memory_gb=0.5), [("fill", 900), *doubles(range(6))])
    failed = found.pop(("fill", 900))
    assert (failed.code, failed.retryable) == ("memory", False)
    assert "0.5 GB" in failed.problem
    assert found == {item: Done(item, item[1] * 2) for item in doubles(range(6))}


def test_a_worker_that_is_too_big_when_it_is_made_stops_the_run(apart, tmp_path):
    with pytest.raises(errors.EngineError, match=r"0.001 GB"):
        list(apart(workers=1, memory_gb=0.001).map(Counted(str(tmp_path)), doubles([1])))


# -- what comes back


@pytest.mark.parametrize("item", [("unpicklable", 0), ("unreadable", 0)], ids=lambda item: item[0])
def test_a_result_that_cannot_travel_is_a_bug_and_the_worker_goes_on(apart, item, tmp_path):
    found = list(apart(workers=1).map(Counted(str(tmp_path)), [item, ("double", 1)]))
    assert [(o.item, o.code, "customer" in o.problem + o.trace) for o in found if isinstance(o, Failed)] == [
        (item, "bug", False)
    ]
    assert made(tmp_path) == 1


def test_an_item_that_cannot_travel_is_a_bug(apart):
    item = ("double", lambda: 1)
    found = list(apart(workers=1).map(make_worker, [item, ("double", 1)]))
    assert [(o.item, o.code) for o in found if isinstance(o, Failed)] == [(item, "bug")]


def test_each_worker_is_held_to_its_threads(apart):
    (done,) = apart(threads=3).map(make_worker, [("threads", 0)])
    assert done.value == "3"


def test_an_evening_of_everything_at_once(apart, tmp_path):
    luck = random.Random(4)
    kinds = [
        lambda n: ("double", n),
        lambda n: ("double", n),
        lambda n: ("raise", errors.AudioError(f"{n}.wav", "empty", "0 bytes")),
        lambda n: ("kill once", str(tmp_path / f"{n}")),
        lambda n: ("sleep", 20 + n),
    ]
    items = [kind(n) for n, kind in enumerate(luck.choices(kinds, [20, 20, 5, 2, 1], k=60))]
    ends = {"double": "done", "raise": "empty", "kill once": "done", "sleep": "timeout"}

    def given():
        for item in items:
            if luck.random() < 0.2:
                yield WAIT
            yield item

    found = [(o.item, getattr(o, "code", "done")) for o in apart(start_seconds=0.8).map(make_worker, given())]
    assert sorted(found, key=lambda pair: items.index(pair[0])) == [(item, ends[item[0]]) for item in items]


# -- the end


def test_closing_the_outcomes_ends_the_workers_and_what_they_have_started(apart, tmp_path):
    mark = tmp_path / "child"
    running = apart().map(make_worker, [("pid", 0), ("child", str(mark)), ("sleep", 60)])
    worker = next(running).value
    while not (mark.exists() and mark.read_text()):
        time.sleep(0.02)
    began = time.monotonic()
    running.close()
    assert time.monotonic() < began + 5
    assert gone([worker, int(mark.read_text())])


def test_no_worker_outlives_its_run(apart):
    pids = {outcome.value for outcome in apart().map(make_worker, [("pid", n) for n in range(40)])}
    assert 1 <= len(pids) <= 2
    assert os.getpid() not in pids
    assert gone(pids)


def test_no_workers_are_refused(apart):
    with pytest.raises(errors.UsageError, match="ask for 1 or more"):
        list(apart(workers=0).map(make_worker, doubles([1])))


def test_an_unknown_engine_names_those_there_are():
    with pytest.raises(errors.UsageError, match="local and ray"):
        engines.make("rai", 2)
