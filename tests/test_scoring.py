"""Bands, blocks, gates and the sum of points lost, as a head of sales would check them with a pencil."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callqa.cli.show import REASONS
from callqa.config import shipped
from callqa.errors import ConfigError
from callqa.reports.texts import catalogue
from callqa.scoring import Card, Eligibility, Fatal, Rule, ineligible, load_card, points, score
from callqa.types import Call, Evidence, Measure, Measurement, Metadata, Recording, Transcript, Turn, Word

TALK = Rule("talk", "balance", "talk_share", 2.0, (0.1, 0.3, 0.5, 0.9))
STEP = Rule("step", "structure", "next_step", 1.0, (0.0, 1.0, 1.0, 2.0))
ASKS = Rule("asks", "discovery", "questions", 1.0, (0.0, 10.0, 20.0, 40.0), bands={"demo": (0.0, 2.0, 20.0, 40.0)})


def turns(*lines):
    """ "rep 0-30 слова" as turns."""
    result = []
    for line in lines:
        side, times, *words = line.split()
        start, end = map(float, times.split("-"))
        step = (end - start) / max(1, len(words))
        said = tuple(Word(w, start + i * step, start + (i + 1) * step) for i, w in enumerate(words))
        result.append(Turn(side, start, end, said))
    return tuple(result)


TALKING = turns("rep 0-30 добрый день меня зовут Анна", "customer 31-60 слушаю вас")


def call(lines=TALKING, call_type=None, **transcript):
    end = max((t.end for t in lines), default=0)
    recording = Recording("a", "a.wav", "a", end, 8000, 2, "")
    return Call(recording, Metadata("a.wav", call_type=call_type), Transcript("ru", lines, **transcript))


def card(*rules, **options):
    return Card("test", "1", "discovery", rules, **options)


def values(**measured):
    return {k: Measurement(k, v, reason=None if v is not None else "no_speech") for k, v in measured.items()}


@pytest.mark.parametrize(
    ("value", "expected"),
    [(0.0, 0), (0.1, 0), (0.2, 50), (0.3, 100), (0.5, 100), (0.7, 50), (0.9, 0), (1.0, 0)],
)
def test_the_trapezoid(value, expected):
    assert points(value, (0.1, 0.3, 0.5, 0.9)) == expected


@pytest.mark.parametrize(
    ("measured", "expected", "coverage"),
    [
        (values(talk_share=0.4, next_step=1, questions=10), 100, 1.0),
        (values(talk_share=0.7, next_step=1, questions=10), 75, 1.0),  # half of the weight of 2 in 4
        (values(talk_share=0.7, next_step=1, questions=None), 66.67, 0.75),  # what is unknown does not count
        (values(talk_share=0.7, questions=None, next_step=None), None, 0.5),  # under the gate
    ],
)
def test_the_score_is_the_weighted_mean_of_what_could_be_measured(measured, expected, coverage):
    result = score(call(), measured, card(TALK, STEP, ASKS))
    assert (result.score, result.coverage) == (expected, coverage)
    assert (result.reason == "not_enough_evidence") == (expected is None)


@given(st.lists(st.tuples(st.floats(0.01, 20), st.floats(0, 1)), min_size=1, max_size=25))
def test_points_lost_sum_to_what_is_missing_to_the_hundredth(rows):
    rules = [Rule(f"r{i}", "balance", f"m{i}", round(w, 2), (0.0, 0.4, 0.6, 1.0)) for i, (w, _) in enumerate(rows)]
    measured = values(**{f"m{i}": v for i, (_, v) in enumerate(rows)})
    result = score(call(), measured, card(*rules))
    assert sum(round(p.points * 100) for p in result.points_lost) == 10_000 - round(result.score * 100)
    assert all(p.points > 0 for p in result.points_lost)


def test_a_point_lost_names_rule_value_band_quote_and_moment():
    moment = Evidence(0, 30, "30 s without a break")
    measured = {"talk_share": Measurement("talk_share", 0.7, evidence=(moment,))}
    (lost,) = score(call(), measured, card(TALK)).points_lost
    assert (lost.rule, lost.measure, lost.value, lost.band) == ("talk", "talk_share", 0.7, (0.1, 0.3, 0.5, 0.9))
    assert (lost.points, lost.quote, lost.start, lost.end) == (50, "добрый день меня зовут Анна", 0, 30)


def test_a_point_in_time_has_no_words():
    left_out = Evidence(15, 15, "step left out")
    (lost,) = score(
        call(), {"talk_share": Measurement("talk_share", 0.7, evidence=(left_out,))}, card(TALK)
    ).points_lost
    assert (lost.quote, lost.start, lost.end) == ("", 15, 15)


def test_a_band_of_the_call_type_goes_before_the_general_one():
    measured = values(questions=3)
    assert score(call(), measured, card(ASKS)).score == 30
    assert score(call(call_type="demo"), measured, card(ASKS)).score == 100


def test_a_fatal_criterion_caps_the_score_and_raises_a_flag():
    fatal = Fatal("rude", "forbidden_phrases", cap=40.0, above=2.0)
    measured = values(talk_share=0.4, forbidden_phrases=3)
    result = score(call(), measured, card(TALK, fatal=(fatal,)))
    assert (result.score, result.flags) == (40, ("rude",))
    assert [(p.rule, p.points) for p in result.points_lost] == [("rude", 60)]
    assert score(call(), values(talk_share=0.4, forbidden_phrases=2), card(TALK, fatal=(fatal,))).score == 100


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((), "no_speech"),
        (turns("ivr 0-20 нажмите один"), "ivr_only"),
        (turns("ivr 0-10 оставьте сообщение", "rep 11-45 это Анна"), "voicemail"),
        (turns("rep 0-10 алло", "customer 11-20 вы ошиблись"), "too_short"),
        (turns("rep 0-60 говорю", "customer 61-62 да"), "customer_silent"),
        (turns("rep 0-2 алло", "customer 3-62 говорю"), "rep_silent"),
        (TALKING, None),
    ],
)
def test_what_is_no_conversation_is_listed_with_its_reason_and_never_scored(lines, reason):
    result = score(call(lines), values(talk_share=0.7), card(TALK, eligibility=Eligibility()))
    assert (result.eligible, result.reason) == (reason is None, reason)
    assert (result.score is None) == (reason is not None)


def test_a_wrong_number_is_told_by_what_is_said_early_with_little_after_it():
    lines = turns("rep 0-10 алло", "customer 11-20 вы ошиблись", "rep 21-29 извините", "customer 29-60 да")
    said = {"tracker.wrong_number": Measurement("tracker.wrong_number", 1, 1, evidence=(Evidence(18, 20, ""),))}
    never = {"tracker.wrong_number": Measurement("tracker.wrong_number", 0)}
    rules = Eligibility()
    assert ineligible(call(lines[:3]), rules, said) == "wrong_number"
    assert ineligible(call(lines[:3]), rules, never) == "too_short"
    assert ineligible(call(lines), rules, said) is None


@pytest.mark.parametrize("section", ["ineligible", "ineligible_means"])
def test_every_reason_why_a_call_has_no_score_has_words_in_both_languages(section):
    words = catalogue()[section]
    assert set(words) == set(REASONS)
    assert all(row["ru"] and row["en"] for row in words.values())


def test_low_trust_is_told_and_costs_nothing():
    sure = score(call(), values(talk_share=0.7), card(TALK))
    unsure = score(call(layout="mono", separation=0.1), values(talk_share=0.7), card(TALK))
    assert (sure.trust, unsure.trust) == ("high", "low")
    assert sure.score == unsure.score


def test_the_version_names_scorecard_lists_and_engine():
    assert score(call(), values(talk_share=0.4), card(TALK), "abc", "0.1").version == "1+lists.abc+callqa.0.1"


CARD = """
name = "t"
version = "1"
default_call_type = "cold"
[[rules]]
name = "talk"
block = "balance"
measure = "talk_share"
weight = 2.0
band = [0.1, 0.3, 0.5, 0.9]
"""


@pytest.mark.parametrize(
    ("old", "new", "problem"),
    [
        ('"talk_share"', '"talk_shar"', "did you mean 'talk_share'?"),
        ('"balance"', '"ballance"', "is no block; choose from balance"),
        ("weight = 2.0", "weight = 0.0", "a weight is above 0"),
        ("[0.1, 0.3, 0.5, 0.9]", "[0.5, 0.3, 0.1, 0.9]", "a < b <= c < d"),
        ("weight =", "wieght =", "did you mean 'weight'?"),
        ("band = [0.1", 'band = ["x"', "Expected `float`"),
    ],
)
def test_mistakes_in_a_scorecard_are_named(tmp_path, old, new, problem):
    path = tmp_path / "card.toml"
    path.write_text(CARD.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_card(path, {name: Measure(name, "", name, name) for name in ("talk_share", "questions")})
    assert problem in str(caught.value)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_shipped_scorecards_load_and_weigh_a_hundred(language):
    loaded = load_card(Path(shipped("configs")) / "scorecards" / f"b2b_{language}.toml")
    assert sum(rule.weight for rule in loaded.rules) == pytest.approx(100)
    assert {rule.block for rule in loaded.rules} == {
        "balance", "listening", "discovery", "structure", "objections", "delivery", "compliance",
    }  # fmt: skip
    assert all(rule.advice for rule in loaded.rules)
