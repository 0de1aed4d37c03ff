"""callqa batch, retry and status: whole nights, stopped nights, and the mornings after."""

import json
import os
import shutil
import signal
import time

import pytest
import sqlalchemy as sa

from callqa.store import Store, runs
from tests import own_postgres
from tests.nights import BROKEN, callqa, captions, logged, recordings, started, until


@pytest.fixture(scope="module")
def night(tmp_path_factory):
    """Four calls, a copy of one and a broken file, scored in one night."""
    here = tmp_path_factory.mktemp("night")
    recordings(here / "calls", 4)
    (here / "calls" / "9-twin.vtt").write_text(captions(1), encoding="utf-8")
    (here / "calls" / "broken.vtt").write_text(BROKEN)
    os.utime(here / "calls" / "broken.vtt", (1e9, 1e9))
    files = ("--log", "night.jsonl", "--summary", "last.json", "--prometheus", "callqa.prom")
    done = callqa("batch", "calls", "--out", "pages", *files, cwd=here, check=1)
    (here / "stdout.txt").write_text(done.stdout)
    return here


@pytest.fixture
def again(night, tmp_path):
    """A copy of that night's store; its recordings stay where they were."""
    shutil.copy(night / "callqa.db", tmp_path)
    return tmp_path


def test_the_summary_accounts_for_every_recording(night):
    told = json.loads((night / "last.json").read_text())
    assert told["counts"] == {"scored": 4, "unchanged": 0, "copy": 1, "failed": 1, "aside": 0}
    assert (told["state"], told["exit_code"], told["waiting"], told["recordings"]) == ("done", 1, 0, 6)
    assert [(f["code"], f["files"]) for f in told["failures"]] == [("no_speakers", ["broken.vtt"])]
    text = (night / "stdout.txt").read_text()
    assert "callqa batch 1: done, 6 of 6 recordings" in text
    assert max(map(len, text.splitlines())) <= 80


def test_the_log_has_a_line_an_event_and_no_word_of_a_call(night):
    lines = logged(night / "night.jsonl")
    assert [lines[0]["event"], lines[-1]["event"]] == ["started", "done"]
    assert sorted(line["event"] for line in lines[1:-1]) == ["copy", "failed", *4 * ["scored"]]
    assert len({line["path"] for line in lines[1:-1]}) == 6
    text = (night / "night.jsonl").read_text()
    assert not [word for word in ("Анна", "Ромашка", "nobody says this", "бюджет") if word in text]


def test_prometheus_and_pages_are_there(night):
    assert 'callqa_recordings_total{command="batch",kind="scored"} 4' in (night / "callqa.prom").read_text()
    assert len(list((night / "pages").glob("*.html"))) == 5


def test_the_next_night_passes_over_what_is_done_and_what_cannot_be_helped(night, again):
    done = callqa("batch", night / "calls", "--out", night / "pages", "--json", cwd=again, check=1)
    told = json.loads(done.stdout)
    assert told["counts"] == {"scored": 0, "unchanged": 4, "copy": 1, "failed": 0, "aside": 1}
    (failure,) = Store.open(f"sqlite:///{again}/callqa.db").failures()
    assert failure.attempts == 1


def test_a_mended_file_is_taken_up_and_one_taken_away_is_forgotten(night, again):
    folder = again / "calls"
    shutil.copytree(night / "calls", folder)
    (folder / "bad.vtt").write_text(BROKEN)
    callqa("batch", folder, "--out", "pages", cwd=again, check=1)
    assert "bad.vtt" in (again / "pages" / "index.html").read_text()
    (folder / "new.vtt").write_text(captions(60), encoding="utf-8")
    callqa("batch", folder, "--out", "pages", cwd=again, check=1)
    listed = (again / "pages" / "index.html").read_text()
    assert [name for name in ("new.vtt", "bad.vtt", "0000.vtt") if name not in listed] == []
    (folder / "broken.vtt").write_text(captions(50), encoding="utf-8")
    (folder / "bad.vtt").unlink()
    done = callqa("batch", folder, "--out", "pages", "--json", cwd=again)
    told = json.loads(done.stdout)
    assert (told["counts"]["scored"], told["counts"]["failed"], told["counts"]["aside"]) == (1, 0, 0)
    assert "bad.vtt" not in (again / "pages" / "index.html").read_text()
    assert told["notes"] == ["1 that had been set aside are not there any more"]
    # that of the other folder is not this folder's
    assert "1 files set aside" in callqa("status", cwd=again).stdout


def test_the_morning_after(night):
    told = callqa("status", cwd=night).stdout
    assert "4 calls in the store, 1 files set aside" in told
    assert "no_speakers             1   needs a person: a transcript without speakers" in told
    assert "1 batch" in told
    assert "4 scored, 1 set aside" in told
    document = json.loads(callqa("status", "--json", cwd=night).stdout)
    assert [c["call"]["language"] for c in document["calls"]] == 4 * ["ru"]
    assert all(c["scorecard"]["score"] for c in document["calls"])
    assert (document["waiting"], document["runs"][0]["state"]) == ([], "done")


def test_the_table_of_calls_is_that_of_the_pages(night):
    document = json.loads(callqa("status", "--json", cwd=night).stdout)
    for told in document["calls"]:
        (page,) = (night / "pages").glob(f"*-{told['call']['id'][:6]}.json")
        whole = json.loads(page.read_text())
        assert {key: whole[key] for key in ("call", "scorecard")} == told


@pytest.mark.skipif(bool(own_postgres.MISSING), reason=f"no {own_postgres.MISSING} here")
def test_a_night_on_postgresql_tells_the_same(night, tmp_path):
    with own_postgres.started() as url:
        for counts in ({"scored": 4, "failed": 1}, {"unchanged": 4, "aside": 1}):
            done = callqa("batch", night / "calls", "--store", url, "--json", cwd=tmp_path, check=1)
            told = json.loads(done.stdout)["counts"]
            assert {kind: n for kind, n in told.items() if n} == {**counts, "copy": 1}
        there = json.loads(callqa("status", "--store", url, "--json", cwd=tmp_path).stdout)
        assert "4 calls in the store, 1 files set aside" in callqa("status", "--store", url, cwd=tmp_path).stdout
    here = json.loads(callqa("status", "--json", cwd=night).stdout)
    assert there["calls"] == here["calls"]
    told = ("path", "code", "problem", "attempts", "size", "mtime_ns", "under")
    assert [f[name] for f in there["failures"] for name in told] == [f[name] for f in here["failures"] for name in told]


def test_retry_tries_now_what_was_named(night, again):
    done = callqa("retry", night / "calls" / "broken.vtt", "--json", cwd=again, check=1)
    assert json.loads(done.stdout)["counts"]["failed"] == 1
    assert "(2 tries)" in callqa("status", "--failed", cwd=again).stdout
    assert json.loads(callqa("retry", "--json", cwd=again).stdout)["recordings"] == 0  # nothing that time may help
    assert "not set aside" in callqa("retry", "other.vtt", cwd=again, check=2).stderr


def test_retry_knows_what_calls_csv_says_of_the_file(tmp_path):
    folder = tmp_path / "calls" / "monday"
    folder.mkdir(parents=True)
    (folder / "1.vtt").write_text(BROKEN)
    (tmp_path / "calls" / "calls.csv").write_text("file,rep_id\nmonday/1.vtt,r7\n")
    callqa("batch", "calls", cwd=tmp_path, check=1)
    (folder / "1.vtt").write_text(captions(1), encoding="utf-8")
    callqa("retry", "--all", cwd=tmp_path)
    (told,) = json.loads(callqa("status", "--json", cwd=tmp_path).stdout)["calls"]
    assert told["call"]["rep_id"] == "r7"


def test_an_empty_folder_is_no_error_but_is_asked_about_when_it_was_not_empty(tmp_path):
    (tmp_path / "calls").mkdir()
    told = callqa("batch", "calls", cwd=tmp_path).stdout
    assert "note: no recordings in calls\n" in told
    recordings(tmp_path / "calls", 1)
    callqa("batch", "calls", cwd=tmp_path)
    shutil.rmtree(tmp_path / "calls")
    (tmp_path / "calls").mkdir()
    assert "1 were scored from there before: is the share mounted?" in callqa("batch", "calls", cwd=tmp_path).stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["batch", "nowhere"], "nowhere: no such file or folder"),
        (["batch", "calls", "--prometheus", "no/where.prom"], "--prometheus no/where.prom"),
        (["batch", "calls", "--summary", "no/where.json"], "--summary no/where.json: no such folder"),
        (["batch", "calls", "--log", "calls"], "--log calls: Is a directory"),
        (["watch", "nowhere"], "nowhere: no such folder"),
        (["retry", "--code", "bug"], "nothing is set aside for 'bug'"),
    ],
)
def test_a_night_that_cannot_start_says_so_in_one_line(tmp_path, arguments, says):
    (tmp_path / "calls").mkdir()
    done = callqa(*arguments, cwd=tmp_path, check=2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr


MANY = 48  # calls that are not all done before a signal arrives


def stopped(here, how, count=MANY):
    """A night that is sent a signal when its first call is scored: its exit code and output."""
    recordings(here / "calls", count)
    child = started("batch", "calls", "--log", "night.jsonl", "--summary", "last.json", cwd=here)
    until(lambda: any(line["event"] == "scored" for line in logged(here / "night.jsonl")))
    child.send_signal(how)
    stdout, stderr = child.communicate(timeout=60)
    return child.returncode, stdout, stderr


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGTERM])
def test_a_night_that_is_stopped_is_accounted_for_and_goes_on(tmp_path, how):
    code, stdout, stderr = stopped(tmp_path, how)
    assert code == 130
    assert "stopped before its end" in stdout
    assert "Traceback" not in stderr
    told = json.loads((tmp_path / "last.json").read_text())
    assert told["state"] == "stopped"
    assert 0 < told["waiting"] < MANY
    assert told["counts"]["scored"] + told["waiting"] == MANY
    assert logged(tmp_path / "night.jsonl")[-1]["event"] == "stopped"
    morning = callqa("status", cwd=tmp_path).stdout
    assert f", {told['waiting']} waiting" in morning
    assert f"callqa batch {tmp_path}/calls   # goes on with what is waiting" in morning
    after = json.loads(callqa("batch", "calls", "--json", cwd=tmp_path).stdout)
    assert after["counts"]["scored"] + after["counts"]["unchanged"] == MANY
    assert after["counts"]["unchanged"] >= told["counts"]["scored"]
    store = Store.open(f"sqlite:///{tmp_path}/callqa.db")
    assert runs.waiting(store) == []
    store.close()


def test_a_night_that_is_killed_is_known_and_goes_on(tmp_path):
    code, _, _ = stopped(tmp_path, signal.SIGKILL, 10)
    assert code == -signal.SIGKILL
    after = json.loads(callqa("batch", "calls", "--json", cwd=tmp_path).stdout)
    assert after["counts"]["scored"] + after["counts"]["unchanged"] == 10
    store = Store.open(f"sqlite:///{tmp_path}/callqa.db")
    assert [run.state for run in runs.latest(store, 5)] == ["done", "died"]
    assert runs.waiting(store) == []
    store.close()


def test_a_second_night_on_one_store_does_not_begin(tmp_path):
    recordings(tmp_path / "calls", 12)
    first = started("batch", "calls", "--log", "night.jsonl", cwd=tmp_path)
    until(lambda: logged(tmp_path / "night.jsonl"))
    first.send_signal(signal.SIGSTOP)  # it must not be done before the others have looked
    second = callqa("batch", "calls", cwd=tmp_path, check=2)
    assert f"the store is in use: callqa batch, process {first.pid} on " in second.stderr
    working = callqa("status", cwd=tmp_path).stdout
    assert "at work" in working
    assert f"process {first.pid} on " in working
    first.send_signal(signal.SIGCONT)
    first.send_signal(signal.SIGINT)
    first.communicate(timeout=60)


def test_status_over_ten_thousand_calls_is_quick(night, tmp_path):
    shutil.copy(night / "callqa.db", tmp_path)
    store = Store.open(f"sqlite:///{tmp_path}/callqa.db")
    many = "with recursive n(i) as (select 1 union all select i + 1 from n where i < 10000)"
    with store.engine.begin() as connection:
        (like,) = connection.exec_driver_sql("select min(sha256) from recordings").one()
        for table in ("recordings", "call_metadata", "results", "current"):
            names = [column["name"] for column in sa.inspect(connection).get_columns(table)]
            rest = ", ".join(name for name in names if name != "sha256")
            rows = f"{many} select printf('%064d', i), {rest} from n, {table} where sha256 = '{like}'"
            connection.exec_driver_sql(f"insert into {table} (sha256, {rest}) {rows}")
    store.close()
    began = time.monotonic()
    told = callqa("status", cwd=tmp_path).stdout
    assert time.monotonic() - began < 15
    assert "10,004 calls in the store" in told
    assert "and 9,984 more: callqa status --calls" in told
