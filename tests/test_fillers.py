"""Which words count as fillers, and when a word that can carry meaning does."""

import pytest
from spoken import call, lexicons, measured, value

from callqa.analysers.fillers import Fillers
from callqa.types import Call, Metadata, Recording, Transcript, Turn, Word

FILLERS = Fillers(lexicons("fillers"))


@pytest.mark.parametrize(
    ("said", "language", "expected"),
    [
        ("Это как бы программа для складов.", "ru", 1),
        ("Ну, в общем, у нас, э-э, программа.", "ru", 3),
        ("Ээээ, сейчас посмотрю.", "ru", 1),
        ("Вот эта система лучше.", "ru", 0),  # указывает
        ("У нас, вот, новая система.", "ru", 1),
        ("Он сделал так, что стало лучше.", "ru", 0),
        ("Так, перейдём к цене.", "ru", 1),
        ("Да. Так. Понятно.", "ru", 0),  # всё предложение - ответ
        ("Я думаю ну это дорого.", "ru", 1),  # «ну это» целиком
        ("Значит, в среду.", "ru", 1),
        ("Это значит много для нас.", "ru", 0),
        ("Так точно, вот именно.", "ru", 0),
        ("Um, we have, you know, ten vans.", "en", 2),
        ("I like it, and I would like to go on.", "en", 0),
        ("It was, like, ten vans.", "en", 1),
        ("Well, it works well.", "en", 1),
        ("Do you know the price?", "en", 0),
        ("Uh huh. Go on.", "en", 0),  # a listening signal
        ("Basically, I mean, it works.", "en", 2),
    ],
)
def test_fillers_are_counted_where_they_carry_no_meaning(said, language, expected):
    words = len(said.split())
    assert value(FILLERS, call(f"rep 0-6 {said}", language=language), "fillers") == pytest.approx(
        100 * expected / words
    )


def said(*words, side="rep", language="ru"):
    turn = Turn(side, words[0].start, words[-1].end, words)
    return Call(Recording("a", "a", "a", 9, 8000, 2, ""), Metadata("a"), Transcript(language, (turn,)))


@pytest.mark.parametrize(("gap", "expected"), [(0.2, 0), (0.5, 50)])
def test_a_pause_stands_for_punctuation(gap, expected):
    two = said(Word("значит", 1, 1.5), Word("среда", 1.5 + gap, 2.5 + gap))
    before = said(Word("там", 0, 0.5), Word("значит", 0.5, 1), Word("много", 1 + gap, 2 + gap))
    assert value(FILLERS, two, "fillers") == 50  # the turn's edge is a pause
    assert value(FILLERS, before, "fillers") == pytest.approx(expected * 2 / 3)


def test_sounds_of_hesitation_are_among_the_fillers_and_apart():
    found = measured(FILLERS, call("rep 0-5 Э-э, ну, наверное, э-э, да.", language="ru"))
    assert (found["fillers"].value, found["hesitations"].value, found["hesitations"].n) == (60, 40, 5)


def test_the_most_repeated_filler_stands_first():
    found = measured(FILLERS, call("rep 0-8 Типа да. Ну, как бы цена. Ну, как бы такая. Ну, вот.", language="ru"))
    notes = [e.note for e in found["fillers"].evidence]
    assert [note.split(":")[0] for note in notes[:3]] == ["как бы ×2", "как бы ×2", "ну ×2"]
    assert notes[0] == "как бы ×2: да. Ну, как бы цена. Ну,"


@pytest.mark.parametrize(
    ("lines", "name", "expected"),
    [
        (["customer 0-5 Ну, да."], "fillers", "rep_silent"),
        (["customer 0-5 Ну, да."], "fillers_customer", 50),
        (["rep 0-5", "customer 6-9 да"], "fillers", "no_words"),
        ([], "fillers", "no_speech"),
    ],
)
def test_no_words_is_not_no_fillers(lines, name, expected):
    assert value(FILLERS, call(*lines, language="ru"), name) == expected


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_shipped_lists_are_rich_and_hold_no_entry_twice(language):
    lists = lexicons("fillers")[language]
    entries = [entry for name in ("sounds", "always", "beside", "between") for entry in lists[name]]
    assert len(entries) >= 35
    assert len(entries) == len(set(entries))
    signals = lexicons("backchannels")[language]["backchannels"]
    assert len(signals) >= 60
    assert len(signals) == len(set(signals))
    assert all(signal == signal.lower().replace("ё", "е") for signal in signals)
    assert any(" " in signal for signal in signals)


def test_where_a_recogniser_wrote_nothing_but_dots_there_is_nothing_to_count_among():
    found = measured(FILLERS, call("rep 0-6 ... ..."))["fillers"]
    assert (found.value, found.reason) == (None, "no_words")
