"""Turns and words as the phrase analysers hear them; whatever the times of words, none of them breaks."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spoken import call

from callqa.analysers.heard import Heard, Moment, unheard
from callqa.analysers.registry import make
from callqa.config import load, shipped
from callqa.types import Call, Metadata, Recording, Span, Transcript, Turn, Word

SETTINGS = load(shipped("configs") / "callqa.toml")
USED = ("script", "trackers", "objections", "next_step", "qualification")
ANALYSERS = make([choice for choice in SETTINGS.analysers if choice.use in USED], "callqa.toml")
TALK = ("rep 0-4 раз два", "customer 5-9 три четыре", "rep 10-14 пять шесть", "customer 15-19 семь восемь")


def heard(*lines, backchannels=frozenset()):
    return Heard.of(call(*lines, language="ru"), backchannels)


@pytest.mark.parametrize(("at", "turn"), [(-1, -1), (0, 0), (4.5, 0), (5, 1), (14.9, 2), (99, 3)])
def test_a_moment_belongs_to_the_last_turn_that_has_begun(at, turn):
    assert heard(*TALK).turn(at) == turn


@pytest.mark.parametrize(
    ("turn", "side", "most", "expected"),
    [(0, "customer", 9, [1, 3]), (0, "customer", 1, [1]), (0, "rep", 9, [2]), (3, "rep", 9, []), (-1, "rep", 1, [0])],
)
def test_the_turns_that_follow(turn, side, most, expected):
    assert heard(*TALK).following(turn, side, most) == expected


def test_listening_signals_are_heard_though_they_take_no_turn():
    said = heard("rep 0-4 раз два", "customer 4.1-4.4 угу", "rep 4.5-9 пять шесть", backchannels=frozenset({"угу"}))
    assert len(said.floors) == 1
    assert said.hits(["угу"], "customer") == [Moment(Span(4.1, 4.4), "customer")]


def test_hits_of_both_sides_come_in_order_of_time():
    both = heard("rep 0-2 раз", "customer 3-4 раз", "rep 5-6 раз").hits(["раз"], "customer", "rep")
    assert [(m.start, m.side) for m in both] == [(0, "rep"), (3, "customer"), (5, "rep")]


@pytest.mark.parametrize(
    ("lines", "sides", "reason"),
    [
        (TALK, ("rep", "customer"), None),
        (TALK[:1], ("rep",), None),
        (TALK[:1], ("rep", "customer"), "customer_silent"),
        (("rep 0-4", "customer 5-9 да"), ("rep", "customer"), "no_words"),
        (("unknown 0-4 да",), ("rep",), "sides_unknown"),
        (("ivr 0-4 нажмите",), ("rep",), "no_speech"),
        ((), ("rep",), "no_speech"),
    ],
)
def test_why_a_side_cannot_be_judged(lines, sides, reason):
    assert unheard(call(*lines, language="ru"), *sides) == reason


WORDS = st.sampled_from(
    """дорого понимаю зато подумать созвонимся завтра да хорошо бюджет когда решение принимаете здравствуйте свидания
    скидка не вы должны почему сто процентов директор чем сравниваете? удобно?""".split()
)


@st.composite
def calls(draw):
    """Turns in any order of sides, overlapping or not, with words that may lie seconds beside them."""
    turns, at = [], 0.0
    for _ in range(draw(st.integers(1, 9))):
        start = max(0.0, at + draw(st.floats(-3, 5)))
        end = start + draw(st.floats(0.05, 8))
        said = draw(st.lists(st.tuples(WORDS, st.floats(-3, 11), st.floats(0, 2)), max_size=6))
        words = tuple(Word(w, max(0.0, start + off), max(0.0, start + off) + long) for w, off, long in said)
        turns.append(Turn(draw(st.sampled_from(["rep", "customer", "ivr", "unknown"])), start, end, words))
        at = end
    return Call(Recording("a", "a.wav", "a", at, 8000, 2, ""), Metadata("a.wav"), Transcript("ru", tuple(turns)))


@settings(max_examples=150, deadline=None)
@given(calls())
def test_no_time_of_turns_or_words_breaks_a_phrase_analyser(a_call):
    for analyser in ANALYSERS:
        found = list(analyser.analyse(a_call))
        assert [m.name for m in found] == [m.name for m in analyser.measures]
        assert all(m.value is None or m.value >= 0 for m in found)
        assert all(0 <= e.start <= e.end for m in found for e in m.evidence)
