"""Runs in the store: what is waiting, who is at work, who was killed."""

import time

import pytest
import sqlalchemy as sa

from callqa.store import Failure, Store, runs
from callqa.store.tables import runs as table
from tests import own_postgres


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request, tmp_path):
    if request.param == "sqlite":
        opened = Store.open(f"sqlite:///{tmp_path}/callqa.db")
        yield opened
        opened.close()
        return
    if own_postgres.MISSING:
        pytest.skip(f"no {own_postgres.MISSING} here")
    with own_postgres.started() as url:
        opened = Store.open(url)
        yield opened
        opened.close()


def begun(store, command="batch", folders=("/calls",)):
    return runs.begin(store, command, folders, None, "local")


def test_a_run_says_what_it_did(store):
    run = begun(store)
    runs.beat(store, run, {"scored": 1}, [])
    runs.end(store, run, "done", {"scored": 2})
    (told,) = runs.latest(store, 5)
    assert (told.state, told.counts, told.folders) == ("done", {"scored": 2}, ("/calls",))
    assert told.started_at <= told.ended_at
    counts, ended = runs.before(store, "batch")
    assert counts == [{"scored": 2}]
    assert abs(ended - time.time()) < 5
    assert runs.before(store, "watch") == ([], 0.0)


def test_what_is_done_leaves_the_queue_and_a_stopped_run_leaves_the_rest_there(store):
    run = begun(store)
    runs.enqueue(store, run, [f"/calls/{n:04}.wav" for n in range(1200)], ["/calls"])
    runs.beat(store, run, {}, [f"/calls/{n:04}.wav" for n in range(1101)])
    runs.end(store, run, "stopped", {})
    assert [path for path, _ in runs.waiting(store)] == [f"/calls/{n:04}.wav" for n in range(1101, 1200)]
    again = begun(store)
    runs.enqueue(store, again, ["/calls/1150.wav", "/other/1.wav"], ["/calls"])
    assert runs.waiting(store) == [("/calls/1150.wav", again), ("/other/1.wav", again)]
    runs.end(store, again, "done", {})
    assert runs.waiting(store) == []


def test_another_folder_keeps_what_waits_there(store):
    first, second = begun(store), begun(store)
    runs.enqueue(store, first, ["/calls/1.wav", "/calls_2/1.wav"])
    runs.enqueue(store, second, ["/calls/2.wav"], ["/calls"])
    assert [path for path, _ in runs.waiting(store)] == ["/calls/2.wav", "/calls_2/1.wav"]


def test_a_run_that_said_no_end_was_killed(store):
    killed, watch = begun(store), begun(store, "watch")
    now = begun(store)
    assert {r.run: r.state for r in runs.latest(store, 5)} == {killed: "died", watch: "running", now: "running"}
    with store.write() as write:
        long_ago = sa.update(table).values(seen_at="2026-01-01T00:00:00+00:00").where(table.c.run == watch)
        write.connection.execute(long_ago)
    assert [r.silent for r in runs.latest(store, 5) if r.run == watch] == [True]
    begun(store)
    assert [r.state for r in runs.latest(store, 5) if r.run == watch] == ["died"]


def test_ten_thousand_recordings_are_queued_and_done_in_a_second(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path}/callqa.db")
    paths = [f"/calls/2026/11/24/recording-{n:06}.wav" for n in range(10_000)]
    run = begun(store)
    started = time.process_time()
    runs.enqueue(store, run, paths, ["/calls"])
    runs.beat(store, run, {}, paths)
    runs.end(store, run, "done", {})
    assert time.process_time() - started < 1.0
    store.close()


def test_what_was_taken_away_is_set_aside_no_longer(store, tmp_path):
    there = tmp_path / "calls" / "there.wav"
    there.parent.mkdir()
    there.write_bytes(b"")
    elsewhere = str(tmp_path / "other" / "gone.wav")
    with store.write() as write:
        for path in (str(there), str(there.with_name("gone.wav")), elsewhere):
            write.put_failure(Failure(path, "empty", "0 bytes", retryable=False))
    assert runs.forget_gone(store, [str(there.parent)], [str(there)]) == 1
    assert [f.path for f in store.failures()] == sorted([str(there), elsewhere])
