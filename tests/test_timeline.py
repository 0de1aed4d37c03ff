"""Pieces, turns and the active span: what every figure of conversation stands on."""

import pytest
from spoken import call

from callqa.analysers.timeline import Rules, timeline
from callqa.types import Call, Metadata, Recording, Span, Transcript, Turn, Word

RULES = Rules(backchannels=frozenset({"yes", "right", "uh", "huh", "i see"}))


def floors(*lines, **about):
    return [(f.side, f.start, f.end) for f in timeline(call(*lines, **about), RULES).floors]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["rep 0-4 a", "rep 4.3-6 b"], [("rep", 0, 6)]),
        (["rep 0-4 a", "rep 7-9 b"], [("rep", 0, 9)]),
        (["rep 0-4 a", "rep 7.1-9 b"], [("rep", 0, 4), ("rep", 7.1, 9)]),
        (["rep 0-10 a", "customer 5-5.5 what", "rep 11-12 b"], [("rep", 0, 12)]),  # short, inside
        (["rep 0-10 a", "customer 5-6.5 yes right", "rep 11-12 b"], [("rep", 0, 12)]),  # a listener's words
        (["rep 0-10 a", "customer 10.2-11 I see.", "rep 11.5-12 b"], [("rep", 0, 12)]),
        (
            ["rep 0-10 a?", "customer 10.2-11 yes", "rep 11.5-12 b"],
            [("rep", 0, 10), ("customer", 10.2, 11), ("rep", 11.5, 12)],
        ),
        (["rep 0-10 a", "customer 10.2-11 yes"], [("rep", 0, 10), ("customer", 10.2, 11)]),  # nobody goes on
        (
            ["rep 0-10 a", "customer 9-15 but the price", "rep 15-16 b"],
            [("rep", 0, 10), ("customer", 9, 15), ("rep", 15, 16)],
        ),
        (["rep 0-10 a", "customer 4-6 but wait now", "rep 10.2-11 b"], [("rep", 0, 11)]),  # never got the floor
        (["rep 0-4 a", "customer 5-5.1 b", "ivr 6-9 c"], [("rep", 0, 4)]),  # a click, a menu
        ([], []),
    ],
)
def test_turns_are_what_a_person_would_call_turns(lines, expected):
    assert floors(*lines) == expected


@pytest.mark.parametrize(
    ("lines", "events", "expected"),
    [
        (["rep 2-4 a", "customer 5-9 b"], [], [Span(2, 9)]),
        (["ivr 0-5 a", "rep 6-9 b"], [], [Span(6, 9)]),
        (["rep 0-4 a", "customer 20-24 b"], [("hold_music", 5, 19)], [Span(0, 5), Span(19, 24)]),
        (
            ["rep 0-4 a", "rep 8-10 c", "customer 20-24 b"],
            [("hold_music", 5, 19)],
            [Span(0, 5), Span(8, 10), Span(19, 24)],
        ),
        (["unknown 0-4 a"], [], []),
    ],
)
def test_the_active_span_leaves_menus_and_music_out(lines, events, expected):
    assert list(timeline(call(*lines, events=events), RULES).active) == expected


@pytest.mark.parametrize(
    ("start", "piece"),
    [(4.9, 1), (2.2, 0), (3.4, 0), (3.6, 1), (9.0, 1)],
)
def test_a_word_between_two_pieces_belongs_to_the_nearer(start, piece):
    # times of words and of voice come from different models
    word = Word("слово", start, start + 0.1)
    turns = (Turn("rep", 0, 2, (word,)), Turn("rep", 5, 7))
    found = timeline(Call(Recording("a", "a", "a", 9, 8000, 2, ""), Metadata("a"), Transcript("ru", turns)), RULES)
    assert [len(p.words) for p in found.pieces] == [1 - piece, piece]
