"""What stands around a run: who is tried again, how it is counted, and what is told of it."""

import json
import os
import signal
import threading
import time
from datetime import timedelta
from pathlib import Path

import pytest
from prometheus_client.parser import text_string_to_metric_families

from callqa.errors import StoreBusy, StoreError, UsageError
from callqa.events import Event
from callqa.nightly import again, follow, log, progress, prometheus, summary
from callqa.nightly.lock import Held
from callqa.nightly.tally import Tally
from tests.nights import LONG_AGO, NOON, failure


def stat(size=1000, mtime_ns=LONG_AGO):
    return os.stat_result((0o100644, 0, 0, 1, 0, 0, size, 0, mtime_ns // 10**9, 0), {"st_mtime_ns": mtime_ns})


@pytest.mark.parametrize(
    ("failed", "found", "hours", "due"),
    [
        (failure(), stat(), 1000, False),  # what is wrong in the file stays wrong
        (failure(), stat(size=2000), 0, True),  # another file
        (failure(), stat(mtime_ns=LONG_AGO + 1), 0, True),
        (failure(under="an older callqa"), stat(), 0, True),
        (failure(), None, 1000, False),  # taken away
        (failure("worker_lost"), stat(), 0.2, False),
        (failure("worker_lost"), stat(), 0.3, True),
        (failure("worker_lost", attempts=2), stat(), 0.9, False),
        (failure("worker_lost", attempts=2), stat(), 1, True),
        (failure("worker_lost", attempts=3), stat(), 3, False),
        (failure("worker_lost", attempts=3), stat(), 4, True),
        (failure("worker_lost", attempts=5), stat(), 19, False),
        (failure("worker_lost", attempts=5), stat(), 22, True),  # the next night, though the last one ended late
        (failure("worker_lost", attempts=8), stat(), 1000, False),  # a person's now
        (failure("of_tomorrow", retryable=True), stat(), 0.3, True),
    ],
)
def test_a_failure_is_tried_again_when_that_can_help(failed, found, hours, due):
    assert again.due(failed, found, NOON + timedelta(hours=hours), "now") is due


def test_a_file_that_had_just_been_written_gets_one_more_try():
    young = int((NOON - timedelta(minutes=2)).timestamp() * 1e9)
    for attempts, due in ((1, True), (2, False)):
        failed = failure("truncated", attempts, mtime_ns=young)
        assert again.due(failed, stat(mtime_ns=young), NOON + timedelta(hours=30), "now") is due


def test_a_run_takes_up_what_is_new_or_due_and_leaves_the_rest_aside(tmp_path):
    paths = [tmp_path / f"{name}.wav" for name in ("new", "broken", "mended")]
    for path in paths:
        path.write_bytes(b"x" * 1000)
        os.utime(path, ns=(LONG_AGO, LONG_AGO))
    paths[2].write_bytes(b"longer than it was" * 100)
    failures = {str(path): failure(path=str(path)) for path in paths[1:]}
    parted = again.parted(map(str, paths), failures, NOON, "now")
    assert parted.taken == (str(paths[0]), str(paths[2]))
    assert [f.path for f in parted.aside] == [str(paths[1])]


FAILED = [
    failure(path="/calls/a.wav"),
    failure("worker_lost", path="/calls/b.wav", attempts=9),
    failure(path="/other/c.wav"),
]


@pytest.mark.parametrize(
    ("paths", "code", "everything", "chosen"),
    [
        ([], None, False, ["b.wav"]),
        ([], None, True, ["a.wav", "b.wav", "c.wav"]),
        ([], "empty", False, ["a.wav", "c.wav"]),
        (["/calls/a.wav"], None, False, ["a.wav"]),
        (["/calls"], None, False, ["a.wav", "b.wav"]),
        (["/calls"], "empty", False, ["a.wav"]),
    ],
)
def test_retry_takes_what_was_named(paths, code, everything, chosen):
    assert [p.name for p in again.chosen(FAILED, [Path(p) for p in paths], code, everything)] == chosen


@pytest.mark.parametrize(("paths", "code"), [(["/calls/z.wav"], None), ([], "bug"), (["/other"], "worker_lost")])
def test_retry_of_what_is_not_set_aside_says_so(paths, code):
    with pytest.raises(UsageError, match="set aside"):
        again.chosen(FAILED, [Path(p) for p in paths], code, False)


def scored(name, seconds=240.0):
    return Event(Path(f"/calls/{name}.wav"), "scored", seconds, 71.234567, language="ru", layout="stereo", wall=2.5)


def broken(name, code="truncated"):
    return Event(Path(f"/calls/{name}.wav"), "failed", code=code, problem=f"/calls/{name}.wav: cut off")


EVENTS = [
    Event(Path("/calls/old.wav"), "unchanged", 100.0),
    Event(Path("/calls/twin.wav"), "copy"),
    scored("a"),
    Event(Path("/calls/b.wav"), "retrying", code="worker_lost", problem="lost", retryable=True),
    broken("b", "worker_lost"),
    *(broken(f"c{n}") for n in range(7)),
]


class Clock:
    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def counted(events=EVENTS, total=20, sizes=None):
    clock = Clock()
    tally = Tally(total, sizes or {}, clock)
    for event in events:
        clock.now += 10.0 if event.kind in ("scored", "failed") else 1.0
        tally.heard(event)
    return tally.seen()


def test_every_recording_counts_once():
    seen = counted()
    assert dict(seen.kinds) == {"unchanged": 1, "copy": 1, "scored": 1, "retrying": 1, "failed": 8}
    assert (seen.done, seen.waiting, dict(seen.failed)) == (11, 9, {"worker_lost": 1, "truncated": 7})
    assert len(seen.names["truncated"]) == 5
    assert seen.seconds == 240.0


def test_what_was_there_already_does_not_make_a_run_look_fast():
    seen = counted([*[Event(Path(f"/calls/{n}.wav"), "unchanged") for n in range(100)], scored("a"), scored("b")])
    assert seen.worked == 20.0
    assert seen.calls_per_hour == 360
    assert round(seen.call_hours_per_hour, 6) == 24


def test_the_time_left_goes_by_size():
    sizes = {Path("/calls/a.wav"): 3000, Path("/calls/b.wav"): 500, Path("/calls/c.wav"): 500, Path("/calls/d.wav"): 0}
    assert counted([scored("a")], 4, sizes).left == pytest.approx(10 / 3)
    assert counted([], 4, sizes).left is None


def test_an_event_costs_microseconds():
    tally = Tally(10_000, {Path(f"/calls/{n}.wav"): 1 for n in range(10_000)})
    events = [Event(Path(f"/calls/{n}.wav"), "unchanged", 1.0) for n in range(10_000)]
    started = time.process_time()
    for event in events:
        tally.heard(event)
    assert (time.process_time() - started) / 10_000 < 20e-6


def told(events=EVENTS, total=11, state="done", **more):
    seen = counted(events, total)
    return summary.summary("batch", 17, state, seen, ["/calls"], NOON, **more)


def test_a_summary_fits_a_mail_of_80_letters():
    long_name = "2026-11-24-very-long-name-of-a-recording-" * 3
    text = summary.text(told([*EVENTS, broken(long_name)], 12, notes=["3 that had been set aside are gone"]))
    assert max(len(line) for line in text.splitlines()) <= 80
    assert "callqa batch 17: done, 12 of 12 recordings" in text
    assert "scored                       1   4 min of calls" in text
    assert "and 3 more" in text
    assert "note: 3 that had been set aside are gone" in text
    assert "c0.wav" in text


def test_a_summary_as_json_is_the_same_on_every_machine(tmp_path):
    summary.write(tmp_path / "last.json", told())
    assert os.listdir(tmp_path) == ["last.json"]
    document = json.loads((tmp_path / "last.json").read_text())
    assert document["counts"] == {"scored": 1, "unchanged": 1, "copy": 1, "failed": 8, "aside": 0}
    assert (document["exit_code"], document["waiting"], document["state"]) == (1, 0, "done")
    first = document["failures"][0]
    assert (first["code"], first["now"], first["files"][0]) == ("truncated", 7, "c0.wav")
    assert document["started_at"] == "2026-11-24T12:00:00+00:00"
    assert os.uname().nodename not in json.dumps(document)


@pytest.mark.parametrize(
    ("events", "more", "code"),
    [([scored("a")], {}, 0), ([], {}, 0), (EVENTS, {}, 1), ([scored("a")], {"state": "died", "problem": "away"}, 1)],
)
def test_the_exit_code_says_whether_somebody_is_needed(events, more, code):
    assert told(events, len(events), **more).exit_code == code


def test_files_set_aside_before_need_somebody_too():
    tally = Tally(1)
    tally.leave_aside("empty", "/calls/a.wav")
    account = summary.summary("batch", 1, "done", tally.seen(), ["/calls"], NOON)
    assert (account.exit_code, account.waiting, account.failures[0].before) == (1, 0, 1)


def test_the_log_holds_a_line_an_event_and_goes_on_in_the_next_run(tmp_path):
    for run in (1, 2):
        kept = log.Log(tmp_path / "logs" / "batch.jsonl", print)
        kept.started(run, command="batch")
        for event in EVENTS:
            kept.heard(event)
        kept.ended(told())
    lines = [json.loads(line) for line in (tmp_path / "logs" / "batch.jsonl").read_text().splitlines()]
    assert len(lines) == 2 * (len(EVENTS) + 2)
    assert [line["event"] for line in lines[:5]] == ["started", "unchanged", "copy", "scored", "retrying"]
    assert lines[3]["score"] == 71.235
    assert {line["run"] for line in lines} == {1, 2}
    assert lines[-1]["counts"]["failed"] == 8


def test_a_full_disk_ends_the_log_and_not_the_run():
    notes = []
    kept = log.Log(Path("/dev/full"), notes.append)
    kept.started(1)
    kept.heard(scored("a"))
    kept.ended(told())
    assert len(notes) == 1
    assert "No space left" in notes[0]


def test_a_log_that_cannot_be_written_is_an_error_before_the_run(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--log"):
        log.Log(tmp_path / "file" / "batch.jsonl", print)


def samples(path):
    families = text_string_to_metric_families(path.read_text())
    return {(s.name, *sorted(s.labels.items())): s.value for family in families for s in family.samples}


def test_prometheus_counts_on_from_run_to_run(tmp_path):
    file = tmp_path / "callqa.prom"
    earlier = prometheus.before([{"scored": 5, "codes": {"empty": 2}, "seconds": 60.0}, {"scored": 1}], 1e9)
    tally = Tally(20)
    textfile = prometheus.Textfile(file, "batch", tally, print, earlier)
    for event in EVENTS:
        tally.heard(event)
    textfile.started(3)
    found, batch = samples(file), ("command", "batch")
    assert found["callqa_recordings_total", batch, ("kind", "scored")] == 7
    assert found["callqa_failures_total", ("code", "empty"), batch] == 2
    assert found["callqa_failures_total", ("code", "truncated"), batch] == 7
    assert found["callqa_set_aside", ("code", "truncated"), batch] == 7
    assert found["callqa_call_seconds_total", batch] == 300
    assert (found["callqa_running", batch], found["callqa_waiting", batch]) == (1, 9)
    assert found["callqa_last_success_timestamp_seconds", batch] == 1e9
    textfile.ended(told())
    assert samples(file)["callqa_running", batch] == 0
    assert abs(samples(file)["callqa_last_success_timestamp_seconds", batch] - time.time()) < 60
    assert os.listdir(tmp_path) == ["callqa.prom"]


def test_a_run_that_broke_off_was_no_success(tmp_path):
    textfile = prometheus.Textfile(tmp_path / "callqa.prom", "batch", Tally(1), print)
    textfile.ended(told(state="died", problem="the database is away"))
    assert samples(tmp_path / "callqa.prom")["callqa_last_success_timestamp_seconds", ("command", "batch")] == 0


def test_prometheus_wants_a_folder_that_is_there(tmp_path):
    with pytest.raises(UsageError, match="--prometheus"):
        prometheus.Textfile(tmp_path / "none" / "callqa.prom", "batch", Tally(1), print)


def test_the_line_of_progress_fits_a_terminal():
    events = [*(scored(f"s{n}", 300.0) for n in range(4800)), *(broken(f"b{n}", "worker_lost") for n in range(120))]
    sizes = {event.path: 5_000_000 for event in events} | {Path("/calls/rest.wav"): 5_000_000_000}
    line = progress.line(counted([*events, broken("x", "empty_transcript")], 5000, sizes))
    assert len(line) <= 80
    assert line == "4,921/5,000  2 h 47 min left  360 calls/h  29.3 call-h/h  aside 121"
    few = [scored("a", 300.0), broken("x", "truncated")]
    assert progress.line(counted(few, 2)) == "2/2  at work for 20 s  360 calls/h  15.0 call-h/h  aside 1: truncated 1"
    assert progress.line(counted([], 5000)) == "0/5,000  at work for 0 s"


def test_plain_progress_comes_now_and_then():
    notes = []
    plain = progress.Plain(Tally(5), notes.append, every=0.0)
    plain.tick()
    assert notes == []
    plain._next = 0.0
    plain.tick()
    assert notes == ["0/5  at work for 0 s"]


class Listening:
    def __init__(self):
        self.told, self.ticks = [], 0

    def started(self, run, **told):
        self.told.append("started")

    def heard(self, event):
        self.told.append(event.kind)

    def tick(self):
        self.ticks += 1

    def ended(self, told):
        self.told.append(told.state)


def night(listener, lock=None, total=2):
    return follow.Night("batch", 1, ("/calls",), Tally(total), [listener], lock or Held())


@pytest.mark.parametrize(
    ("error", "state", "problem"),
    [
        (None, "done", ""),
        (KeyboardInterrupt(), "stopped", ""),
        (SystemExit(15), "stopped", ""),
        (StoreError("store: away"), "died", "store: away"),
        (ValueError("what was said"), "died", "ValueError"),  # a message of a bug may hold a transcript
    ],
)
def test_whatever_ends_a_run_it_is_accounted_for(error, state, problem):
    closed = []

    def events():
        try:
            yield scored("a")
            if error:
                raise error
            yield scored("b")
        finally:
            closed.append(True)

    listener = Listening()
    account, ended = night(listener).follow(events())
    assert (account.state, account.problem, ended) == (state, problem, error)
    assert account.counts["scored"] == (1 if error else 2)
    assert listener.told[0] == "started"
    assert listener.told[-1] == state
    assert closed == [True]


def test_listeners_hear_the_clock_while_nothing_happens():
    def slowly():
        yield scored("a")
        threading.Event().wait(1.3)
        yield scored("b")

    listener = Listening()
    night(listener).follow(slowly())
    assert listener.ticks >= 2


def test_a_run_that_loses_the_store_to_another_ends(monkeypatch):
    class Lost(Held):
        def kept(self):
            raise StoreBusy("callqa batch, process 7 on elsewhere")

    monkeypatch.setattr(follow, "LOOK_AT_LOCK", follow.TICK)

    def slowly():
        for n in range(100):
            threading.Event().wait(0.1)
            yield scored(str(n))

    account, ended = night(Listening(), Lost(), 100).follow(slowly())
    assert isinstance(ended, StoreBusy)
    assert "process 7 on elsewhere" in account.problem
    assert account.counts["scored"] < 50


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_service_that_is_stopped_and_a_terminal_that_is_closed_end_a_run_as_ctrl_c_does(number):
    before = signal.getsignal(number)
    with pytest.raises(KeyboardInterrupt), follow.stoppable():
        signal.raise_signal(number)
    assert signal.getsignal(number) == before


def test_nohup_keeps_its_word():
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with follow.stoppable():
            signal.raise_signal(signal.SIGHUP)
            assert signal.getsignal(signal.SIGHUP) == signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)
