"""Recognisers in ONNX form, beyond what every recogniser promises: tokens to words, batches, languages."""

from dataclasses import replace
from itertools import permutations

import numpy as np
import pytest
import toy_recognisers as toys
from onnx_asr.asr import TimestampedResult

from callqa import models
from callqa.speech import Channel
from callqa.speech.onnx import OnnxAsr, OnnxOptions, words_of
from callqa.types import Span


@pytest.fixture(scope="module", params=toys.MAKERS)
def ear(request, tmp_path_factory):
    folder = tmp_path_factory.mktemp(request.param)
    return OnnxAsr.load(folder, toys.MAKERS[request.param](folder), OnnxOptions("toy"), "cpu")


def channel(text, rate=8000, before=1.0):
    sound = toys.said(text, rate)
    return Channel(text, np.pad(sound, int(before * rate)), rate, (Span(before, before + len(sound) / rate),))


@pytest.mark.parametrize(
    ("tokens", "words"),
    [
        ([], []),
        ([" "], []),
        (["д", "а", " ", "н", "е", "т"], ["да", "нет"]),  # letters, a space of its own
        ([" при", "вет", " мир"], ["привет", "мир"]),  # pieces that begin with their space
        ([" да", ",", " нет", "."], ["да,", "нет."]),
        ([" да", " ?"], ["да?"]),  # a mark has no word of its own, even after a space
        ([" кое", "-", "то"], ["кое-то"]),
        ([" —", " да"], ["да"]),  # nor has one at the beginning
        ([" 1", "5", "0", " тысяч"], ["150", "тысяч"]),
        ([" да", "<unk>", " нет"], ["да", "нет"]),
        (["<unk>"], []),
    ],
)
def test_tokens_spell_words(tokens, words):
    timed = [(token, 0.1 * i, -0.1) for i, token in enumerate(tokens)]
    assert [text for text, *_ in words_of(timed)] == words


def test_no_word_goes_over_a_pause_that_was_cut_out():
    tokens = [("д", 0.5, 0.0), ("а", 0.8, 0.0), (".", 1.1, 0.0), ("н", 1.3, 0.0), ("е", 1.4, 0.0), ("т", 2.2, 0.0)]
    assert [text for text, *_ in words_of(tokens, breaks=(1.0, 2.0))] == ["да.", "не", "т"]


def test_a_word_begins_with_its_first_letter_and_ends_before_the_next_word():
    tokens = [(" до", 1.0, 0.0), ("говор", 1.1, 0.0), (".", 3.0, 0.0), (" Да", 3.1, 0.0), (" нет", 3.15, 0.0)]
    assert [(start, end) for _, start, end, _ in words_of(tokens)] == [(1.0, 1.45), (3.1, 3.15), (3.15, 3.36)]


def test_confidence_is_the_geometric_mean_of_the_letters_and_never_over_one():
    tokens = [(" а", 0.0, np.log(0.9)), ("б", 0.1, np.log(0.4)), (",", 0.2, np.log(0.01)), (" в", 0.3, 1e-6)]
    assert [confidence for *_, confidence in words_of(tokens)] == [0.6, 1.0]


def test_words_are_right_and_lie_where_they_were_said(ear):
    (heard,) = ear.transcribe([channel("аб вгд")], ["ru"])
    assert [word.text for word in heard.words] == ["аб", "вгд"]
    assert heard.dropped == ()
    step = toys.LETTER + toys.GAP  # the third sound is the space
    for word, first, letters in zip(heard.words, (0, 3), (2, 3), strict=True):
        begins = 1.0 + toys.GAP + first * step
        assert word.start == pytest.approx(begins, abs=0.1)
        assert word.end == pytest.approx(begins + letters * step - toys.GAP, abs=0.15)


def test_times_are_those_of_the_channel_over_all_pauses(ear):
    sounds = [toys.said(word, 8000) for word in ("аб", "вгд")]
    quiet = np.zeros(5 * 8000, np.float32)
    spans = (Span(5, 5 + len(sounds[0]) / 8000), Span(10 + len(sounds[0]) / 8000, 10 + sum(map(len, sounds)) / 8000))
    call = Channel("c", np.concatenate([quiet, sounds[0], quiet, sounds[1], quiet]), 8000, spans)
    (heard,) = ear.transcribe([call], ["ru"])
    assert [word.text for word in heard.words] == ["аб", "вгд"]
    for word, span in zip(heard.words, spans, strict=True):
        assert word.start == pytest.approx(span.start, abs=0.2)


def test_a_channel_at_another_rate_says_the_same(ear):
    said = [ear.transcribe([channel("да вгад", rate)], ["ru"])[0].words for rate in (8000, 16000, 48000)]
    assert [[word.text for word in words] for words in said] == [["да", "вгад"]] * 3


def test_speech_longer_than_a_window_is_heard_to_its_end(ear):
    words = ["".join(word) for word in permutations("авгд", 3)]
    call = channel("____ ".join(words))  # 34 s
    halves = (Span(1.0, 9.5), Span(10.2, call.speech[0].end))
    (whole,) = ear.transcribe([call], ["ru"])
    (parts,) = replace(ear, options=replace(ear.options, chunk=5.0)).transcribe([replace(call, speech=halves)], ["ru"])
    assert [word.text for word in whole.words] == words
    assert len({word.text for word in parts.words} & set(words)) > 18  # a window may end within a word
    assert parts.words[-1].text == words[-1]
    assert parts.words[-1].end == pytest.approx(whole.words[-1].end, abs=0.1)


class Listening:
    """A model that hears nothing and remembers what it was given: (samples of all, samples of each)."""

    def __init__(self):
        self.given = []

    def _get_sample_rate(self):
        return 8000

    def recognize_batch(self, waves, lengths, **options):
        self.given.append((waves.shape[1] / 8000, [round(length / 8000, 2) for length in lengths]))
        return iter([TimestampedResult("")] * len(waves))


@pytest.mark.parametrize(
    ("quantization", "given"),
    [
        (None, [(5.0, [5.0, 4.6]), (2.0, [1.2, 1.9]), (2.0, [1.5]), (1.0, [0.4])]),
        ("int8", [(5.0, [5.0]), (4.6, [4.6]), (1.2, [1.2]), (1.9, [1.9]), (1.5, [1.5]), (0.4, [0.4])]),
    ],
)
def test_windows_of_one_filled_length_go_together_but_a_quantised_model_gets_each_alone(quantization, given):
    ear = OnnxAsr(Listening(), models.Onnx("toy", ("ru",), quantization), OnnxOptions("toy", batch=2))
    lengths = (1.2, 5.0, 1.9, 0.4, 1.5, 4.6, 0.05)  # the last is too short to hold a word
    calls = [Channel(str(i), np.zeros(int(s * 8000), np.float32), 8000, (Span(0, s),)) for i, s in enumerate(lengths)]
    assert all(heard.words == () for heard in ear.transcribe(calls, ["ru"] * len(calls)))
    assert ear.model.given == given


@pytest.mark.parametrize(
    ("text", "allowed", "language"),
    [("f_____", ["ru", "en"], "en"), ("аб", ["en", "ru"], "ru"), ("", ["en", "ru"], "en"), ("аб", ["en"], "en")],
)
def test_a_recogniser_of_two_languages_tells_them_by_the_letters_it_writes(tmp_path, text, allowed, language):
    ear = OnnxAsr.load(tmp_path, toys.parakeet(tmp_path), OnnxOptions("toy"), "cpu")
    assert ear.language([channel(text), channel("")], allowed) == language


def test_a_recogniser_of_one_language_takes_every_call_for_that_one(tmp_path):
    ear = OnnxAsr.load(tmp_path, toys.gigaam(tmp_path), OnnxOptions("toy"), "cpu")
    assert ear.language([channel("f")], ["en", "ru"]) == "ru"


def test_a_stock_phrase_of_subtitles_is_no_reason_to_drop_a_window(tmp_path):
    """What writes no full stops would lose all that stands beside it."""
    ear = OnnxAsr(Saying(), models.Onnx("toy", ("ru",)), OnnxOptions("toy"))
    sound = np.zeros(4 * 8000, np.float32)
    (heard,) = ear.transcribe([Channel("c", sound, 8000, (Span(0, 4),))], ["ru"])
    assert " ".join(word.text for word in heard.words) == Saying.text


class Saying(Listening):
    """A model that writes one thing, a word a third of a second."""

    text = "продолжение следует из договора"

    def recognize_batch(self, waves, lengths, **options):
        words = [f" {word}" for word in self.text.split()]
        times = [0.3 * i for i in range(len(words))]
        return iter([TimestampedResult(self.text, times, words, [-0.1] * len(words))] * len(waves))
