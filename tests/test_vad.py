"""Where somebody speaks: edges by hand-made probabilities, the rest on the sample calls."""

from itertools import pairwise

import numpy as np
import pytest
from speech_models import missing, sample

from callqa import truth
from callqa.audio import decode
from callqa.speech.channels import unbled
from callqa.speech.vad import STEP, levels, probabilities, spans, speech, speeches
from callqa.types import Span, covered, joined, without

needs_weights = pytest.mark.skipif(bool(missing("silero-vad")), reason=missing("silero-vad") or "-")


def at(*ups, count=200):
    """Probabilities that are high from step a to step b."""
    values = np.full(count, 0.01, np.float32)
    for a, b in ups:
        values[a:b] = 0.9
    return values


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (at(), []),
        (at((10, 50)), [(10, 50)]),
        (at((10, 50), (60, 90)), [(10, 90)]),  # a pause of 0.3 s is a breath
        (at((10, 50), (80, 90)), [(10, 50), (80, 90)]),  # one of a second is not
        (at((10, 12)), []),  # a click
        (at((150, 200)), [(150, 200)]),  # speech up to the last sample
        (np.full(200, 0.3, np.float32), []),  # never sure enough to begin
        (np.where(np.arange(200) == 10, 0.9, 0.25).astype(np.float32), [(10, 200)]),  # sure once, then sure enough
    ],
)
def test_probabilities_become_spans(values, expected):
    found = spans(values, 200 * STEP)
    assert [(round(s.start + 0.03, 2), round(min(s.end - 0.03, 200 * STEP), 2)) for s in found] == [
        (round(a * STEP, 2), round(min(b * STEP, 200 * STEP - 0.03), 2)) for a, b in expected
    ]


def test_levels_are_decibels_under_full_scale():
    assert levels(np.full(8192, 0.1, np.float32), 8000).tolist() == pytest.approx([-20.0] * 32, abs=0.01)
    assert levels(np.zeros(8000, np.float32), 8000).max() == pytest.approx(-120.0)


@needs_weights
@pytest.mark.parametrize("part", ["exemplary", "monologue"])
def test_speech_of_each_channel_is_where_the_truth_has_it(part):
    sound, label = sample(part)
    true, heard = truth.read(label), decode(sound)
    for side in ("rep", "customer"):
        channel = true.channels[side]
        said = joined(t.span for t in true.turns if t.side == side)
        found = speech(heard.samples[channel], heard.rate)
        assert covered(without(said, found)) < 0.13 * covered(said)  # of a listener's two "угу" one may be missed


@needs_weights
@pytest.mark.parametrize("under", [8.0, 14.0, 30.0])
def test_two_voices_that_leak_into_each_other_keep_their_own_speech(under):
    sound, label = sample("exemplary")
    true, heard = truth.read(label), decode(sound)
    gain, delay = 10 ** (-under / 20), round(0.005 * heard.rate)
    left, right = heard.samples
    mixed = np.stack([left + gain * np.roll(right, delay), right + gain * np.roll(left, delay)])
    found = unbled(mixed, heard.rate, [speech(channel, heard.rate) for channel in mixed])
    for side in ("rep", "customer"):
        said = joined(t.span for t in true.turns if t.side == side)
        own = found[true.channels[side]]
        assert covered(without(said, own)) < 0.12 * covered(said)  # a turn's pauses, where the other listens aloud, too
        assert covered(without(own, said)) < 0.15 * covered(said)


@needs_weights
@pytest.mark.parametrize("seed", range(3))
def test_silence_and_line_noise_hold_no_speech(seed):
    noise = (0.003 * np.random.default_rng(seed).standard_normal(20 * 8000)).astype(np.float32)
    assert speech(noise, 8000) == ()
    assert speech(np.zeros(8000, np.float32), 8000) == ()
    assert speech(np.zeros(0, np.float32), 8000) == ()


@needs_weights
def test_spans_lie_inside_the_recording_and_in_order():
    heard = decode(sample("exemplary")[0])
    found = speech(heard.samples[0][: 20 * heard.rate], heard.rate)
    assert found
    assert all(a.end < b.start for a, b in pairwise(found))
    assert Span(0, 20).end >= found[-1].end
    assert probabilities(heard.samples[:, : 4 * heard.rate], heard.rate).shape == (len(heard.samples), 125)


@needs_weights
def test_channels_looked_at_together_are_as_each_alone():
    heard = decode(sample("exemplary")[0])
    cut = heard.samples[:, : 20 * heard.rate]
    assert len(cut) == 2
    assert speeches(cut, heard.rate) == [speech(channel, heard.rate) for channel in cut]
    assert speeches(cut[:, :0], heard.rate) == [(), ()]
