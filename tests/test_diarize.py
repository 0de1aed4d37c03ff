"""Voices of a mono call: how many, who when, and what the adapter promises."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from callqa import models
from callqa.audio import decode
from callqa.errors import ModelError
from callqa.speech import Channel
from callqa.speech.pyannote import Pyannote, PyannoteOptions
from callqa.speech.voices import Prior, Voices, clusters, find, path, runs, unit
from callqa.types import Span, covered, overlaps, without

SAMPLES = Path(__file__).parent.parent / "sample_audio"


def run(code: str) -> str:
    """What a fresh interpreter prints, warnings being errors."""
    done = subprocess.run([sys.executable, "-W", "error", "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


# voices, without any model


def around(*directions: tuple[int, int], spread: float = 0.1) -> tuple[np.ndarray, np.ndarray]:
    """Voiceprints of pieces of 1.5 s: (which axis, how many) each, a little off the axis each time."""
    rows, labels = [], []
    noise = np.random.default_rng(7)
    for axis, count in directions:
        for _ in range(count):
            rows.append(np.eye(24)[axis] + spread * noise.standard_normal(24))
            labels.append(axis)
    return unit(np.array(rows)), np.array(labels)


@pytest.mark.parametrize(
    ("pieces", "voices"),
    [
        ([(0, 20), (1, 20)], 2),
        ([(0, 40), (1, 2)], 2),  # a customer who hardly speaks
        ([(0, 40)], 1),  # a voicemail
        ([(0, 20), (1, 20), (2, 10)], 3),  # a menu, then two people
        ([(0, 20), (1, 20), (2, 2)], 2),  # three seconds of somebody else are not believed
        ([(0, 1)], 1),
        ([(0, 1), (1, 1)], 2),
    ],
)
def test_two_voices_are_expected_one_or_three_are_believed_when_the_prints_say_so(pieces, voices):
    prints, _ = around(*pieces)
    assert len(find(prints, np.full(len(prints), 1.5), Prior()).centres) == voices


def test_a_cough_is_no_second_voice():
    prints, _ = around((0, 30), (1, 1))
    seconds = np.array([1.5] * 30 + [0.4])
    assert len(find(prints, seconds, Prior()).centres) == 1


def test_a_call_told_to_hold_one_voice_holds_one():
    prints, _ = around((0, 20), (1, 20))
    assert len(find(prints, np.full(40, 1.5), Prior(most=1)).centres) == 1


def test_pieces_of_one_voice_share_a_cluster():
    prints, labels = around((3, 12), (5, 7), (9, 9))
    found = clusters(prints, np.full(len(prints), 1.5), 3)[1]
    assert len(set(zip(labels.tolist(), found.tolist(), strict=True))) == 3


@pytest.mark.parametrize(
    ("voices", "alike", "trusted"),
    [(2, 0.3, True), (2, 0.65, True), (2, 0.75, False), (1, 0.9, True), (1, 0.75, False)],
)
def test_separation_falls_under_the_trusted_where_voices_are_hard_to_tell(voices, alike, trusted):
    separation = Voices(np.eye(voices), alike).separation
    assert 0 <= separation <= 1
    assert (separation >= 0.3) == trusted


@pytest.mark.parametrize(
    ("scores", "cost", "expected"),
    [
        ([1, 1, -1, 1, 1], 3.0, "aaaaa"),  # one doubtful frame changes nothing
        ([1, 1, -1, -1, -1, -1], 3.0, "aabbbb"),
        ([1, 1, -1, 1, 1], 0.1, "aabaa"),  # where a change is cheap it is taken
        ([0, 0, 0], 1.0, "aaa"),
    ],
)
def test_a_voice_keeps_the_floor_until_the_evidence_pays_for_the_change(scores, cost, expected):
    both = np.stack([np.array(scores, float), -np.array(scores, float)], axis=1)
    assert "".join("ab"[i] for i in path(both, np.full(len(scores), cost))) == expected


def test_runs_are_the_stretches_of_true():
    assert list(runs(np.array([False, True, True, False, True]))) == [(1, 3), (4, 5)]
    assert list(runs(np.zeros(3, bool))) == []


# importing


def test_the_options_are_read_without_torch():
    code = "import sys, callqa.speech.pyannote as p; p.PyannoteOptions(); print('torch' in sys.modules)"
    assert run(code) == "False"


def test_importing_pyannote_reports_nothing_and_warns_of_nothing():
    pytest.importorskip("torch", reason="needs callqa[diarize]")
    code = """
import os
os.environ["PYANNOTE_METRICS_ENABLED"] = "1"
from callqa.speech.offline import import_pyannote
import_pyannote()
from pyannote.audio.telemetry.metrics import is_metrics_enabled
print(is_metrics_enabled(), os.environ["HF_HUB_OFFLINE"])
"""
    assert run(code) == "False 1"


def test_pyannote_imports_beside_a_torch_that_torchaudio_was_not_built_for():
    pytest.importorskip("torch", reason="needs callqa[diarize]")
    code = """
import torch
def refuse(path):
    raise OSError(f"Could not load this library: {path}")
torch.ops.load_library = refuse
from callqa.speech.offline import import_pyannote
import_pyannote()
import torchaudio
print(tuple(torchaudio.functional.resample(torch.zeros(1, 800), 8000, 16000).shape))
try:
    torchaudio.functional.forced_align(torch.zeros(1, 4, 2), torch.ones(1, 2))
except RuntimeError as error:
    print(error)
"""
    assert run(code).splitlines() == ["(1, 1600)", "torchaudio.forced_align needs a torchaudio built for this torch"]


# the filter bank and the adapter


def test_the_filter_bank_is_kaldis():
    torch = pytest.importorskip("torch", reason="needs callqa[diarize]")
    from callqa.speech.campplus import fbank
    from callqa.speech.offline import import_pyannote

    import_pyannote()
    from torchaudio.compliance import kaldi

    sound = torch.sin(torch.arange(61 * 16_000) ** 2 * 1e-6) * 0.3
    expected = kaldi.fbank(sound[None], num_mel_bins=80, dither=0.0, sample_frequency=16_000)
    torch.testing.assert_close(fbank(sound), expected, atol=2e-3, rtol=0)  # over a minute: across the block's edge
    assert fbank(sound[:399]).shape == (0, 80)


@pytest.fixture(scope="module")
def diarizer() -> Pyannote:
    pytest.importorskip("torch", reason="needs callqa[diarize]")
    try:
        folders = [models.path(name) for name in ("segmentation-3.0", "campplus")]
    except ModelError as error:
        pytest.skip(f"no weights on this machine: {error}")
    return Pyannote.load(*folders, PyannoteOptions())


@pytest.fixture(scope="module")
def talk() -> tuple[Channel, dict[str, list[Span]]]:
    """Twenty-seven seconds of a mono sample call and who speaks when in it."""
    truth = SAMPLES / "s03-ru-interrogator.json"
    if not truth.is_file():
        pytest.skip("no sample_audio in this checkout")
    call = json.loads(truth.read_text(encoding="utf-8"))
    sound = decode(SAMPLES / call["audio"])
    sides: dict[str, list[Span]] = {"rep": [], "customer": []}
    for turn in call["turns"]:
        if turn["end"] <= 27:
            sides[turn["speaker"]].append(Span(turn["start"], turn["end"]))
    speech = tuple(sorted(span for spans in sides.values() for span in spans))
    return Channel("s03/0", sound.samples[0, : 27 * sound.rate], sound.rate, speech), sides


def test_two_voices_of_a_sample_call_are_told_apart(diarizer, talk):
    channel, sides = talk
    (found,) = diarizer.diarize([channel])
    assert len(found.spans) == 2
    assert found.separation >= 0.3
    hits = [[covered(overlaps(voice, sides[side])) for side in ("rep", "customer")] for voice in found.spans]
    right = max(hits[0][0] + hits[1][1], hits[0][1] + hits[1][0])
    assert right >= 0.9 * sum(covered(spans) for spans in sides.values())


def test_exclusive_spans_do_not_overlap_and_voices_come_in_order_of_their_first_word(diarizer, talk):
    (found,) = diarizer.diarize([talk[0]])
    assert not overlaps(*found.exclusive)
    assert max(span.end for spans in found.spans for span in spans) <= len(talk[0].samples) / talk[0].rate
    assert [spans[0].start for spans in found.exclusive] == sorted(spans[0].start for spans in found.exclusive)
    for all_of_it, alone in zip(found.spans, found.exclusive, strict=True):
        assert covered(without(alone, all_of_it)) == pytest.approx(0)


def test_one_voice_stays_one(diarizer, talk):
    channel, sides = talk
    own = [span for span in sides["customer"] if span.duration > 0.5]
    samples = np.concatenate([channel.samples[int(s.start * channel.rate) : int(s.end * channel.rate)] for s in own])
    one = Channel("one/0", samples, channel.rate, (Span(0, len(samples) / channel.rate),))
    (found,) = diarizer.diarize([one])
    assert len(found.spans) == 1


def still(seconds: float, *speech: Span, level: float = 0.0, rate: int = 8000) -> Channel:
    noise = np.random.default_rng(1).standard_normal(round(seconds * rate)).astype(np.float32)
    return Channel("still/0", level * noise, rate, speech)


@pytest.mark.parametrize(
    "channel", [still(0), still(5), still(12, level=0.001), still(0.2)], ids=["empty", "silence", "noise", "a click"]
)
def test_where_nobody_speaks_there_are_no_speakers(diarizer, channel):
    assert diarizer.diarize([channel])[0].spans == ()


@pytest.mark.parametrize("seconds", [0.01, 0.2, 3.0])
def test_sound_that_only_voice_activity_calls_speech_is_one_untrusted_voice(diarizer, seconds):
    (found,) = diarizer.diarize([still(seconds, Span(0, seconds), level=1e-4)])
    assert found.spans == found.exclusive == ((Span(0, seconds),),)
    assert found.separation == 0


def test_nothing_is_found_far_from_voice_activity(diarizer, talk):
    channel, _ = talk
    heard = Channel(channel.key, channel.samples, channel.rate, tuple(s for s in channel.speech if s.end < 15))
    (found,) = diarizer.diarize([heard])
    assert max(span.end for spans in found.spans for span in spans) < 15 + PyannoteOptions().margin + 0.02


def test_several_recordings_at_once_are_told_as_each_alone(diarizer, talk):
    channel, _ = talk
    part = Channel("part/0", channel.samples[: 12 * channel.rate], channel.rate, (Span(0, 12),))
    channels = [part, still(3), channel]
    assert diarizer.diarize(channels) == [diarizer.diarize([one])[0] for one in channels]
    assert diarizer.diarize([]) == []


def test_another_process_tells_the_same(diarizer, talk):
    channel, _ = talk
    part = Channel("part/0", channel.samples[: 12 * channel.rate], channel.rate, (Span(0, 12),))
    code = f"""
from pathlib import Path
from callqa.audio import decode
from callqa.speech import Channel
from callqa.speech.pyannote import Pyannote, PyannoteOptions
from callqa.types import Span
import callqa.models as models
sound = decode(Path({str(SAMPLES / "s03-ru-interrogator.flac")!r}))
part = Channel("part/0", sound.samples[0, : 12 * sound.rate], sound.rate, (Span(0, 12),))
folders = [models.path(name) for name in ("segmentation-3.0", "campplus")]
print(Pyannote.load(*folders, PyannoteOptions()).diarize([part]))
"""
    assert run(code) == repr(diarizer.diarize([part]))
