"""How a voice sounds, on pitch and level drawn by hand."""

import math

import numpy as np
import pytest
from spoken import call, lexicons, measured, value

from callqa.analysers.tone import Tone
from callqa.types import Track

TONE = Tone(lexicons("backchannels"))
STEP = 0.01


def track(seconds, pitch=lambda t: 200.0, level=lambda t: -20.0, kind=list):
    """One value a hundredth of a second, each of its middle."""
    times = [(i + 0.5) * STEP for i in range(round(seconds / STEP))]
    return Track(STEP, kind([pitch(t) for t in times]), kind([level(t) for t in times]))


def semitones(height):
    return 200.0 * 2 ** (height / 12)


def said(*lines, rep=None, customer=None, **about):
    tracks = {side: one for side, one in (("rep", rep), ("customer", customer)) if one is not None}
    return call(*lines, tracks=tracks, **about)


def wave(t):
    """Two and a half semitones up and down, twice a second."""
    return semitones(2.5 * math.sin(4 * math.pi * t))


@pytest.mark.parametrize("kind", [list, tuple, np.array])
def test_pitch_spread_is_the_deviation_in_semitones(kind):
    assert value(TONE, said("rep 0-10 a", rep=track(10, wave, kind=kind)), "pitch_spread") == pytest.approx(
        2.5 / math.sqrt(2), abs=0.01
    )
    assert value(TONE, said("rep 0-10 a", rep=track(10)), "pitch_spread") == 0  # one note


def test_octave_errors_and_unvoiced_sound_do_not_widen_the_pitch():
    def erring(t):
        return 0.0 if int(t * 100) % 7 == 0 else wave(t) * (2 if int(t * 100) % 11 == 0 else 1)

    assert value(TONE, said("rep 0-10 a", rep=track(10, erring)), "pitch_spread") == pytest.approx(
        2.5 / math.sqrt(2), abs=0.05
    )


def test_a_voice_is_judged_where_it_speaks_alone():
    # on a mono call both sides share one track: while the customer speaks, the pitch is nobody's
    shared = track(20, lambda t: wave(t) if t < 10 else semitones(5))
    lines = ["rep 0-12 a", "customer 10-20 b"]
    found = measured(TONE, said(*lines, rep=shared, customer=shared))
    assert found["pitch_spread"].value == pytest.approx(2.5 / math.sqrt(2), abs=0.01)
    assert found["pitch_spread"].n == 10
    assert found["pitch_spread_customer"].value == 0


@pytest.mark.parametrize("slope", [25.0, -25.0])
def test_phrase_ends_rise_or_fall(slope):
    lines = [f"rep {5 * i}-{5 * i + 3} a" for i in range(4)]

    def ending(t):
        return semitones(slope * max(0.0, t % 5 - 2.6))

    found = measured(TONE, said(*lines, rep=track(20, ending)))["phrase_end_slope"]
    assert found.value == pytest.approx(slope, abs=0.1)
    assert found.n == 4
    assert found.evidence[0].note == f"{'+' if slope > 0 else '−'}25 st/s at the end"
    assert (found.evidence[0].start, found.evidence[0].end) == (2.2, 3)


def test_loudness_range_spans_the_middle_of_the_levels():
    found = said("rep 0-10 a", rep=track(10, level=lambda t: -20.0 - 12 * (int(t) % 2)))
    assert value(TONE, found, "loudness_range") == pytest.approx(12)
    notes = [
        e.note
        for e in measured(TONE, said("rep 0-3 a", "rep 5-8 b", rep=track(8, level=lambda t: -20 - t)))[
            "loudness_range"
        ].evidence
    ]
    assert notes == ["−2.5 dB against the mean", "+2.5 dB against the mean"]


def hushed(*spans):
    return lambda t: -55.0 if any(start <= t < end for start, end in spans) else -20.0


@pytest.mark.parametrize(
    ("lines", "quiet", "expected"),
    [
        (["rep 0-20 a"], [(5, 5.5)], 3),  # one in 20 s
        (["rep 0-20 a"], [(5, 5.3)], 0),  # 0.3 s is not more than 0.3 s
        (["rep 0-20 a"], [(0, 1), (19, 20)], 0),  # before and after, not inside
        (["rep 0-9 a", "rep 10-20 b"], [], 3),  # a pause that voice activity shows
        (["rep 0-9 a", "customer 9-10 price", "rep 10-20 b"], [], 0),  # the customer speaks
        (["rep 0-9 a", "rep 14-20 b"], [], 0),  # that is the end of a turn
        (["rep 0-20 a"], [(5, 5.5), (9, 9.4), (12, 13)], 9),
    ],
)
def test_pauses_are_those_inside_ones_own_turn(lines, quiet, expected):
    a_call = said(*lines, rep=track(20, level=hushed(*quiet)))
    assert value(TONE, a_call, "pauses_per_minute") == pytest.approx(expected, rel=0.06)


def test_the_longest_pause_stands_first():
    a_call = said("rep 0-20 a", rep=track(20, level=hushed((5, 5.5), (12, 13))), language="ru")
    assert [(e.start, e.end, e.note) for e in measured(TONE, a_call)["pauses_per_minute"].evidence] == [
        (12, 13, "пауза 1,0 с"),
        (5, 5.5, "пауза 0,5 с"),
    ]


@pytest.mark.parametrize(
    ("a_call", "name", "expected"),
    [
        (said("rep 0-10 a"), "pitch_spread", "no_sound"),
        (said("rep 0-10 a"), "pauses_per_minute", "no_sound"),
        (said(rep=track(10)), "pitch_spread", "no_speech"),
        (said("rep 0-10 a", customer=track(10)), "loudness_range_customer", "customer_silent"),
        (said("rep 0-2 a", rep=track(10)), "pitch_spread", "too_little_speech"),
        (said("rep 0-2 a", rep=track(10)), "loudness_range", "too_little_speech"),
        (said("rep 0-10 a", rep=track(10, lambda t: 0.0)), "phrase_end_slope", "too_little_speech"),
        (said("rep 0-10 a", rep=track(3)), "loudness_range", 0),  # a track shorter than the turns
    ],
)
def test_what_cannot_be_heard_is_not_zero(a_call, name, expected):
    assert value(TONE, a_call, name) == expected


def test_no_measure_names_a_feeling():
    words = " ".join(f"{m.name} {m.en} {m.ru}" for m in TONE.measures).lower()
    assert not any(word in words for word in ("emotion", "angry", "happy", "mood", "эмоци", "настроен", "злост"))
