"""What the errors of hearing leave open: the same draws anywhere, and doubt where there is reason for it."""

from dataclasses import replace

import pytest
from spoken import call, lexicons

from callqa.analysers.dynamics import Dynamics
from callqa.analysers.questions import Questions
from callqa.analysers.trackers import Trackers
from callqa.config import convert, read_toml, shipped
from callqa.evaluation import Result, intervals
from callqa.intervals import FEWEST, HEADLINES, Edge, Errors, Margin, Rates, doubts, draws, interval
from callqa.scoring import Card, Rule, score
from callqa.trust import doubted
from callqa.types import Doubt, Evidence, Measurement

STILL = Edge(0.0, 0.0)
EXACT = Rates(STILL, STILL, STILL, missed=0, false=0, flipped=0, deleted=0, inserted=0, asked=0, unasked=0)
SHIPPED = convert("errors.toml", "errors", read_toml(shipped("configs") / "errors.toml"), Errors)
ANALYSERS = (Dynamics(lexicons("backchannels")), Questions(lexicons("backchannels", "questions")))
LINES = (
    "rep 0-6 Добрый день! Меня зовут Анна. Вам удобно говорить?",
    "customer 6.5-8 Да, удобно.",
    "rep 8.5-14 Расскажите, пожалуйста, как у вас устроен учёт на складе?",
    "customer 15-40 Ну смотрите у нас два склада всё ведём в таблицах и бюджет на это есть.",
    "rep 40.5-60 Понимаю вас. Наша система стоит двенадцать тысяч в месяц.",
    "customer 61-64 Это дорого для нас.",
    "rep 65-80 А с чем вы сравниваете? Давайте встретимся в четверг в десять утра.",
    "customer 80.5-83 Хорошо, договорились.",
)
CARD = Card("test", "1", "discovery", (Rule("talk", "balance", "talk_share", 1.0, (0.1, 0.5, 0.55, 0.9)),))


def errors(rates=EXACT, **options):
    options.setdefault("confidence", (1.01,))
    options.setdefault("wrong", (0.0,))
    return Errors(rates={"ru": {"stereo": rates, "mono": rates}}, **options)


def confident(a_call, confidence, sha="a"):
    """The call with that confidence in all its words."""
    turns = tuple(
        replace(t, words=tuple(replace(w, confidence=confidence) for w in t.words)) for t in a_call.transcript.turns
    )
    transcript = replace(a_call.transcript, turns=turns)
    return replace(a_call, transcript=transcript, recording=replace(a_call.recording, sha256=sha))


def told(a_call, known=SHIPPED):
    measures = {m.name: m for analyser in ANALYSERS for m in analyser.analyse(a_call)}
    card = score(a_call, measures, CARD)
    return measures, doubted(a_call, measures, card, CARD, ANALYSERS, known)


TALK = call(*LINES, language="ru")


def test_ears_that_never_err_leave_nothing_open():
    measures, doubt = told(TALK, errors(spread=0.0))
    assert doubt.intervals["score"][0] == doubt.intervals["score"][1]
    assert {"talk_share", "questions", "patience", "speech_rate"} <= set(doubt.intervals)
    for name, (low, high) in doubt.intervals.items():
        if name != "score":
            assert low == pytest.approx(measures[name].value) == high, name
    assert doubt.steady == {}


def test_the_same_recording_has_the_same_draws_and_another_has_others():
    first, second = (told(TALK)[1] for _ in range(2))
    assert first == second
    assert told(confident(TALK, 1.0, sha="b"))[1] != first


def test_chance_is_the_recordings_own_whatever_else_draws_from_it():
    import random

    random.seed(1)
    first = list(draws(TALK, EXACT, errors(replace(EXACT, start=Edge(0, 1)))))
    random.seed(2)
    assert list(draws(TALK, EXACT, errors(replace(EXACT, start=Edge(0, 1))))) == first


def test_an_interval_holds_its_figure_inside_what_the_measure_can_be():
    measures, doubt = told(TALK)
    for name, (low, high) in doubt.intervals.items():
        if name != "score":
            assert 0 <= low <= measures[name].value <= high, name
    shares = ("talk_share", "silence_share", "overtalk_share", "answered_share")
    assert all(doubt.intervals[name][1] <= 1 for name in shares)
    assert 0 <= doubt.intervals["score"][0] <= doubt.intervals["score"][1] <= 100


def test_what_was_heard_with_doubt_leaves_more_open():
    def width(confidence):
        low, high = told(confident(TALK, confidence), replace(SHIPPED, margins={}))[1].intervals["speech_rate"]
        return high - low

    assert width(0.3) > width(0.99)


@pytest.mark.parametrize(
    ("name", "value", "drawn", "margin", "expected"),
    [
        ("talk_share", 0.5, [0.4] * 10 + [0.6] * 10, Margin(), (0.4, 0.6)),
        ("talk_share", 0.5, [0.5] * 20, Margin(below=0.1, above=0.2), (0.4, 0.7)),
        ("talk_share", 0.95, [0.95] * 20, Margin(above=0.2), (0.95, 1.0)),
        ("longest_monologue", 40.0, [40.0] * 20, Margin(share_below=0.1, share_above=0.05), (36.0, 42.0)),
        # what words taken for others lose, they may have lost before: more may have been said
        ("script_coverage", 0.6, [0.4] * 20, Margin(), (0.6, 0.8)),
        ("script_coverage", 0.9, [0.5] * 20, Margin(), (0.9, 1.0)),
        ("patience", 1.0, [0.7] * 20, Margin(), (0.7, 1.3)),
        ("questions", 4.0, [4.0] * 10 + [5.0] * 10, Margin(above=0.2), (4, 6)),  # counts are whole
        ("next_step", 1.0, [1.0] * 20, Margin(), (1, 1)),
        ("next_step", 1.0, [1.0] * 10 + [0.0] * 10, Margin(), (0, 1)),
        ("question_yield", 7.5, [None] * 20, Margin(), (7.5, 7.5)),
    ],
)
def test_an_interval_runs_between_quantiles_mirrored_where_phrases_get_lost(name, value, drawn, margin, expected):
    assert interval(name, value, drawn, errors(margins={name: margin})) == pytest.approx(expected)


def test_words_heard_badly_carry_no_steady_evidence():
    listed = {"price": "дорого", "meeting": "встретиться"}
    rows = {name: {"label": name, "phrases": [phrase]} for name, phrase in listed.items()}
    trackers = Trackers({"ru": {"trackers": rows}})
    table = errors(confidence=(0.5, 1.01), wrong=(0.9, 0.0), spread=0.0)
    doubt = {}
    for confidence in (0.95, 0.2):
        a_call = confident(TALK, confidence)
        measures = {m.name: m for m in trackers.analyse(a_call)}
        card = score(a_call, measures, CARD)
        doubt[confidence] = doubted(a_call, measures, card, CARD, [trackers], table)
    assert doubt[0.95].steady == {}
    assert doubt[0.2].steady == {"tracker.price": (False,), "tracker.meeting": (False,)}
    assert (doubt[0.95].holds("tracker.price", 0), doubt[0.2].holds("tracker.price", 0)) == (True, False)


def test_a_short_turn_may_be_the_other_sides_on_a_mono_recording():
    lines = ("rep 0-20 слово", "customer 21-21.8 да", "rep 23-40 слово", "customer 41-60 слово")
    a_call = call(*lines, language="ru")
    flipped = [{t.side for t in d.transcript.turns if t.end - t.start < 1} for d in
               draws(a_call, replace(EXACT, flipped=0.5), errors(spread=0.0))]  # fmt: skip
    assert {"rep"} in flipped
    assert {"customer"} in flipped


def test_a_question_without_its_mark_may_be_one():
    a_call = call("rep 0-5 Вам удобно говорить.", "customer 6-9 Да, удобно вполне.", language="ru")
    asked = [d.transcript.turns[0].text for d in draws(a_call, replace(EXACT, asked=0.5), errors(spread=0.0))]
    assert {"Вам удобно говорить?", "Вам удобно говорить."} == set(asked)


@pytest.mark.parametrize(("minutes", "count"), [(1, 20), (5, 20), (10, 10), (60, FEWEST)])
def test_a_long_call_is_drawn_less_often(minutes, count):
    a_call = call(*LINES, language="ru", duration=60.0 * minutes)
    assert len(list(draws(a_call, EXACT, errors()))) == count


def test_nothing_is_told_of_a_language_without_rates():
    measures = {m.name: m for m in ANALYSERS[0].analyse(TALK)}
    none = Errors((1.01,), (0.0,), rates={"en": {"stereo": EXACT}})
    assert doubts(TALK, measures, 50.0, none, lambda one: measures, lambda one, found: 50.0) == Doubt()


def test_evidence_that_moves_a_little_is_the_same_evidence():
    moment = Evidence(10, 12, "")
    near = {"questions": Measurement("questions", 1.0, evidence=(Evidence(11.5, 12, ""),))}
    far = {"questions": Measurement("questions", 1.0, evidence=(Evidence(13, 14, ""),))}
    measured = {"questions": Measurement("questions", 1.0, evidence=(moment,))}
    for drawn, steady in ((near, {}), (far, {"questions": (False,)})):
        found = doubts(TALK, measured, None, errors(), lambda one, drawn=drawn: drawn, lambda one, found: None)
        assert found.steady == steady


def test_the_shipped_rates_are_those_of_both_languages_and_layouts():
    assert {(code, layout) for code, each in SHIPPED.rates.items() for layout in each} == {
        (code, layout) for code in ("ru", "en") for layout in ("stereo", "mono")
    }
    assert len(SHIPPED.confidence) == len(SHIPPED.wrong)
    assert set(SHIPPED.margins) <= set(HEADLINES)


def test_a_judge_counts_the_intervals_that_hold():
    rows = [
        Result(
            "a", "ru", "stereo", 1, 0, None, None, "config", None, None, intervals={"patience": True, "score": False}
        ),
        Result("b", "ru", "stereo", 1, 0, None, None, "config", None, None, intervals={"patience": True}),
    ]
    assert intervals(rows) == {
        "patience": {"n": 2, "inside": 2},
        "score": {"n": 1, "inside": 0},
        "all": {"n": 3, "inside": 2},
    }
