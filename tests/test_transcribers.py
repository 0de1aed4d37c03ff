"""What every recogniser promises: Whisper on its own weights, and each kind that onnx-asr runs on a model made here."""

from dataclasses import dataclass
from itertools import pairwise

import msgspec
import numpy as np
import pytest
import toy_recognisers as toys
from speech_models import missing, sample

from callqa import models
from callqa.audio import decode
from callqa.speech import Channel, Transcriber
from callqa.speech.by_language import ByLanguage
from callqa.speech.onnx import OnnxAsr, OnnxOptions
from callqa.speech.vad import speech
from callqa.speech.whisper import Whisper, WhisperOptions
from callqa.types import Span

PADDING = 0.25
WEIGHTS = missing("whisper-base", "silero-vad")
WHISPER = pytest.param("whisper", marks=pytest.mark.skipif(bool(WEIGHTS), reason=WEIGHTS or "-"))


@dataclass(frozen=True)
class Case:
    """A recogniser, how to load it afresh, and channels in which it hears words, of several lengths and rates."""

    ear: Transcriber
    again: object
    channels: tuple[Channel, ...]


def letters(text, rate, before):
    """A channel of tones after so many seconds of silence."""
    sound = toys.said(text, rate)
    speech_at = Span(before, before + len(sound) / rate)
    return Channel(text, np.pad(sound, (int(before * rate), rate)), rate, (speech_at,))


def whisper():
    def load():
        return Whisper.load(models.path("whisper-base"), WhisperOptions(), "cpu")

    heard = decode(sample("exemplary")[0])
    cuts = [heard.samples[0][: 20 * heard.rate], heard.samples[1][: 14 * heard.rate]]
    return load, [Channel(f"w/{i}", x, heard.rate, speech(x, heard.rate)) for i, x in enumerate(cuts)]


def toy(kind, folder):
    about = toys.MAKERS[kind](folder)

    def load():
        return OnnxAsr.load(folder, about, OnnxOptions("toy", batch=4), "cpu")

    said = [("аб вгд", 8000, 1.0), ("да вада багда вад", 16000, 0.4), ("гад", 44100, 3.3)]
    return load, [letters(*row) for row in said]


@pytest.fixture(scope="module", params=[WHISPER, *toys.MAKERS, "two"])
def case(request, tmp_path_factory):
    """``two``: languages that go to recognisers of their own."""
    if request.param == "whisper":
        load, channels = whisper()
    elif request.param == "two":
        general, channels = toy("parakeet", tmp_path_factory.mktemp("general"))
        own, _ = toy("gigaam", tmp_path_factory.mktemp("own"))

        def load():
            return ByLanguage(general(), {"ru": own()})
    else:
        load, channels = toy(request.param, tmp_path_factory.mktemp(request.param))
    return Case(load(), load, tuple(channels))


def hears(ear, channels):
    return ear.transcribe(channels, ["ru"] * len(channels))


def test_every_channel_gets_its_words_in_the_order_of_the_channels(case):
    forth, back = hears(case.ear, case.channels), hears(case.ear, case.channels[::-1])
    assert all(heard.words for heard in forth)
    assert forth == back[::-1]


def test_a_channel_is_heard_the_same_alone_and_among_others(case):
    together = hears(case.ear, [*case.channels, *case.channels])
    assert together[: len(case.channels)] == together[len(case.channels) :]
    for channel, heard in zip(case.channels, together, strict=False):
        assert hears(case.ear, [channel]) == [heard]


def test_words_are_in_order_and_lie_where_somebody_speaks(case):
    for channel, heard in zip(case.channels, hears(case.ear, case.channels), strict=True):
        reach = [Span(span.start - PADDING, span.end + PADDING) for span in channel.speech]
        for word in heard.words:
            assert word.text == word.text.strip() != ""
            assert word.start <= word.end
            assert 0 <= word.confidence <= 1
            assert any(span.start - 0.001 <= word.start and word.end <= span.end + 0.001 for span in reach)
        assert all(a.start <= b.start for a, b in pairwise(heard.words))


def test_two_loads_of_a_model_give_the_same_bytes(case):
    first, second = (msgspec.json.encode(hears(ear, case.channels)) for ear in (case.ear, case.again()))
    assert first == second


@pytest.mark.parametrize("span", [(), (Span(1, 8),), (Span(0, 0.05),)], ids=["no speech", "none in it", "too short"])
def test_silence_gives_no_words(case, span):
    silent = Channel("s", np.zeros(9 * 8000, np.float32), 8000, span)
    assert [heard.words for heard in hears(case.ear, [silent, case.channels[0], silent])][::2] == [(), ()]


def test_where_nobody_speaks_the_language_is_the_first_one(case):
    silent = Channel("s", np.zeros(9 * 8000, np.float32), 8000, ())
    assert case.ear.language([silent], ["ru", "en"]) == "ru"
    assert case.ear.language([], ["ru", "en"]) == "ru"
    assert case.ear.language(case.channels, ["ru"]) == "ru"


def test_no_channels_give_nothing(case):
    assert case.ear.transcribe([], []) == []


def test_channels_of_two_languages_are_each_heard_in_their_own(case):
    first, second = case.channels[:2]
    mixed = case.ear.transcribe([first, second, first], ["ru", "en", "ru"])
    assert mixed[1:2] == case.ear.transcribe([second], ["en"])
    assert [mixed[0], mixed[2]] == hears(case.ear, [first, first])
