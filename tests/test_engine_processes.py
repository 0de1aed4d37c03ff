"""Worker processes under signals: Ctrl-C, a killed parent, noise, and what a long night leaves behind."""

import os
import signal
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import numpy
import pytest
from hard_work import Room, Starting, gone, make_worker

from callqa.engines import WAIT, Done
from callqa.engines.process import ProcessEngine

SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from hard_work import Room, Starting, make_worker
from callqa.engines.process import ProcessEngine
for outcome in ProcessEngine(2).map(make_worker, [("pid", 0), ("pid", 1), ("{stuck}", 60), ("{stuck}", 61)]):
    print(outcome.value, flush=True)
"""


@pytest.fixture
def parent(request):
    """A process with two workers, both at work; and their process ids."""
    script = SCRIPT.format(tests=str(Path(__file__).parent), stuck=request.param)
    pipe = subprocess.PIPE
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=pipe, stderr=pipe, text=True, start_new_session=True
    )
    with process:
        pids = [int(process.stdout.readline()) for _ in range(2)]
        workers = [int(pid) for pid in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()]
        yield process, {*pids, *workers}
        process.kill()


@pytest.mark.parametrize("parent", ["sleep", "sleep in C"], indirect=True)
def test_ctrl_c_ends_parent_and_workers_within_seconds(parent):
    process, workers = parent
    time.sleep(0.3)
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    _, said = process.communicate(timeout=6)
    assert said.rstrip().endswith("KeyboardInterrupt")
    assert gone(workers, patience=1)


@pytest.mark.parametrize("parent", ["sleep", "sleep in C"], indirect=True)
@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_parent_that_is_killed_takes_its_workers_with_it(parent, number):
    process, workers = parent
    process.send_signal(number)
    process.wait(timeout=6)
    assert gone(workers)


def test_a_parent_that_exits_in_mid_run_leaves_nobody():
    script = SCRIPT.format(tests=str(Path(__file__).parent), stuck="sleep").replace("for outcome in", "running =")
    script = script.replace(
        "]):\n    print(outcome.value, flush=True)", "])\nprint(next(running).value, next(running).value)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20)
    assert (done.returncode, done.stderr) == (0, "")
    assert gone([int(pid) for pid in done.stdout.split()])


@pytest.mark.parametrize(
    ("poison", "how"),
    [
        (("kill", signal.SIGKILL), "SIGKILL (most often memory is short: fewer workers need less)"),
        (("kill", signal.SIGTERM), "SIGTERM"),
        (("segfault", 0), "SIGSEGV"),
        (("exit", 3), "exit code 3"),
    ],
)
def test_a_lost_worker_s_end_is_named(poison, how):
    (failed,) = ProcessEngine(1).map(make_worker, [poison])
    assert failed.problem == f"two workers were lost with it: the worker process ended with {how}"


@pytest.mark.parametrize(("deed", "argument"), [("kill", signal.SIGKILL), ("exit", 0), ("raise", RuntimeError("x"))])
def test_a_worker_may_fail_to_start_in_any_way_twice(tmp_path, deed, argument):
    make = Starting(deed, argument, str(tmp_path), after=2)
    assert list(ProcessEngine(1).map(make, [("double", 1)])) == [Done(("double", 1), 2)]


def test_workers_that_do_not_start_while_others_work_are_told_to_the_log(tmp_path, caplog):
    make = Room(str(tmp_path), 1, "kill", signal.SIGKILL)
    assert len(list(ProcessEngine(2).map(make, [("slowly", 1.5), ("slowly", 1.6), ("double", 1)]))) == 3
    said = [record.getMessage() for record in caplog.records if record.name.startswith("callqa")]
    assert [line.split(":")[0] for line in said] == ["a worker does not start, 1 go on without it"]


def test_a_crash_in_a_library_says_where_without_values():
    (failed,) = ProcessEngine(1).map(make_worker, [("segfault", 0)])
    assert "Segmentation fault" in failed.trace
    assert "string_at" in failed.trace


def test_what_workers_print_is_not_seen(capfd):
    assert [o.value for o in ProcessEngine(1).map(make_worker, [("noise", 0), ("noise", 1)])] == ["loud"] * 2
    assert capfd.readouterr() == ("", "")


PATIENT = """
import sys
sys.path.insert(0, {tests!r})
from hard_work import make_worker
from callqa.engines import process
process.ASLEEP = 1.0
for outcome in process.ProcessEngine(1, start_seconds=3.0).map(make_worker, [("pid", 0), ("sleep", 4.0)]):
    print(getattr(outcome, "code", "done"), flush=True)
"""


def test_no_item_pays_for_the_time_in_which_the_run_itself_was_stopped():
    script = PATIENT.format(tests=str(Path(__file__).parent))
    with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True) as process:
        process.stdout.readline()
        time.sleep(0.5)
        process.send_signal(signal.SIGSTOP)
        time.sleep(2.5)
        process.send_signal(signal.SIGCONT)
        assert process.communicate(timeout=20) == ("done\n", None)


def open_files():
    return len(os.listdir("/proc/self/fd"))


def children():
    found = []
    for task in Path("/proc/self/task").iterdir():
        with suppress(FileNotFoundError):  # a thread that has just ended has none
            found += (task / "children").read_text().split()
    return found


def test_a_long_run_with_many_lost_workers_leaves_no_file_no_zombie_and_no_item(tmp_path):
    before, others, held = open_files(), children(), []
    items = [("kill", signal.SIGKILL) if n % 100 == 50 else ("double", n) for n in range(2_000)]
    found = []
    for outcome in ProcessEngine(2).map(make_worker, items):
        found.append(outcome)
        held.append(open_files())
    assert sorted(o.item[1] for o in found if isinstance(o, Done)) == [n for n in range(2_000) if n % 100 != 50]
    assert len(found) == 2_000
    assert max(held) <= before + 12  # 40 workers were lost
    assert (open_files(), children()) == (before, others)


def test_a_worker_that_reads_no_more_is_replaced():
    stopped = []

    def items():
        yield "pid", 0
        while not stopped:
            yield WAIT
        yield "sum", numpy.ones(2_000_000)  # more than the pipe holds
        yield "double", 1

    running = ProcessEngine(1, start_seconds=1.0).map(make_worker, items())
    os.kill(next(running).value, signal.SIGSTOP)
    stopped.append(True)
    assert [getattr(outcome, "code", outcome.item) for outcome in running] == ["timeout", ("double", 1)]
