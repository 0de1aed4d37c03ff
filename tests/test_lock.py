"""One run at a time on a store, in processes of their own; a killed one leaves no lock."""

import os
import re
import signal
import subprocess
import sys
import threading
import time

import pytest
import sqlalchemy as sa

from callqa.errors import StoreBusy
from callqa.nightly import lock
from callqa.store import Store
from tests import own_postgres

HOLD = """
import sys, time
from callqa.nightly import lock
from callqa.store import Store
with lock.held(Store.open(sys.argv[1]), sys.argv[2], print):
    print("mine", flush=True)
    time.sleep(float(sys.argv[3]))
"""


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/callqa.db"
        return
    if own_postgres.MISSING:
        pytest.skip(f"no {own_postgres.MISSING} here")
    with own_postgres.started() as address:
        yield address


@pytest.fixture
def store(url):
    opened = Store.open(url)
    yield opened
    opened.close()


@pytest.fixture
def other(url, store):
    """Starts another process that holds the store."""
    started = []

    def hold(command="batch", seconds=60.0):
        child = subprocess.Popen(
            [sys.executable, "-c", HOLD, url, command, str(seconds)], stdout=subprocess.PIPE, text=True
        )
        started.append(child)
        assert child.stdout.readline() == "mine\n"
        return child

    yield hold
    for child in started:
        child.kill()
        child.wait()
        child.stdout.close()


def test_a_second_run_is_told_who_is_there_and_what_to_do(store, other):
    child = other()
    with pytest.raises(StoreBusy) as told, lock.held(store, "batch", print):
        pass
    who = f"callqa batch, process {child.pid} on {os.uname().nodename}, since "
    assert re.search(re.escape(who) + r"20\d\d-\d\d-\d\d \d\d:\d\d:\d\d UTC", str(told.value))
    assert "wait for its end, or stop it" in str(told.value)


def test_a_killed_run_leaves_no_lock(store, other):
    child = other()
    child.send_signal(signal.SIGKILL)
    child.wait()
    deadline = time.monotonic() + 10
    while True:  # PostgreSQL notices the closed connection a moment later
        try:
            with lock.held(store, "batch", print):
                return
        except StoreBusy:
            assert time.monotonic() < deadline
            time.sleep(0.1)


def test_a_run_that_ends_lets_go(store, other):
    other(seconds=0.0).wait()
    notes = []
    for _ in range(2):
        with lock.held(store, "batch", notes.append) as ours:
            ours.kept()
    assert notes == []  # nobody was waited for


def test_a_watch_is_waited_for(store, other):
    other("watch", seconds=1.0)
    notes = []
    with lock.held(store, "batch", notes.append):
        assert len(notes) == 1
        assert "waiting for callqa watch, process" in notes[0]


def test_patience_with_a_watch_ends(store, other):
    other("watch")
    with pytest.raises(StoreBusy, match="callqa watch"), lock.held(store, "batch", print, patience=0.0):
        pass


def test_a_store_in_memory_is_nobody_elses():
    store, notes = Store.open("sqlite://"), []
    with lock.held(store, "batch", notes.append), lock.held(store, "batch", notes.append):
        assert notes == []  # the second was not told of a first
    store.close()


def test_what_stands_beside_the_database_is_a_file_and_no_holder(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path}/callqa.db")
    with lock.held(store, "batch", print):
        assert (tmp_path / "callqa.db.holder").is_file()
    assert not (tmp_path / "callqa.db.holder").exists()
    store.close()


@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
def test_a_lock_that_the_server_dropped_is_taken_anew_or_lost(store, other):
    def drop():
        with store.engine.begin() as connection:
            ended = sa.text("select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'")
            assert connection.execute(ended).scalars().all() == [True]

    with lock.held(store, "batch", print) as held:
        held.kept()
        drop()
        held.kept()  # anew
        with pytest.raises(StoreBusy), lock.held(store, "retry", print):
            pass
        drop()
        other("retry")
        with pytest.raises(StoreBusy, match="callqa retry"):
            held.kept()


def test_threads_of_one_process_are_two_runs_too(store):
    failed = []

    def second():
        try:
            with lock.held(store, "batch", print):
                pass
        except StoreBusy as error:
            failed.append(str(error))

    with lock.held(store, "batch", print):
        thread = threading.Thread(target=second)
        thread.start()
        thread.join()
    assert f"process {os.getpid()}" in failed[0]
