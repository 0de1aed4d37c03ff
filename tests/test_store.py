"""What the store promises: whole transactions, nothing doubled, errors that name the cure."""

import os
import signal
import subprocess
import sys
import time

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from callqa.errors import StoreError, UsageError
from callqa.store import HEAD, Failure, Store
from callqa.store.tables import schema
from callqa.types import Metadata, Recording

A = Recording("aaaaaaaaaaaa", "/calls/a.wav", "a" * 64, 61.5, 8000, 2, "pcm_mulaw")
B = Recording("aaabbbbbbbbb", "/calls/b.wav", "aaab" + "b" * 60, 30.0, 8000, 1, "mp3float")


@pytest.fixture
def store(tmp_path):
    store = Store.open(f"sqlite:///{tmp_path}/callqa.db")
    yield store
    store.close()


def test_migrations_leave_the_tables_that_the_code_reads(store):
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), schema) == []


def test_opening_twice_changes_nothing(store):
    again = Store.open(str(store.engine.url))
    with again.engine.connect() as connection:
        assert connection.execute(sa.text("select version_num from alembic_version")).all() == [(HEAD,)]
    again.close()


def test_a_store_of_a_newer_callqa_is_left_alone(store):
    with store.engine.begin() as connection:
        connection.execute(sa.text("update alembic_version set version_num = '9999'"))
    with pytest.raises(StoreError, match="newer callqa"):
        Store.open(str(store.engine.url))


def test_an_answer_is_kept_under_its_fingerprint(store):
    with store.write() as write:
        write.put(A.sha256, "score", "one", b"1")
        write.put(A.sha256, "score", "two", b"2")
    assert [store.result(A.sha256, "score", f) for f in ("one", "two", "three")] == [b"1", b"2", None]
    assert store.current(A.sha256, "score") == b"2"
    with store.write() as write:
        write.put(A.sha256, "score", "one", None)  # back to the old scorecard: the row is there already
    assert store.current(A.sha256, "score") == b"1"
    assert sorted(value for _, value in store.history(A.sha256, "score")) == [b"1", b"2"]


def test_a_block_that_fails_leaves_nothing(store):
    def fails_in_the_middle():
        with store.write() as write:
            write.put_recording(A)
            raise KeyError

    with pytest.raises(KeyError):
        fails_in_the_middle()
    assert store.recordings() == []


def test_a_process_killed_in_a_block_leaves_nothing(tmp_path):
    code = (
        "import sys, time; from callqa.store import Store; from tests.test_store import A\n"
        f"store = Store.open('sqlite:///{tmp_path}/callqa.db')\n"
        "with store.write() as write:\n"
        "    write.put_recording(A); write.put(A.sha256, 'score', 'f', b'1'); print('in', flush=True); time.sleep(60)\n"
    )
    child = subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, text=True)
    assert child.stdout.readline() == "in\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    store = Store.open(f"sqlite:///{tmp_path}/callqa.db")
    assert store.recordings() == []
    assert store.current(A.sha256, "score") is None
    store.close()


@pytest.mark.parametrize(
    ("reference", "found"),
    [("aaaaaaaaaaaa", A), ("aaaa", A), ("AAAB", B), ("/calls/b.wav", B), ("a.wav", A), ("other/b.wav", B)],
)
def test_a_call_is_found_by_id_path_or_name(store, tmp_path, reference, found):
    with store.write() as write:
        for recording in (A, B):
            write.put_recording(recording)
            write.connection.execute(
                schema.tables["files"].insert().values(path=recording.path, sha256=recording.sha256, size=1, mtime_ns=1)
            )
    assert store.find(reference) == found


@pytest.mark.parametrize(
    ("reference", "problem"), [("aaa", "more than one call"), ("zzz", "no call 'zzz'"), ("%", "no call")]
)
def test_a_name_that_is_no_call_or_several_is_an_error(store, reference, problem):
    with store.write() as write:
        write.put_recording(A)
        write.put_recording(B)
    with pytest.raises(UsageError, match=problem):
        store.find(reference)


def test_a_file_is_hashed_again_only_when_it_changed(store, tmp_path):
    path = tmp_path / "call.wav"
    path.write_bytes(b"one")
    assert store.known_hash(path) is None
    with store.write() as write:
        write.put_file(path, "a" * 64)
    assert store.known_hash(path) == "a" * 64
    path.write_bytes(b"longer")
    os.utime(path, (time.time() + 2, time.time() + 2))
    assert store.known_hash(path) is None


def test_a_failure_counts_its_attempts_and_goes_when_cleared(store):
    for _ in range(2):
        with store.write() as write:
            write.put_failure(Failure("/calls/x.wav", "empty", "0 bytes", retryable=False))
    assert [(f.path, f.code, f.attempts) for f in store.failures()] == [("/calls/x.wav", "empty", 2)]
    with store.write() as write:
        write.clear_failure("/calls/x.wav")
    assert store.failures() == []


def test_a_file_that_was_replaced_begins_its_tries_anew(store, tmp_path):
    path = tmp_path / "call.wav"
    for content in (b"one", b"one", b"other"):
        path.write_bytes(content)
        os.utime(path, (1e9, 1e9))
        with store.write() as write:
            write.put_failure(Failure(str(path), "truncated", "cut off", retryable=False, under="today's"))
    (failure,) = store.failures()
    assert (failure.attempts, failure.size, failure.mtime_ns, failure.under) == (1, 5, 10**18, "today's")
    assert failure.since == failure.failed_at


def test_metadata_comes_back_as_it_went(store):
    row = Metadata("a.wav", rep_name="Ольга", rep_channel=0)
    with store.write() as write:
        write.put_metadata(A.sha256, row)
    assert store.metadata(A.sha256) == row


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("sqlite:////nowhere/at/all/callqa.db", "is the folder there"),
        ("calls.db", "sqlite:///callqa.db"),
        ("mongo://calls", "sqlite:///callqa.db"),
    ],
)
def test_a_store_that_cannot_be_opened_names_the_cure(url, problem):
    with pytest.raises(StoreError, match=problem):
        Store.open(url)


def test_a_damaged_file_is_a_store_error(tmp_path):
    (tmp_path / "callqa.db").write_bytes(b"this is not a database, whatever its name says" * 100)
    with pytest.raises(StoreError, match="not a database"):
        Store.open(f"sqlite:///{tmp_path}/callqa.db")
