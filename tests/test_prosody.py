"""Pitch follows the voice, on telephone sound too; level is in dB; where nobody speaks both say so."""

import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from callqa.speech.prosody import STEP, _steadied, tracks
from callqa.types import Span

RATE = 8000


def voice(course, rate=RATE, low=0.0, high=3400.0, level=0.1):
    """Harmonics of a pitch course (Hz, one value a sample), those between ``low`` and ``high`` alone."""
    phase = 2 * np.pi * np.cumsum(course) / rate
    sound = np.zeros(len(course))
    for k in range(1, 40):
        inside = (k * course > low) & (k * course < min(high, rate / 2.2))
        sound += inside * np.sin(k * phase) / k**0.7
    return (level * sound / np.abs(sound).max()).astype(np.float32)


def semitones(measured, true):
    return 12 * np.log2(measured / true)


@pytest.mark.parametrize("hertz", [80, 110, 160, 220, 300])
@pytest.mark.parametrize(("rate", "low"), [(8000, 0), (16000, 0), (8000, 300)])  # 300: the line cuts the fundamental
def test_a_steady_voice_has_its_pitch(hertz, rate, low):
    sound = voice(np.full(2 * rate, float(hertz)), rate, low)
    track = tracks(sound, rate, [Span(0, 2)])
    heard = np.asarray(track.f0)[20:180]
    assert np.mean(heard > 0) > 0.95
    assert np.median(np.abs(semitones(heard[heard > 0], hertz))) < 0.3


@pytest.mark.parametrize(("start", "end"), [(100, 200), (260, 130), (180, 190)])
def test_a_glide_is_followed(start, end):
    course = np.geomspace(start, end, 3 * RATE)
    heard = np.asarray(tracks(voice(course, low=300), RATE, [Span(0, 3)]).f0)
    true = np.geomspace(start, end, len(heard))
    inside = slice(20, -20)
    voiced = heard[inside] > 0
    assert voiced.mean() > 0.9
    assert np.percentile(np.abs(semitones(heard[inside][voiced], true[inside][voiced])), 90) < 0.7


def test_a_frame_that_jumps_an_octave_is_brought_back():
    steady = np.full(300, 120.0)
    steady[100:110] = 0
    jumping = steady.copy()
    jumping[50:53] *= 2
    jumping[200] /= 2
    assert _steadied(jumping) == pytest.approx(steady)


def test_a_frame_that_fits_nowhere_is_unvoiced():
    jumping = np.full(300, 120.0)
    jumping[50] = 120 * 2**1.5
    assert np.flatnonzero(_steadied(jumping) == 0).tolist() == [50]


def test_a_wide_melody_is_kept():
    melody = 120 * 2 ** (7 * np.sin(np.linspace(0, 12, 300)) / 12)
    assert _steadied(melody) == pytest.approx(melody)


def test_two_voices_an_octave_apart_keep_theirs():
    low, high = voice(np.full(2 * RATE, 105.0)), voice(np.full(2 * RATE, 230.0))
    spans = [Span(0, 1.95), Span(2.05, 4)]
    heard = np.asarray(tracks(np.concatenate([low, high]), RATE, spans).f0)
    for piece, hertz in ((heard[20:180], 105), (heard[220:380], 230)):
        assert np.median(piece[piece > 0]) == pytest.approx(hertz, rel=0.03)


def test_pitch_is_read_where_somebody_speaks_alone():
    sound = voice(np.full(4 * RATE, 150.0))
    heard = np.asarray(tracks(sound, RATE, [Span(1, 2), Span(3, 3.5)]).f0)
    speaking = np.zeros(len(heard), bool)
    speaking[100:200] = speaking[300:350] = True
    assert not heard[~speaking].any()
    assert (heard[speaking] > 0).mean() > 0.9


@pytest.mark.parametrize("rate", [8000, 11025, 16000])
@pytest.mark.parametrize(("samples", "count"), [(0, 0), (1, 1), (0.01, 1), (1.234, 124), (3.0, 300)])
def test_silence_is_a_track_of_zeros_to_the_last_sample(rate, samples, count):
    n = samples if isinstance(samples, int) else round(samples * rate)
    track = tracks(np.zeros(n, np.float32), rate, [Span(0, n / rate)])
    assert (len(track.f0), len(track.level), track.step) == (count, count, STEP)
    assert not np.any(track.f0)
    assert np.all(np.asarray(track.level) == -120.0)


@pytest.mark.parametrize(("amplitude", "db"), [(1.0, -3.01), (0.1, -23.01), (0.001, -63.01)])
def test_the_level_of_a_sine_is_its_rms_against_full_scale(amplitude, db):
    sine = amplitude * np.sin(2 * np.pi * 200 * np.arange(RATE) / RATE)
    track = tracks(sine.astype(np.float32), RATE, [])
    assert np.asarray(track.level)[5:-5] == pytest.approx(db, abs=0.1)


def test_the_level_steps_where_the_sound_does():
    sound = np.concatenate([np.zeros(RATE), 0.1 * np.ones(RATE)]).astype(np.float32)
    level = np.asarray(tracks(sound, RATE, []).level)
    assert np.all(level[:98] == -120)
    assert level[102:] == pytest.approx(-20, abs=0.01)


def test_another_process_gives_the_same_bytes():
    code = (
        "import hashlib, sys; sys.path.insert(0, 'tests'); import numpy as np;"
        "from test_prosody import voice, RATE; from callqa.speech.prosody import tracks; from callqa.types import Span;"
        "t = tracks(voice(np.geomspace(90, 200, 2 * RATE)), RATE, [Span(0.1, 1.9)]);"
        "print(hashlib.sha256(np.asarray(t.f0).tobytes() + np.asarray(t.level).tobytes()).hexdigest())"
    )
    root = Path(__file__).parents[1]
    first, second = (
        subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, check=True).stdout
        for _ in range(2)
    )
    assert len(first.strip()) == 64
    assert first == second
