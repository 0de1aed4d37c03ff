"""The command line on real speech: the sample calls through the real recogniser, stopped, repeated and broken."""

import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time

import pytest

from callqa import models
from callqa.config import shipped
from callqa.errors import CallqaError

SAMPLE = shipped("sample_audio")


def missing():
    try:
        for name in ("whisper-base", "segmentation-3.0", "campplus"):
            models.path(name)
    except CallqaError as error:
        return str(error)
    return ""


pytestmark = pytest.mark.skipif(bool(missing()), reason=missing() or "-")


def callqa(*arguments, cwd, check=0):
    done = subprocess.run(
        [sys.executable, "-m", "callqa", *map(str, arguments)], cwd=cwd, capture_output=True, text=True, timeout=900
    )
    assert done.returncode == check, done.stderr
    return done


def recordings(folder, *parts):
    """Copies of the sample calls whose names hold these parts, with calls.csv."""
    folder.mkdir(exist_ok=True)
    for path in sorted(SAMPLE.iterdir()):
        if path.suffix in (".flac", ".opus") and any(part in path.name for part in parts):
            shutil.copy(path, folder)
    shutil.copy(SAMPLE / "calls.csv", folder)
    return folder


@pytest.fixture(scope="module")
def scored(tmp_path_factory):
    """Two stereo calls, one mono call and a voicemail, scored once: the folder where it was done."""
    here = tmp_path_factory.mktemp("scored")
    recordings(here / "calls", "exemplary", "monologue", "voicemail", "interrogator")
    (here / "calls" / "broken.wav").write_text("not sound")
    (first,) = (here / "calls").glob("*exemplary*.*")
    shutil.copy(first, here / "calls" / f"z-copy-of-it{first.suffix}")
    done = callqa("score", "calls", "--out", "reports", cwd=here, check=1)
    (here / "stdout.txt").write_text(done.stdout)
    (here / "stderr.txt").write_text(done.stderr)
    return here


def rows(folder, sql):
    with sqlite3.connect(folder / "callqa.db") as connection:
        found = connection.execute(sql).fetchall()
    connection.close()
    return found


def test_every_recording_is_scored_or_named_with_its_reason(scored):
    assert len(list((scored / "reports").glob("*.html"))) == 5  # four calls and the index
    told = (scored / "stderr.txt").read_text()
    assert "broken.wav: 9 bytes of text, no sound" in told
    assert "text: 1" in told
    assert re.search(r"the same recording as .*; scored once", told)
    table = (scored / "stdout.txt").read_text()
    assert "voicemail" in table
    assert "exemplary" in table


def test_no_word_of_a_call_is_in_the_log(scored):
    (call,) = (scored / "reports").glob("*exemplary*.json")
    words = {w["text"] for turn in json.loads(call.read_text())["transcript"]["turns"] for w in turn["words"]}
    told = (scored / "stderr.txt").read_text()
    assert not [w for w in words if len(w) > 5 and w in told]


def test_a_second_run_computes_nothing(scored):
    before = rows(scored, "select sha256, stage, fingerprint, made_at from results order by 1, 2, 3")
    started = time.monotonic()
    callqa("score", "calls", "--out", "reports", cwd=scored, check=1)
    assert rows(scored, "select sha256, stage, fingerprint, made_at from results order by 1, 2, 3") == before
    assert time.monotonic() - started < 30


def test_points_lost_sum_to_what_is_missing(scored):
    seen = 0
    for path in (scored / "reports").glob("*.json"):
        card = json.loads(path.read_text())["scorecard"]
        if card["score"] is not None:
            seen += 1
            assert round(sum(p["points"] for p in card["points_lost"]), 2) == round(100 - card["score"], 2)
    assert seen >= 2


def test_json_lines_are_all_that_stands_on_stdout(scored):
    done = callqa("score", "calls", "--json", cwd=scored, check=1)
    documents = [json.loads(line) for line in done.stdout.splitlines()]
    assert {"call", "transcript", "measures", "scorecard"} <= set(documents[0])
    assert len(documents) == 4
    for document in documents:
        for name, measure in document["measures"].items():
            assert (measure["value"] is None) == bool(measure["reason"]), name


def test_the_same_call_from_scratch_in_another_process_is_the_same_to_the_byte(scored, tmp_path):
    recordings(tmp_path / "calls", "interrogator")  # mono: recogniser and diarizer both
    again = callqa("score", "calls", "--json", cwd=tmp_path).stdout
    first = callqa("score", "calls", "--json", cwd=scored, check=1).stdout
    (line,) = [line for line in first.splitlines() if "interrogator" in line[:400]]
    assert again.strip().replace(str(tmp_path), "") == line.replace(str(scored), "")


def test_a_changed_scorecard_is_rescored_without_the_sound(scored, tmp_path):
    shutil.copy(scored / "callqa.db", tmp_path)
    for name in ("b2b_ru.toml", "b2b_en.toml"):
        text = (shipped("configs") / "scorecards" / name).read_text()
        text = re.sub(r'version = "(..)-1', r'version = "\1-2', text)
        text = re.sub(r"(measure = \"talk_share\"\nweight = )[\d.]+", r"\g<1>60.0", text)
        (tmp_path / name).write_text(text)
    (tmp_path / "callqa.toml").write_text('[scorecards]\nru = "b2b_ru.toml"\nen = "b2b_en.toml"\n')
    speech = rows(tmp_path, "select count(*) from results where stage in ('speech', 'measures')")
    done = callqa("rescore", cwd=tmp_path)
    assert re.search(r"exemplary\S* +\d+\.\d -> \d+\.\d", done.stdout)
    assert rows(tmp_path, "select count(*) from results where stage in ('speech', 'measures')") == speech
    kept = rows(tmp_path, "select count(*) from results where stage = 'score'")
    assert kept == [(8,)]  # four old scores and four new ones
    document = json.loads(callqa("report", "exemplary", "--format", "json", cwd=tmp_path, check=2).stdout or "null")
    assert document is None  # a part of a name is no name
    name = next((scored / "calls").glob("*exemplary*.*")).name
    document = json.loads(callqa("report", name, "--format", "json", cwd=tmp_path).stdout)
    assert document["scorecard"]["version"].startswith("ru-2")


def test_status_lists_what_is_done_and_what_failed(scored):
    done = callqa("status", cwd=scored)
    assert "4 calls in the store, 1 files set aside" in done.stdout
    assert "broken.wav" in done.stdout
    told = json.loads(callqa("status", "--json", cwd=scored).stdout)
    assert (len(told["calls"]), [f["code"] for f in told["failures"]]) == (4, ["text"])


def test_report_formats(scored, tmp_path):
    name = next((scored / "calls").glob("*monologue*.*")).name
    store = f"sqlite:///{scored}/callqa.db"
    page = callqa("report", name, "--store", store, "--out", "call.html", "--embed-audio", cwd=tmp_path).stdout.strip()
    assert "data:audio" in (tmp_path / page).read_text()
    table = callqa("report", name, "--store", store, "--format", "csv", cwd=tmp_path).stdout
    assert "longest_monologue" in table


def test_killed_in_the_middle_it_goes_on_and_nothing_is_doubled(tmp_path):
    recordings(tmp_path / "calls", "voicemail", "no-next", "no_next", "price")
    count = len([p for p in (tmp_path / "calls").iterdir() if p.suffix != ".csv"])
    assert count >= 3
    child = subprocess.Popen(
        [sys.executable, "-m", "callqa", "score", "calls", "--json"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    )
    first = child.stdout.readline()  # one call is done, the next is being heard
    time.sleep(1.0)
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdout.close()
    kept = rows(tmp_path, "select sha256, made_at from results where stage = 'speech' order by 1")
    assert 1 <= len(kept) < count
    lines = callqa("score", "calls", "--json", cwd=tmp_path).stdout.splitlines()
    assert len(lines) == count
    assert first.decode().strip() in lines
    after = rows(tmp_path, "select sha256, made_at from results where stage = 'speech' order by 1")
    assert len(after) == count
    assert set(kept) <= set(after)


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["score", "nowhere"], "nowhere: no such file or folder"),
        (["score", "empty"], "no recordings in empty"),
        (["score", "empty", "--config", "team.toml"], "team.toml: analyser: unknown; did you mean 'analysers'?"),
        (["report", "abc"], "no call 'abc' in the store"),
        (["eval", "empty"], "no labelled calls"),
        (["score", "empty", "--store", "mongo://x"], "sqlite:///callqa.db"),
    ],
)
def test_a_wrong_command_says_so_in_one_line_and_exits_2(tmp_path, arguments, says):
    (tmp_path / "empty").mkdir()
    (tmp_path / "team.toml").write_text("[analyser]\n")
    done = callqa(*arguments, cwd=tmp_path, check=2)
    assert says in done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_a_run_in_which_nothing_can_be_scored_has_its_index_too(tmp_path):
    (tmp_path / "broken.wav").write_text("not sound")
    done = callqa("score", "broken.wav", "--out", "reports", cwd=tmp_path, check=1)
    assert "broken.wav" in done.stderr
    assert "broken.wav" in (tmp_path / "reports" / "index.html").read_text()


def test_an_empty_store_is_no_error(tmp_path):
    assert "0 calls in the store, 0 files set aside" in callqa("status", cwd=tmp_path).stdout
