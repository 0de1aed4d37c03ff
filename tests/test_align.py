"""Words of a mono call go to the voice that was speaking."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callqa.speech import Speakers
from callqa.speech.align import by_speaker
from callqa.types import Span, Word


def spoken(*speakers: str) -> Speakers:
    spans = tuple(tuple(Span(*map(float, part.split("-"))) for part in turns.split()) for turns in speakers)
    return Speakers(spans, spans, 1.0)


TWO = spoken("0-2 5-6", "2-4 8-9")


@pytest.mark.parametrize(
    ("start", "end", "speaker"),
    [
        (0.2, 0.8, 0),
        (2.2, 2.6, 1),
        (1.5, 2.2, 0),  # most of it is the first's
        (1.9, 2.6, 1),
        (1.5, 2.5, 0),  # half and half: the one named first
        (4.1, 4.3, 1),  # in a pause: the nearer turn
        (4.6, 4.9, 0),
        (7.2, 7.8, 1),
        (6.2, 6.4, 0),
        (9.5, 10.0, 1),  # after the last turn
        (5.5, 8.3, 0),  # across a pause: who holds more of it
        (3.0, 3.0, 1),  # an instant inside a turn
        (4.4, 4.4, 1),  # an instant outside
    ],
)
def test_a_word_goes_to_the_turn_that_holds_most_of_it_or_lies_nearest(start, end, speaker):
    said = by_speaker([Word("да", start, end)], TWO)
    assert [len(words) for words in said] == [int(i == speaker) for i in range(2)]


def test_before_the_first_turn_the_word_is_its_speakers():
    assert by_speaker([Word("алло", 0.0, 0.3)], spoken("4-5", "1-2")) == ((), (Word("алло", 0.0, 0.3),))


@pytest.mark.parametrize("speakers", [spoken(), spoken("", "")])
def test_without_turns_nobody_is_given_words(speakers):
    assert by_speaker([Word("да", 1, 2)], speakers) == tuple(() for _ in speakers.exclusive)


def test_a_silent_speaker_has_an_empty_place():
    word = Word("да", 0, 1)
    assert by_speaker([word], spoken("", "0-1")) == ((), (word,))


@given(st.lists(st.tuples(st.integers(0, 100), st.integers(0, 9)), max_size=20))
def test_every_word_is_kept_once_and_in_order(times):
    words = [Word(str(i), start / 10, (start + length) / 10) for i, (start, length) in enumerate(sorted(times))]
    said = by_speaker(words, TWO)
    assert sorted((word for mine in said for word in mine), key=lambda w: int(w.text)) == words
    assert all(list(mine) == sorted(mine, key=lambda w: int(w.text)) for mine in said)
