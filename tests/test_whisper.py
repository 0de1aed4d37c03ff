"""Words by Whisper: how speech is packed and words are placed, and on the sample calls what is heard."""

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from speech_models import missing, sample

from callqa import models, truth
from callqa.audio import decode
from callqa.evaluation import plain
from callqa.speech import Channel
from callqa.speech.chunks import Chunk, pieces
from callqa.speech.vad import speech
from callqa.speech.whisper import Whisper, WhisperOptions
from callqa.types import Span

WEIGHTS = missing("whisper-base", "silero-vad")
needs_weights = pytest.mark.skipif(bool(WEIGHTS), reason=WEIGHTS or "-")


@pytest.mark.parametrize(
    ("speech", "expected"),
    [
        ([], []),
        ([Span(1, 2)], [(0.75, 2.25)]),
        ([Span(0.1, 2), Span(2.4, 3)], [(0, 3.25)]),  # padding meets: one stretch
        ([Span(58, 59.9)], [(57.75, 60)]),
        ([Span(0, 60)], [(0, 20), (20, 40), (40, 60)]),  # longer than a window: equal parts
    ],
)
def test_speech_is_cut_into_stretches_a_window_can_hold(speech, expected):
    assert [(round(p.start, 2), round(p.end, 2)) for p in pieces(speech, 0.25, 28.0, 60.0)] == expected


@pytest.mark.parametrize(
    ("inside", "outside", "piece"),
    [(0.5, 10.5, 0), (1.9, 11.9, 0), (2.5, 20.5, 1), (5.0, 23.0, 1), (9.0, 27.0, 1)],
)
def test_a_time_inside_a_chunk_is_a_time_of_the_call(inside, outside, piece):
    chunk = Chunk(0, (Span(10, 12), Span(20, 23)))
    assert chunk.at(inside) == (pytest.approx(outside), chunk.pieces[piece])


@pytest.fixture(scope="module")
def whisper():
    return Whisper.load(models.path("whisper-base"), WhisperOptions(), "cpu")


@pytest.fixture(scope="module")
def call():
    """40 s of a two-channel call as channels, with its truth."""
    sound, label = sample("exemplary")
    heard = decode(sound)
    cut = [channel[: 40 * heard.rate] for channel in heard.samples]
    return [Channel(f"s/{i}", x, heard.rate, speech(x, heard.rate)) for i, x in enumerate(cut)], truth.read(label)


@needs_weights
def test_a_channel_is_heard_the_same_alone_and_among_others(whisper, call):
    channels, true = call
    together = whisper.transcribe([*channels, *channels], [true.language] * 4)
    assert together[0] == together[2]
    for channel, one in zip(channels, together[:2], strict=True):
        assert whisper.transcribe([channel], [true.language]) == [one]


@needs_weights
def test_features_made_ahead_change_no_word(whisper, call):
    channels, true = call
    one_by_one = replace(whisper, options=replace(whisper.options, batch=1))
    ahead = replace(one_by_one, ahead=2)
    assert one_by_one.options.window == "fit"
    assert ahead.transcribe(channels, [true.language] * 2) == one_by_one.transcribe(channels, [true.language] * 2)


@pytest.mark.parametrize(
    ("window", "seconds", "frames"),
    [
        ("fit", 1.0, 1000),
        ("fit", 8.0, 1000),
        ("fit", 8.1, 1200),
        ("fit", 20.0, 2200),
        ("fit", 28.0, 3000),
        ("full", 1.0, 3000),
        ("full", 28.0, 3000),
    ],
)
def test_a_window_fits_its_chunk_and_two_seconds_but_is_never_under_ten(window, seconds, frames):
    assert Whisper(None, WhisperOptions(window=window))._frames(seconds) == frames


@needs_weights
def test_most_words_are_right_and_lie_where_they_were_said(whisper, call):
    channels, true = call
    for i, one in enumerate(whisper.transcribe(channels, [true.language] * 2)):
        said = {plain(w.text): w for t in true.turns if true.channels[t.side] == i and t.end < 39 for w in t.words}
        heard = [(plain(w.text), w) for w in one.words]
        right = [(w, said[text]) for text, w in heard if text in said]
        assert len(right) > 0.5 * len(said)
        near = [w for w, s in right if abs((w.start + w.end) / 2 - (s.start + s.end) / 2) < 0.5]
        assert len(near) > 0.6 * len(right)  # some words are said twice
        assert all(0 <= w.confidence <= 1 for _, w in heard)
        assert all(a.start <= b.start for a, b in pairwise(one.words))


@needs_weights
@pytest.mark.parametrize(("part", "language"), [("exemplary", "ru"), ("-en-", "en")])
def test_the_language_is_found_from_both_channels_together(whisper, part, language):
    names = sorted(path.stem for path in sample("exemplary")[0].parent.glob("*.json") if part in path.name)
    heard = decode(sample(names[0])[0])
    channels = [Channel(str(i), x, heard.rate, speech(x, heard.rate)) for i, x in enumerate(heard.samples)]
    assert whisper.language(channels, ["ru", "en"]) == language
    assert whisper.language(channels, ["en"]) == "en"


@needs_weights
@pytest.mark.parametrize("level", [0.0, 0.003, 0.05])
def test_silence_and_noise_give_no_words(whisper, level):
    noise = (level * np.random.default_rng(1).standard_normal(20 * 8000)).astype(np.float32)
    channel = Channel("n", noise, 8000, speech(noise, 8000))
    assert whisper.language([channel], ["ru", "en"]) == "ru"
    (heard,) = whisper.transcribe([channel], ["ru"])
    assert heard.words == ()


@needs_weights
def test_noise_taken_for_speech_gives_no_invented_text(whisper):
    noise = (0.02 * np.random.default_rng(1).standard_normal(20 * 8000)).astype(np.float32)
    (heard,) = whisper.transcribe([Channel("n", noise, 8000, (Span(2, 18),))], ["ru"])
    assert len(heard.words) <= 2
