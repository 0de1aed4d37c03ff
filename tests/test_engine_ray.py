"""Ray as a program beside ours: it comes, keeps quiet, and goes, whatever ends the run."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from hard_work import gone, make_worker

from callqa import errors
from callqa.engines import make
from callqa.engines.ray import RayEngine

pytest.importorskip("ray", reason="the extra ray is not installed")

SCRIPT = """
import sys
sys.path.insert(0, {tests!r})
from hard_work import make_worker
from callqa.engines.ray import RayEngine
import os, signal
if {own}:
    signal.signal(signal.SIGTERM, signal.default_int_handler)
before = signal.getsignal(signal.SIGTERM)
for outcome in RayEngine(1).map(make_worker, {items!r}):
    sigterm = "ours" if signal.getsignal(signal.SIGTERM) == before else "Ray's"
    print(getattr(outcome, "code", None) or outcome.value, os.environ["RAY_USAGE_STATS_ENABLED"], sigterm, flush=True)
assert signal.getsignal(signal.SIGTERM) == before
"""


def written(items, own=True):
    """The script; ``own``: with an answer of its own to SIGTERM, which Ray has to leave alone."""
    return SCRIPT.format(tests=str(Path(__file__).parent), items=items, own=own)


def started(items, own=True):
    script = written(items, own)
    pipe = subprocess.PIPE
    return subprocess.Popen([sys.executable, "-c", script], stdout=pipe, stderr=pipe, text=True, start_new_session=True)


def descendants(pid):
    for task in Path(f"/proc/{pid}/task").iterdir():
        for child in (task / "children").read_text().split():
            yield int(child)
            yield from descendants(child)


def test_a_run_on_this_machine_prints_nothing_of_its_own_and_leaves_nothing():
    process = started([("double", 1), ("kill", int(signal.SIGKILL)), ("noise", 0)])
    with process:
        first = process.stdout.readline()
        ray = set(descendants(process.pid))
        rest, said = process.communicate(timeout=60)
    assert (first, rest, said) == ("2 0 ours\n", "worker_lost 0 ours\nloud 0 ours\n", "")
    assert len(ray) > 1
    assert gone(ray)


def test_a_run_without_an_answer_to_sigterm_has_ray_s_while_it_lasts():
    with started([("double", 1)], own=False) as process:
        assert process.communicate(timeout=60) == ("2 0 Ray's\n", "")


@pytest.mark.parametrize("own", [True, False])
@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_the_run_ends_ray(number, own):
    process = started([("pid", 0), ("sleep in C", 300)], own)
    with process:
        process.stdout.readline()
        ray = set(descendants(process.pid))
        os.killpg(process.pid, number)
        process.communicate(timeout=20)
    assert len(ray) > 1
    assert gone(ray, patience=10)


def test_a_cluster_is_used_by_its_address_with_shares_of_its_gpus_and_left_running():
    import ray

    sigterm = signal.getsignal(signal.SIGTERM)  # a Ray that we start by ourselves takes it
    ray.init(num_cpus=2, num_gpus=1, include_dashboard=False, log_to_driver=False, logging_level="error")
    try:
        address = ray.get_runtime_context().gcs_address
        script = written([("double", 21)]).replace("RayEngine(1)", f"RayEngine(1, address={address!r})")
        done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=60)
        assert (done.stdout, done.stderr) == ("42 0 ours\n", "")
        with pytest.raises(errors.EngineError, match="a worker asks for 2 GPU, all of Ray has 1"):
            list(RayEngine(1, gpus=2).map(make_worker, [("gpu", 1)]))
        for gpus, actors in ((0.5, {1, 2}), (1.0, {1})):  # with one GPU each, the second waits and nobody waits for it
            seen = [
                outcome.value for outcome in RayEngine(2, gpus=gpus).map(make_worker, [("gpu", n) for n in range(9)])
            ]
            assert {devices for _, devices in seen} == {"0"}
            assert len({pid for pid, _ in seen}) in actors
        assert ray.is_initialized()
    finally:
        ray.shutdown()
        signal.signal(signal.SIGTERM, sigterm)


def test_an_address_where_nothing_answers_is_an_error_with_the_address():
    with pytest.raises(errors.EngineError, match=r"Ray at 127\.0\.0\.1:1 does not answer"):
        list(RayEngine(1, address="127.0.0.1:1").map(make_worker, [("double", 1)]))


def test_without_the_extra_the_cure_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with pytest.raises(errors.MissingExtra, match=r"pip install 'callqa\[ray\]'"):
        list(make("ray", 1).map(make_worker, [("double", 1)]))
