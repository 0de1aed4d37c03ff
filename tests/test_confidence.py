"""Cues of how surely a rep speaks, each listed with its moment."""

import pytest
from shipped_lists import analyser
from spoken import call, measured, value

from callqa.types import Call, Metadata, Recording, Track, Transcript, Turn, Word

CONFIDENCE = analyser("confidence")


@pytest.mark.parametrize(
    ("said", "language", "hedges"),
    [
        ("Наверное, мы сможем это сделать.", "ru", 1),
        ("Мне кажется, вам подойдёт.", "ru", 1),
        ("Я не уверен, что это так.", "ru", 1),
        ("По идее должно работать, может быть.", "ru", 2),
        ("Как вам кажется, подойдёт?", "ru", 0),
        ("Вам подойдёт этот тариф.", "ru", 0),
        ("Maybe it works for you.", "en", 1),
        ("I think it should work.", "en", 2),
        ("I am not sure about that.", "en", 1),
        ("What do you think about it?", "en", 0),
        ("What kind of vans are they?", "en", 0),
        ("It works with every van.", "en", 0),
    ],
)
def test_hedges_are_heard_in_both_languages(said, language, hedges):
    found = measured(CONFIDENCE, call(f"rep 0-6 {said}", "customer 7-9 Да.", language=language))["hedges"]
    assert len(found.evidence) == hedges
    assert found.value == pytest.approx(100 * hedges / len(said.split()))


def spoken(words, f0=None):
    """A rep's turn of words at given times; pitch a hundred times a second."""
    turn = Turn("rep", 0.0, words[-1][2], tuple(Word(*word) for word in words))
    recording = Recording("a", "a.wav", "a", words[-1][2], 8000, 2, "")
    tracks = {} if f0 is None else {"rep": Track(0.01, f0, [-20.0] * len(f0))}
    return Call(recording, Metadata("a.wav"), Transcript("ru", (turn,)), tracks)


@pytest.mark.parametrize(
    ("words", "pauses"),
    [
        ([("Цена", 0, 0.5), ("шесть", 1.1, 1.5), ("тысяч.", 1.5, 2)], 1),
        ([("Цена", 0, 0.5), ("шесть", 0.9, 1.5), ("тысяч.", 1.5, 2)], 0),  # 0.4 s between words is no pause
        ([("Вот.", 0, 0.5), ("Шесть", 1.1, 1.5), ("тысяч.", 1.5, 2)], 0),  # a new sentence
        ([("Цена", 0, 0.5), ("такая", 1.1, 1.5), ("же.", 1.5, 2)], 0),
        ([("Цена", 0, 0.5), ("шесть", 4.0, 4.5), ("тысяч.", 4.5, 5)], 0),  # the turn was over
        ([("Цена", 0, 0.5), ("6000", 1.1, 1.5), ("рублей.", 1.5, 2)], 1),
    ],
)
def test_pauses_before_numbers(words, pauses):
    assert measured(CONFIDENCE, spoken(words))["number_pauses"].n == pytest.approx(3)
    assert len(measured(CONFIDENCE, spoken(words))["number_pauses"].evidence) == pauses


def rising(seconds, slope, last=0.4):
    """Level pitch that goes up by ``slope`` semitones a second over the last of it."""
    frames = round(seconds * 100)
    begins = frames - round(last * 100)
    return [150.0 * 2 ** (slope * max(0, i - begins) / 100 / 12) for i in range(frames)]


@pytest.mark.parametrize(
    ("last", "slope", "rises"),
    [
        ("склада.", 15.0, 1),
        ("склада.", 5.0, 0),
        ("склада.", -15.0, 0),
        ("склада?", 15.0, 0),  # a question may rise
    ],
)
def test_statements_that_rise(last, slope, rises):
    words = [("Это", 0, 1), ("программа", 1, 2), ("для", 2, 3), (last, 3, 4)]
    found = measured(CONFIDENCE, spoken(words, rising(4, slope)))["rising_statements"]
    assert len(found.evidence) == rises


def test_the_sum_lists_every_cue_in_order_of_time():
    words = [("Ну,", 0, 0.4), ("наверное,", 0.4, 1), ("цена", 1, 1.5), ("шесть", 2.2, 3), ("тысяч.", 3, 4)]
    found = measured(CONFIDENCE, spoken(words, rising(4, 15.0)))
    assert [e.note.split(":")[0] for e in found["confidence_cues"].evidence] == [
        "слово-паразит", "оговорка", "пауза перед числом", "тон вверх",
    ]  # fmt: skip
    assert found["confidence_cues"].value == 100 * 4 / 5


def test_what_is_a_hedge_and_a_filler_is_one_cue_of_the_sum():
    words = [("Это", 0, 1), ("как", 1, 1.2), ("бы", 1.2, 2), ("программа.", 2, 3)]
    found = measured(CONFIDENCE, spoken(words, rising(3, 0.0)))
    assert [e.note.split(":")[0] for e in found["confidence_cues"].evidence] == ["оговорка"]


def test_without_sound_the_sum_is_unknown_and_its_parts_are_not():
    there = call("rep 0-6 Наверное, мы сможем.", "customer 7-9 Да.", language="ru")
    assert value(CONFIDENCE, there, "confidence_cues") == "no_sound"
    assert value(CONFIDENCE, there, "rising_statements") == "no_sound"
    assert value(CONFIDENCE, there, "hedges") == pytest.approx(100 / 3)
