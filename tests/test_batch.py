"""A batch gives what `callqa score` gives, whatever it runs on and in whatever order calls came; and nothing twice."""

import os
import shutil
import time

import numpy as np
import pytest
import soundfile
import sqlalchemy as sa

from callqa import api, batch
from callqa.engines import Failed
from callqa.engines.local import LocalEngine
from callqa.errors import UsageError
from callqa.store.tables import failures
from callqa.tasks import Hearing
from tests import own_postgres
from tests.batches import answers, known, made, pages, piece, quiet, rows, run, table, told, transcripts
from tests.nights import BROKEN, captions
from tests.speech_models import missing

MISSING = missing("whisper-base", "segmentation-3.0", "campplus")
speech = pytest.mark.skipif(bool(MISSING), reason=MISSING or "-")


@pytest.fixture(scope="module")
def heard(tmp_path_factory):
    """Two-channel and mono speech, noise and a finished transcript, through one batch: the folder where it was done."""
    here = tmp_path_factory.mktemp("heard")
    (here / "calls").mkdir()
    piece(here / "calls" / "stereo.wav", "exemplary", 4.0, 7.0)
    piece(here / "calls" / "other.wav", "price", 3.0, 4.0)
    piece(here / "calls" / "mono.wav", "interrogator", 3.0, 8.0)
    quiet(here / "calls" / "noise.wav", 1)
    (here / "calls" / "chat.vtt").write_text(captions(3), encoding="utf-8")
    names = ("stereo.wav", "other.wav", "mono.wav", "noise.wav", "chat.vtt")
    table(here / "calls", {name: ("r1", minute) for minute, name in enumerate(names)})
    events = run(here)
    assert told(events) == dict.fromkeys(names, "scored")
    return here


@speech
def test_a_batch_gives_the_documents_and_pages_that_score_gives(heard):
    with api.team(None, "sqlite://") as team:
        # score judges as it goes: a rep's calls in the order in which they were
        jobs = sorted(team.jobs([heard / "calls"]).items, key=lambda job: job.metadata.started_at)
        for job in jobs:
            ((outcome),) = team.score([job])
            team.write_report(outcome.value, heard / "scored")
    by_batch = {name: content for name, content in pages(heard / "pages").items() if name != "index.html"}
    assert by_batch == pages(heard / "scored")


@speech
@pytest.mark.parametrize(
    "how",
    [{"workers": 1}, {"engine": "ray"}, {"store": "postgres"}, {"pooled": True}],
    ids=["one worker", "ray", "postgresql", "one pool of chunks"],
)
def test_the_answers_are_the_same(heard, tmp_path, how):
    if "ray" in how.values():
        pytest.importorskip("ray", reason="the extra ray is not installed")
    if "postgres" not in how.values():
        events = run(heard, store=f"sqlite:///{tmp_path}/callqa.db", **how)
        found = answers(f"sqlite:///{tmp_path}/callqa.db")
    elif own_postgres.MISSING:
        pytest.skip(f"{own_postgres.MISSING} of PostgreSQL is not installed")
    else:
        with own_postgres.started() as url:
            events = run(heard, store=url)
            found = answers(url)
    assert set(told(events).values()) == {"scored"}
    assert found == answers(f"sqlite:///{heard}/callqa.db")


@speech
def test_what_was_heard_is_not_heard_again_when_calls_csv_changes(heard, tmp_path):
    here = shutil.copytree(heard, tmp_path / "here")
    run(here)  # under its new place
    before, measured = made(here, "speech"), made(here, "measures")
    table(here / "calls", {"stereo.wav": ("r2", 0), "other.wav": ("r1", 1)})
    assert told(run(here))["stereo.wav"] == "scored"
    assert made(here, "speech") == before
    assert len(made(here, "measures")) > len(measured)


@pytest.fixture(scope="module")
def settled(tmp_path_factory):
    """Six calls of two reps, done."""
    here = tmp_path_factory.mktemp("settled")
    transcripts(here / "calls", range(6))
    assert set(told(run(here)).values()) == {"scored"}
    return here


@pytest.fixture
def again(settled, tmp_path):
    """The same six calls, done, in a folder of the test's own."""
    here = shutil.copytree(settled, tmp_path / "here")
    assert set(told(run(here)).values()) == {"scored"}  # another place: pages name the sound from there
    return here


def no_worker(monkeypatch):
    def refuse(*arguments, **named):
        raise AssertionError("a worker is asked for")

    monkeypatch.setattr(batch.engines, "make", refuse)


def test_a_second_run_finds_all_unchanged_and_starts_no_worker(again, monkeypatch):
    before = pages(again / "pages"), answers(f"sqlite:///{again}/callqa.db")
    no_worker(monkeypatch)
    assert set(told(run(again)).values()) == {"unchanged"}
    assert (pages(again / "pages"), answers(f"sqlite:///{again}/callqa.db")) == before


def test_a_page_that_was_deleted_is_drawn_again(again):
    (page,) = (again / "pages").glob("0002-*.html")
    before = pages(again / "pages")
    page.unlink()
    assert told(run(again)) == {**dict.fromkeys(known(again), "unchanged"), "0002.vtt": "scored"}
    assert pages(again / "pages") == before


def test_another_folder_of_pages_gets_them_all_and_the_first_is_brought_up_to_date(again):
    table(again / "calls", {"0000.vtt": ("r9", 0)})
    run(again, out=again / "elsewhere")
    run(again)
    assert pages(again / "pages") == pages(again / "elsewhere")
    (document,) = (again / "pages").glob("0000-*.json")
    assert '"r9"' in document.read_text()


def test_a_copy_is_told_once_it_is_there_and_every_time(again, monkeypatch):
    shutil.copy(again / "calls" / "0001.vtt", again / "calls" / "z.vtt")
    assert told(run(again))["z.vtt"] == "copy"
    no_worker(monkeypatch)
    assert told(run(again)) == {**dict.fromkeys([f"000{n}.vtt" for n in range(6)], "unchanged"), "z.vtt": "copy"}


def test_a_copy_of_what_cannot_be_scored_is_set_aside_too(again):
    for name in ("broken.vtt", "copy of it.vtt"):
        (again / "calls" / name).write_text(BROKEN)
    found = told(run(again))
    assert (found["broken.vtt"], found["copy of it.vtt"]) == ("no_speakers", "no_speakers")
    aside = {row.path: row.problem for row in rows(again, sa.select(failures))}
    assert [problem.startswith(path) for path, problem in aside.items()] == [True, True]


def test_a_folder_that_moved_is_judged_under_its_new_name_and_read_no_more(again):
    before = made(again, "import")
    shutil.move(again / "calls", again / "archive")
    assert set(told(run(again, again / "archive")).values()) == {"scored"}
    assert made(again, "import") == before
    assert set(told(run(again, again / "archive")).values()) == {"unchanged"}


def test_files_that_were_only_touched_are_hashed_once_more_and_not_every_night(again, monkeypatch):
    for path in (again / "calls").glob("*.vtt"):
        os.utime(path, (2e9, 2e9))
    assert set(told(run(again)).values()) == {"unchanged"}
    assert {at for _, at in known(again).values()} == {int(2e18)}
    no_worker(monkeypatch)
    assert set(told(run(again)).values()) == {"unchanged"}


def test_a_file_that_is_whole_again_is_set_aside_no_more(again):
    path = again / "calls" / "0001.vtt"
    whole = path.read_text(encoding="utf-8")
    path.write_text(BROKEN)
    assert told(run(again))["0001.vtt"] == "no_speakers"
    assert len(rows(again, sa.select(failures))) == 1
    path.write_text(whole, encoding="utf-8")
    assert told(run(again))["0001.vtt"] == "unchanged"
    assert not rows(again, sa.select(failures))


@pytest.mark.parametrize("first", [(0, 2, 4, 6), (5, 6, 1)])
def test_calls_end_the_same_in_whatever_order_they_came(tmp_path, first):
    transcripts(tmp_path / "calls", first, reps=1)
    run(tmp_path)
    transcripts(tmp_path / "calls", range(7), reps=1)
    run(tmp_path)
    found, written = answers(f"sqlite:///{tmp_path}/callqa.db"), pages(tmp_path / "pages")
    run(tmp_path, store=f"sqlite:///{tmp_path}/at-once.db")
    assert answers(f"sqlite:///{tmp_path}/at-once.db") == found
    assert pages(tmp_path / "pages") == written


def test_an_earlier_call_that_comes_late_changes_the_reps_later_calls_and_no_others(again):
    transcripts(again / "calls", [0, 2, 4, 6, 8, 10, 12])
    run(again)
    shutil.copy(again / "calls" / "0012.vtt", again / "calls" / "0000.vtt")  # another call under the first one's name
    (again / "calls" / "0012.vtt").unlink()
    events = told(run(again))
    assert {name for name, kind in events.items() if kind == "scored"} == {f"{n:04}.vtt" for n in range(0, 12, 2)}
    assert {name for name, kind in events.items() if kind == "unchanged"} == {f"{n:04}.vtt" for n in range(1, 6, 2)}


def test_a_call_told_to_be_anothers_leaves_the_habit_of_its_first_rep(again):
    table(again / "calls", {f"{n:04}.vtt": ("r1" if n == 2 else f"r{n % 2}", n) for n in range(6)})
    scored = {name for name, kind in told(run(again)).items() if kind == "scored"}
    assert scored == {f"000{n}.vtt" for n in (2, 3, 4, 5)}
    found = answers(f"sqlite:///{again}/callqa.db")
    run(again, store=f"sqlite:///{again}/at-once.db")
    assert answers(f"sqlite:///{again}/at-once.db") == found


class Losing:
    """Everything in this process, but the first try of one file ends as if its worker had died."""

    def __init__(self, name):
        self.name, self.lost = name, False

    def map(self, make_worker, items):
        for item in items:
            if isinstance(item, Hearing) and item.path.endswith(self.name) and not self.lost:
                self.lost = True
                yield Failed(item, "worker_lost", "gone", True)
            else:
                yield from LocalEngine().map(make_worker, [item])


def test_later_calls_of_the_rep_wait_for_a_call_that_is_tried_again(tmp_path, monkeypatch):
    transcripts(tmp_path / "calls", range(3), reps=1)
    monkeypatch.setattr(batch.engines, "make", lambda *a, **k: Losing("0000.vtt"))
    began = time.monotonic()
    with api.team(None, f"sqlite:///{tmp_path}/callqa.db") as team:
        kinds = []
        for event in batch.run(team, team.jobs([tmp_path / "calls"]).items, batch.Plan()):
            kinds.append((event.path.name, event.kind))
            assert time.monotonic() - began < 60
    assert kinds[0] == ("0000.vtt", "retrying")
    assert kinds[1:] == [(f"000{n}.vtt", "scored") for n in range(3)]


def test_the_index_is_written_by_the_run_after_one_that_was_stopped_at_its_end(again):
    transcripts(again / "calls", [6])
    with api.team(None, f"sqlite:///{again}/callqa.db") as team:
        events = batch.run(team, team.jobs([again / "calls"]).items, batch.Plan(out=again / "pages", workers=1))
        while next(events).kind != "scored":
            pass
        events.close()
    assert "0006" not in (again / "pages" / "index.html").read_text()
    assert set(told(run(again)).values()) == {"unchanged"}
    assert "0006" in (again / "pages" / "index.html").read_text()
    assert not list((again / "pages").rglob("*.part"))


@speech
def test_a_folder_of_pages_that_takes_no_sound_stops_the_run_and_loses_nothing(tmp_path):
    (tmp_path / "calls").mkdir()
    noise = (0.02 * np.random.default_rng(1).standard_normal((8_000, 2))).astype(np.float32)
    soundfile.write(tmp_path / "calls" / "noise.wav", noise, 8_000, subtype="ULAW")  # browsers do not play it
    (tmp_path / "pages").mkdir()
    (tmp_path / "pages" / "audio").write_text("a file where the folder of sounds should be")
    with pytest.raises(UsageError, match=r"pages: a page cannot be written: .*--out"):
        run(tmp_path)
    (tmp_path / "pages" / "audio").unlink()
    assert told(run(tmp_path)) == {"noise.wav": "scored"}


def test_an_empty_folder_is_no_error(tmp_path):
    (tmp_path / "calls").mkdir()
    assert run(tmp_path) == []
    assert (tmp_path / "pages" / "index.html").is_file()
