"""Recordings that come in are scored when they are complete, neither sooner nor twice."""

import os
import signal
import time

import pytest

from callqa.nightly import arrivals, lock
from callqa.nightly.arrivals import Arrivals
from callqa.store import Store, runs
from tests.nights import BROKEN, captions, logged, recordings, started, until


@pytest.fixture
def spool(tmp_path):
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


def coming(folder, still=10.0):
    return Arrivals([folder], arrivals.recording, still)


def names(look):
    return [path.name for path in look.ready]


def test_a_file_is_complete_when_it_has_been_still_for_so_long(spool):
    looks = coming(spool)
    (spool / "a.wav").write_bytes(b"one")
    assert (names(looks.look(0)), looks.look(9.9).unfinished) == ([], 1)
    assert names(looks.look(10)) == ["a.wav"]
    assert names(looks.look(100)) == []  # once


def test_a_file_that_grows_starts_its_time_anew(spool):
    looks, path = coming(spool), spool / "a.wav"
    for now in (0, 8, 16):
        with path.open("ab") as file:
            file.write(b"more")
        assert names(looks.look(now)) == []
    assert names(looks.look(25.9)) == []
    assert names(looks.look(26)) == ["a.wav"]


def test_a_file_that_is_open_for_writing_is_not_complete_however_still(spool):
    looks = coming(spool)
    with (spool / "a.wav").open("wb") as file:
        file.write(b"a pause in the talk")
        file.flush()
        looks.look(0)
        if not arrivals.being_written(str(spool / "a.wav")):
            pytest.skip("this file system does not tell who writes")
        assert names(looks.look(60)) == []
    assert names(looks.look(61)) == ["a.wav"]


def test_reading_a_file_does_not_hold_it_up(spool):
    (spool / "a.wav").write_bytes(b"one")
    with (spool / "a.wav").open("rb"):
        assert not arrivals.being_written(str(spool / "a.wav"))


@pytest.mark.parametrize("name", ["a.wav.part", "a.wav.tmp", ".a.wav", "a.filepart", "~a.wav"])
def test_a_file_that_gets_its_name_at_the_end_is_complete_at_once(spool, name):
    looks = coming(spool)
    (spool / name).write_bytes(b"one")
    assert names(looks.look(0)) == []
    assert names(looks.look(60)) == []
    (spool / name).rename(spool / "a.wav")
    assert names(looks.look(61)) == ["a.wav"]


def test_a_file_moved_in_from_elsewhere_is_complete_at_once(spool, tmp_path):
    looks = coming(spool)
    made = tmp_path / "made.wav"
    made.write_bytes(b"one")
    os.utime(made, (time.time() - 30, time.time() - 30))  # its last write was a while ago
    made.rename(spool / "a.wav")
    assert names(looks.look(0)) == ["a.wav"]


def test_an_empty_file_is_waited_for(spool):
    looks = coming(spool)
    (spool / "a.wav").touch()
    os.chmod(spool / "a.wav", 0o600)
    assert names(looks.look(0)) == []


@pytest.mark.parametrize("name", ["notes.txt", "calls.csv", ".hidden/a.wav", "a.json"])
def test_what_a_batch_would_not_take_is_no_arrival(spool, name):
    (spool / name).parent.mkdir(exist_ok=True)
    (spool / name).write_text("{}")
    looks = coming(spool, 0.0)
    assert names(looks.look(0)) == []
    assert looks.look(1).unfinished == 0


def test_folders_in_the_folder_are_looked_at_too(spool):
    (spool / "2026" / "11").mkdir(parents=True)
    (spool / "2026" / "11" / "a.wav").write_bytes(b"one")
    assert names(coming(spool, 0.0).look(0)) == ["a.wav"]


def test_a_changed_file_comes_again(spool):
    looks = coming(spool, 0.0)
    (spool / "a.wav").write_bytes(b"one")
    assert names(looks.look(0)) == ["a.wav"]
    (spool / "a.wav").write_bytes(b"the rest of it")
    assert names(looks.look(1)) == ["a.wav"]


def test_a_folder_that_goes_and_comes_back_brings_only_what_is_new(spool):
    looks = coming(spool, 0.0)
    (spool / "a.wav").write_bytes(b"one")
    looks.look(0)
    away = spool.rename(spool.with_name("away"))
    assert looks.look(1).away == (spool,)
    (away / "b.wav").write_bytes(b"two")
    away.rename(spool)
    found = looks.look(2)
    assert (names(found), found.away) == (["b.wav"], ())


class Watching:
    """A watch at work in a process of its own."""

    def __init__(self, here, *more):
        self.here = here
        options = ("--still", "1", "--every", "0.2", "--log", "watch.jsonl", *more)
        self.child = started("watch", "spool", *options, cwd=here)
        until(lambda: logged(here / "watch.jsonl"))

    def events(self, kind):
        return sorted(
            line["path"].rpartition("/")[2] for line in logged(self.here / "watch.jsonl") if line["event"] == kind
        )

    def stopped(self, how=signal.SIGINT):
        self.child.send_signal(how)
        stdout, stderr = self.child.communicate(timeout=60)
        return self.child.returncode, stdout, stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_what_comes_in_is_scored_and_the_watch_ends_when_it_is_told(tmp_path, how):
    recordings(tmp_path / "spool", 1)
    watching = Watching(tmp_path, "--out", "pages")
    until(lambda: watching.events("scored") == ["0000.vtt"])
    (tmp_path / "spool" / "bad.vtt").write_text(BROKEN)
    (tmp_path / "1.vtt").write_text(captions(1), encoding="utf-8")
    (tmp_path / "1.vtt").rename(tmp_path / "spool" / "1.vtt")
    until(lambda: watching.events("scored") == ["0000.vtt", "1.vtt"] and watching.events("failed") == ["bad.vtt"])
    code, stdout, stderr = watching.stopped(how)
    assert code == 0
    assert "callqa watch 1: done, 3 of 3 recordings" in stdout
    assert "1.vtt: " in stderr
    assert "Traceback" not in stderr
    assert logged(tmp_path / "watch.jsonl")[-1]["event"] == "done"
    assert len(list((tmp_path / "pages").glob("*.json"))) == 2


def test_a_watch_started_again_does_nothing_twice(tmp_path):
    recordings(tmp_path / "spool", 2)
    (tmp_path / "spool" / "bad.vtt").write_text(BROKEN)
    first = Watching(tmp_path)
    until(lambda: len(first.events("scored")) == 2 and first.events("failed"))
    first.stopped(signal.SIGKILL)
    (tmp_path / "watch.jsonl").unlink()
    second = Watching(tmp_path)
    until(lambda: len(second.events("unchanged")) == 2)
    recordings(tmp_path / "spool", 1, first=2)
    until(lambda: second.events("scored") == ["0002.vtt"])
    second.stopped()
    assert second.events("failed") == []


def test_a_watch_waits_for_a_batch_a_database_and_a_folder(tmp_path):
    recordings(tmp_path / "spool", 1)
    store = Store.open(f"sqlite:///{tmp_path}/callqa.db")
    with lock.held(store, "batch", print):
        watching = Watching(tmp_path)
        time.sleep(4.0)
        assert watching.events("scored") == []
    until(lambda: watching.events("scored") == ["0000.vtt"])
    with store.engine.begin() as connection:
        connection.exec_driver_sql("alter table queue rename to elsewhere")
    (tmp_path / "spool").rename(tmp_path / "away")
    time.sleep(1.0)
    (tmp_path / "away" / "2.vtt").write_text(captions(2), encoding="utf-8")
    (tmp_path / "away").rename(tmp_path / "spool")
    time.sleep(4.0)
    with store.engine.begin() as connection:
        connection.exec_driver_sql("alter table elsewhere rename to queue")
    until(lambda: watching.events("scored") == ["0000.vtt", "2.vtt"])
    code, _, stderr = watching.stopped()
    assert code == 0
    assert f"waiting for callqa batch, process {os.getpid()} on " in stderr
    assert "no such table: queue" in stderr
    assert f"{tmp_path}/spool is away; waiting for it" in stderr
    assert f"{tmp_path}/spool is back" in stderr
    assert [run.state for run in runs.latest(store, 5)] == ["done"]
    store.close()
