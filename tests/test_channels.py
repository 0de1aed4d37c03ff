"""What channels are to each other: two parties, a copy, a leak."""

import numpy as np
import pytest

from callqa.speech import Channel, Heard
from callqa.speech.channels import layout, unbled, unbled_words
from callqa.types import Span, Word, covered, overlaps, without

RATE = 8000
REP, CUSTOMER = (Span(1, 8), Span(16, 24)), (Span(9, 15), Span(26, 29))
SECONDS = 30


def voice(spans, seed, level=0.2):
    """Speech-like sound: noise in the telephone band under a syllable's envelope, silence elsewhere. Shape (n,)."""
    random = np.random.default_rng(seed)
    noise = np.convolve(random.standard_normal(SECONDS * RATE), np.ones(4) / 4, "same")
    t = np.arange(SECONDS * RATE) / RATE
    envelope = 0.15 + np.abs(np.sin(2 * np.pi * 2.3 * t + seed))
    gate = sum(((t >= s.start) & (t < s.end)) for s in spans)
    return (level * noise * envelope * gate).astype(np.float32)


def hiss(seed):
    return (0.0005 * np.random.default_rng(seed).standard_normal(SECONDS * RATE)).astype(np.float32)


A, B = voice(REP, 1) + hiss(11), voice(CUSTOMER, 2) + hiss(12)


@pytest.mark.parametrize(
    ("samples", "speech", "kind", "channels"),
    [
        ([A], [REP], "mono", (0,)),
        ([A, B], [REP, CUSTOMER], "stereo", (0, 1)),
        ([A + B, A + B], [REP + CUSTOMER] * 2, "mono", (0,)),
        ([A + B, 0.3 * (A + B) + hiss(5)], [REP + CUSTOMER] * 2, "mono", (0,)),  # a copy, quieter, with its own noise
        ([A + 0.3 * B, B + 0.3 * A], [REP + CUSTOMER] * 2, "stereo", (0, 1)),  # a leak is no copy
        ([A + B, np.zeros_like(A)], [REP + CUSTOMER, ()], "mono", (0,)),  # the other line is dead
        ([A, hiss(3)], [REP, ()], "stereo", (0, 1)),  # the other line is open, nobody speaks
        ([hiss(3), A, B, A], [(), REP, CUSTOMER, REP], "stereo", (1, 2)),
    ],
)
def test_the_layout_is_found_in_the_sound(samples, speech, kind, channels):
    plan = layout(np.stack(samples), RATE, speech)
    assert (plan.kind, plan.channels) == (kind, channels)
    assert plan.reason


@pytest.mark.parametrize("gain", [1.0, 0.5])
@pytest.mark.parametrize("leak", [0.02, 0.05, 0.1, 0.3, 0.45])
def test_what_leaked_from_the_other_channel_is_not_its_speech(leak, gain):
    quiet = gain * B  # a customer on a bad line
    heard = np.stack([A + leak * quiet, quiet + leak * A])
    both = REP + CUSTOMER
    rep, customer = unbled(heard, RATE, [both, both])
    assert covered(without(REP, rep)) < 0.05 * covered(REP)
    assert covered(without(CUSTOMER, customer)) < 0.05 * covered(CUSTOMER)
    assert covered(without(rep, REP)) + covered(without(customer, CUSTOMER)) < 1.0


def test_people_who_speak_at_once_both_keep_their_speech():
    spans = (Span(1, 12),), (Span(8, 20),)
    heard = np.stack([voice(spans[0], 3) + hiss(1), voice(spans[1], 4, level=0.05) + hiss(2)])
    rep, customer = unbled(heard, RATE, spans)
    assert covered(overlaps(rep, customer)) > 3.5


def test_a_channel_without_speech_loses_nothing_and_gains_nothing():
    assert unbled(np.stack([A, hiss(3)]), RATE, [REP, ()]) == (REP, ())


def test_words_of_the_other_channel_are_taken_out_with_their_reason():
    channels = [Channel("c/0", A, RATE, REP), Channel("c/1", B, RATE, CUSTOMER)]
    mine = (Word("добрый", 1.5, 2.0), Word("слушаю", 10.0, 10.5), Word("э", 25.0, 25.1))
    first, second = unbled_words(channels, [Heard(mine), Heard((Word("слушаю", 10.0, 10.5),))])
    assert [w.text for w in first.words] == ["добрый", "э"]  # a word in nobody's speech is no leak
    assert [(d.text, d.reason) for d in first.dropped] == [("слушаю", "leaked_from_other_channel")]
    assert [w.text for w in second.words] == ["слушаю"]
