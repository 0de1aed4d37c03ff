"""What the benchmarks stand on: copies that sound alike, a random model that speaks, memory and time well counted."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from callqa import models, truth
from callqa.audio import decode, sha256

ROOT = Path(__file__).parents[1]
SAMPLES, SHARED = ROOT / "sample_audio", ROOT.parent / "shared" / "calls"
BENCHMARKS = str(ROOT / "benchmarks")


@pytest.fixture(autouse=True)
def importable(monkeypatch):
    monkeypatch.syspath_prepend(BENCHMARKS)


@pytest.mark.parametrize("folder", [SAMPLES, SHARED], ids=["sample_audio", "shared calls"])
def test_copies_of_calls_differ_in_bytes_and_not_in_sound(folder, tmp_path):
    import copies

    if not folder.is_dir():
        pytest.skip("needs the labelled calls of ../shared/calls")
    made = [truth.read(path) for path in copies.repeat(folder, tmp_path, 3)]
    each = len(made) // 3
    assert len({sha256(call.audio) for call in made}) == len({call.id for call in made}) == len(made)
    by_format = {call.audio.suffix: i for i, call in enumerate(made[:each])}
    for i in by_format.values():
        first, *others = (decode(made[i + k * each].audio).samples for k in range(3))
        assert all(np.array_equal(first, other) for other in others), made[i].audio.name


def test_copies_keep_what_calls_csv_knows_of_each_call(tmp_path):
    import copies

    copies.repeat(SAMPLES, tmp_path, 2)
    known, told = ((folder / "calls.csv").read_text(encoding="utf-8").splitlines() for folder in (SAMPLES, tmp_path))
    assert told[0] == known[0]
    assert len(told) == 2 * (len(known) - 1) + 1
    assert {line.removeprefix("r1-") for line in told} == set(known)


@pytest.mark.parametrize(("hours", "times"), [(0, 1), (0.1, 1), (1, 4)])
def test_calls_are_repeated_until_they_last_the_hours(hours, times):
    import copies

    assert copies.times(SAMPLES, hours) == times


@pytest.mark.parametrize("later", [False, True], ids=["80 bands", "third generation, 128 bands"])
def test_a_random_whisper_says_its_text_in_every_window(later, tmp_path, monkeypatch):
    whisper = pytest.importorskip("faster_whisper")
    import random_whisper

    like = models.folder("whisper-base")
    if not (like / "tokenizer.json").is_file():
        pytest.skip("needs the tokenizer of whisper-base")
    shape = random_whisper.Shape(1, 2, 64, 2, 128 if later else 80, later)
    monkeypatch.setitem(random_whisper.SHAPES, "small one", shape)
    folder = random_whisper.make("small one", tmp_path / "model", like)
    model = whisper.WhisperModel(str(folder), device="cpu", compute_type="int8", cpu_threads=1)
    sound = np.random.default_rng(0).standard_normal(40 * 16_000).astype(np.float32) / 10
    told = {"without_timestamps": True, "word_timestamps": True, "condition_on_previous_text": False}
    segments, about = model.transcribe(sound, **told)
    heard = list(segments)
    assert about.language == "ru"
    assert {part.text for part in heard} == {random_whisper.TEXT}
    assert all(len(part.words) == len(random_whisper.TEXT.split()) for part in heard)
    assert all(part.avg_logprob > -0.1 and part.compression_ratio < 2.4 for part in heard)


@pytest.mark.parametrize(
    ("text", "peers"),
    [
        ("callqa", ["callqa"]),
        ("callqa,batched", ["callqa", "batched"]),
        ("callqa,batched:channels,beam=1,whisperx", ["callqa", "batched:channels,beam=1", "whisperx"]),
    ],
)
def test_a_list_of_peers_keeps_each_ones_options(text, peers):
    from peers import split

    assert split(text) == peers


@pytest.mark.parametrize(("peer", "mixes"), [("batched", True), ("batched:channels", False), ("callqa-asr", False)])
def test_who_mixes_the_channels_is_judged_on_the_whole_call(peer, mixes):
    from peer_process import Spec

    assert Spec.of(peer).mixes is mixes


def test_every_peer_has_the_same_calls_in_every_round_and_comes_first_in_turn():
    from peers import in_turn

    order = [(number, one) for number, one in in_turn(["a", "b", "c"], 3)]
    assert [sorted(one for k, one in order if k == number) for number in range(3)] == [["a", "b", "c"]] * 3
    assert len({order[3 * number][1] for number in range(3)}) > 1


def test_time_and_memory_are_those_of_the_whole_tree_of_processes():
    from machine import Watch

    work = (
        "import time; held = bytearray(120_000_000); s = time.process_time()\nwhile time.process_time() < s + 0.5: pass"
    )
    parent = f"import subprocess, sys; sys.stdin.read(1); subprocess.run([sys.executable, '-c', {work!r}]); print(1)"
    with subprocess.Popen([sys.executable, "-c", parent], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        with Watch(process.pid, every=0.02) as watch:
            process.communicate(b"x")
        assert process.returncode == 0
    assert watch.taken.peak > 120_000_000
    assert watch.taken.seconds >= 0.5


@pytest.mark.parametrize(
    ("level", "growth"),
    [([100] * 30, 0.0), ([10] * 5 + [100] * 25, 0.0), ([100] * 15 + [150] * 15, 0.5), ([100], None)],
)
def test_growth_compares_the_last_third_with_the_first_after_the_warm_up(level, growth):
    from machine import Taken

    taken = Taken(seconds=float(len(level)), memory=[(float(i), size) for i, size in enumerate(level)])
    assert taken.growth == growth


def test_a_model_that_callqa_does_not_ship_runs_from_a_checkout_of_links(tmp_path):
    import checkout

    model = tmp_path / "another"
    model.mkdir()
    (model / "model.bin").write_bytes(b"weights")
    root = checkout.linked(model, tmp_path / "checkout")
    ask = (
        "from pathlib import Path; from callqa import models, config; "
        "s = config.find_settings(Path('configs/callqa.toml'));"
        "print(models.path(s.transcriber.options['model']).resolve())"
    )
    env = os.environ | {"PYTHONPATH": str(root)}
    run = subprocess.run([sys.executable, "-c", ask], cwd=root, env=env, capture_output=True, text=True, check=True)
    assert run.stdout.strip() == str(model)


def test_a_call_that_failed_is_one_of_which_no_word_was_heard():
    import peer_table
    from machine import Taken
    from peer_process import Spec
    from peers import Measured

    calls = [truth.read(SAMPLES / name) for name in ("s01-ru-exemplary.json", "s09-en-discovery.json")]
    heard = {calls[0].id: {"segments": [_said(calls[0], 0), _said(calls[0], 1)]}}
    one = Measured(
        Spec.of("batched:channels"), rounds=[Taken(seconds=10.0, cpu=5.0)], seconds=[4.0, 6.0], results=heard
    )
    figures = peer_table.document([one], calls)["peers"]["batched:channels"]
    assert (figures["wer_ru"], figures["wer_en"], figures["failed"]) == (0.0, 1.0, 1)
    assert figures["call_x"] == pytest.approx(sum(call.duration for call in calls) / 10.0, abs=0.01)
    assert json.dumps(figures)


def _said(call, channel):
    lines = zip(call.turns, call.display, strict=True)
    return [[turn.start, turn.end, text] for turn, text in lines if call.channels[turn.side] == channel]
