"""Tones and hold music are found where they are; speech is never taken for one."""

from pathlib import Path

import numpy as np
import pytest

from callqa import truth
from callqa.audio import decode
from callqa.speech.sounds import events
from callqa.types import overlaps

ROOT = Path(__file__).parents[1]
SHARED = ROOT.parent / "shared"
RATE = 8000


def tone(seconds, *hertz, level=0.2, rate=RATE):
    t = np.arange(int(seconds * rate)) / rate
    return (level * sum(np.sin(2 * np.pi * hz * t) for hz in hertz) / len(hertz)).astype(np.float32)


def quiet(seconds, rate=RATE):
    return np.zeros(int(seconds * rate), np.float32)


def voiced(seconds, pitch=120.0, seed=0, rate=RATE):
    """Something like speech: gliding harmonics in syllables of uneven length and loudness."""
    chance = np.random.default_rng(seed)
    n = int(seconds * rate)
    knots = int(seconds * 5) + 2
    course = np.interp(np.arange(n), np.linspace(0, n, knots), pitch * 2 ** (chance.normal(0, 3, knots) / 12))
    loud = np.interp(np.arange(n), np.linspace(0, n, knots), chance.uniform(0, 1, knots) ** 2)
    phase = 2 * np.pi * np.cumsum(course) / rate
    sound = sum(np.sin(k * phase) / k for k in range(1, 25) if k * pitch * 1.6 < rate / 2)
    return (0.2 * loud * sound).astype(np.float32)


def noisy(samples, db=-55.0, seed=1):
    noise = np.random.default_rng(seed).normal(0, 10 ** (db / 20), samples.shape)
    return (samples + noise).astype(np.float32)


def melody(seconds, seed=2, rate=RATE):
    """Notes of several partials that stand for a third of a second to one second, with a chord under them."""
    chance = np.random.default_rng(seed)
    notes = []
    while sum(map(len, notes)) < seconds * rate:
        hz, length = 220 * 2 ** (chance.integers(0, 24) / 12), chance.uniform(0.35, 1.0)
        fall = np.exp(-np.arange(int(length * rate)) / (0.8 * rate))
        notes.append(fall * sum(tone(length, hz * k, level=0.15 / k, rate=rate) for k in (1, 2, 3)))
    line = np.concatenate(notes)[: int(seconds * rate)]
    return (line + tone(seconds, 262, 330, 392, level=0.08, rate=rate)[: len(line)]).astype(np.float32)


def cadence(count, on, off, *hertz, rate=RATE):
    return np.concatenate([np.concatenate([tone(on, *hertz, rate=rate), quiet(off, rate)]) for _ in range(count)])


def found(*pieces, rate=RATE):
    sound = noisy(np.concatenate(pieces))
    return [(e.kind, e.start, e.end) for e in events(sound[None], rate)]


@pytest.mark.parametrize(
    ("sound", "expected"),
    [
        (cadence(3, 1.0, 4.0, 425), [("ringback", 1, 12)]),  # Russia, Europe
        (cadence(2, 2.0, 4.0, 440, 480), [("ringback", 1, 9)]),  # North America
        (cadence(1, 1.0, 1.0, 425), [("ringback", 1, 2)]),
        (cadence(5, 0.35, 0.35, 425), [("busy", 1, 4.15)]),
        (cadence(4, 0.5, 0.5, 480, 620), [("busy", 1, 4.5)]),
        (cadence(1, 0.35, 1.0, 425), []),  # one short burst is no busy tone
        (tone(0.15, 697, 1209), [("dtmf", 1, 1.15)]),
        (cadence(3, 0.1, 0.4, 941, 1336), [("dtmf", 1, 1.1), ("dtmf", 1.5, 1.6), ("dtmf", 2, 2.1)]),
        (tone(0.2, 697, 852), []),  # two tones of one group are no key
        (tone(0.4, 1000), [("beep", 1, 1.4)]),
        (tone(0.2, 1400), [("beep", 1, 1.2)]),
        (tone(0.05, 1000), []),
        (melody(12), [("hold_music", 1, 13)]),
        (melody(3), []),  # too short to be on hold
    ],
)
@pytest.mark.parametrize("rate", [8000, 16000])
def test_tones_and_music_at_their_place(sound, expected, rate):
    if rate == 16000:
        sound = np.repeat(sound, 2)
        sound = np.convolve(sound, [0.5, 0.5], "same").astype(np.float32)
    heard = found(quiet(1, rate), sound, quiet(1, rate), rate=rate)
    assert [kind for kind, _, _ in heard] == [kind for kind, _, _ in expected]
    for (kind, start, end), (_, true_start, true_end) in zip(heard, expected, strict=True):
        within = 0.4 if kind == "hold_music" else 0.05
        assert (start, end) == (pytest.approx(true_start, abs=within), pytest.approx(true_end, abs=within))


@pytest.mark.parametrize("pitch", [90, 120, 180, 240, 330])
@pytest.mark.parametrize("seed", range(4))
def test_speech_is_no_tone_and_no_music(pitch, seed):
    assert found(voiced(20, pitch, seed)) == []


@pytest.mark.parametrize("sound", [quiet(10), 0.05 * np.random.default_rng(3).normal(0, 1, 80000), tone(10, 50)])
def test_silence_noise_and_hum_are_nothing(sound):
    assert events(sound.astype(np.float32)[None], RATE) == ()


def test_who_speaks_between_two_rings_is_not_swallowed():
    talk = np.concatenate([quiet(1), voiced(2), quiet(1)])
    heard = found(quiet(1), tone(1.0, 425), talk, tone(1.0, 425), quiet(1))
    assert [(kind, round(start), round(end)) for kind, start, end in heard] == [("ringback", 1, 2), ("ringback", 6, 7)]


def test_music_stops_where_speech_begins():
    heard = found(melody(8), quiet(0.3), voiced(6), quiet(0.3), melody(8, seed=5))
    assert [kind for kind, _, _ in heard] == ["hold_music", "hold_music"]
    assert heard[0][2] <= 8.3
    assert heard[1][1] >= 14.3


def test_a_tone_that_leaks_into_the_other_channel_is_told_once():
    ring = noisy(np.concatenate([quiet(1), tone(1.0, 425), quiet(2)]))
    both = np.stack([0.08 * ring, ring])
    assert [(e.kind, e.channel) for e in events(both, RATE)] == [("ringback", 1)]


@pytest.mark.parametrize("samples", [np.zeros((1, 0), np.float32), np.zeros((2, 100), np.float32)])
def test_a_sound_too_short_for_a_frame_holds_nothing(samples):
    assert events(samples, RATE) == ()


def test_a_long_call_is_read_in_blocks_with_no_seam():
    long = np.concatenate([quiet(50), melody(25), quiet(40), cadence(3, 1.0, 4.0, 425)])
    assert [(kind, round(start), round(end)) for kind, start, end in found(long)] == [
        ("hold_music", 50, 75),
        ("ringback", 115, 126),
    ]


def labelled(folder):
    if not folder.is_dir():
        return [pytest.param(folder, id=folder.name, marks=pytest.mark.skip(reason=f"needs {folder.parent.name}/"))]
    return [pytest.param(path, id=path.stem) for path in truth.find(folder)]


@pytest.mark.parametrize("path", [*labelled(ROOT / "sample_audio"), *labelled(SHARED / "calls")])
def test_labelled_calls_hold_the_labelled_sounds_and_lose_no_speech(path):
    call = truth.read(path)
    sound = decode(call.audio)
    heard = events(sound.samples, sound.rate)
    assert sorted((e.kind, e.channel) for e in heard) == sorted((e.kind, e.channel) for e in call.events)
    assert all(any(e.kind == t.kind and e.span & t.span for t in call.events) for e in heard)
    for channel in range(len(sound.samples)):
        spoken = [t.span for t in call.turns if call.channels.get(t.side, -1) in (channel, -1)]
        assert overlaps([e.span for e in heard if e.channel == channel], spoken) == ()


@pytest.mark.parametrize("folder", ["prompts_ru", "prompts_en", "en_phone_call", "phone_ru"])
def test_recorded_speech_holds_none(folder):
    paths = sorted(p for p in (SHARED / "data" / folder).glob("*") if p.suffix in (".wav", ".flac"))
    if not paths:
        pytest.skip("needs ../shared/data")
    sounds = [decode(path) for path in paths]
    assert [(p.name, e) for p, s in zip(paths, sounds, strict=True) for e in events(s.samples, s.rate)] == []


def test_recorded_hold_music_is_music_from_its_first_second():
    path = SHARED / "data" / "hold_music" / "macroform-cold_day.wav"
    if not path.exists():
        pytest.skip("needs ../shared/data")
    sound = decode(path)
    heard = events(sound.samples, sound.rate)
    assert {e.kind for e in heard} == {"hold_music"}
    assert heard[0].start < 1
    assert sum(e.span.duration for e in heard) > 0.85 * sound.duration
