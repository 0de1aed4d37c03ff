"""Rules over moments: hand-made calls with exact answers, in Russian and English, at the borders of every window."""

import re
import tomllib
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from spoken import call, lexicons

from callqa.analysers import phases
from callqa.analysers.dynamics import Dynamics
from callqa.analysers.registry import catalogue, make
from callqa.analysers.script import Script
from callqa.analysers.trackers import Trackers
from callqa.checks import PHASES, Check, Part, declared, judged, said_by
from callqa.config import load, read_toml, shipped
from callqa.errors import ConfigError
from callqa.reports.texts import Texts
from callqa.scoring import load_card, score
from callqa.types import Evidence, Measurement

WORDS = {
    "ru": {"greeting": "здравствуйте", "budget": "бюджет", "offer": "система", "guarantee": "гарантируем"},
    "en": {"greeting": "hello", "budget": "budget", "offer": "platform", "guarantee": "guarantee"},
}
STEPS = ("greeting", "offer")
ANALYSERS = (
    Script({c: {"steps": {n: {"label": n, "phrases": [w[n]]} for n in STEPS}} for c, w in WORDS.items()}),
    Trackers(
        {
            c: {"trackers": {n: {"label": n, "phrases": [w[n]]} for n in ("budget", "guarantee")}}
            for c, w in WORDS.items()
        }
    ),
    Dynamics(lexicons("backchannels")),
)
MEASURES = catalogue(ANALYSERS)
CONFIGS = shipped("configs")


def again(part, name):
    """The figure of a part of a call."""
    return next(m for analyser in ANALYSERS for m in analyser.analyse(part) if m.name == name)


def found(a_call, check, **more):
    """The check on the call, read as from a file and judged on what the analysers measure."""
    measured = {m.name: m for analyser in ANALYSERS for m in analyser.analyse(a_call)} | more
    (result,) = judged(a_call, measured, [replace(check, unit=MEASURES[check.measure].unit)], again).values()
    return result


def answer(a_call, check, **more):
    result = found(a_call, check, **more)
    return result.reason if result.value is None else result.value


def said(language, *lines):
    """The lines with {greeting} and its like as the language says it."""
    return call(*(line.format(**WORDS[language]) for line in lines), language=language)


TEN = Check("greets", "script.greeting", window=Part(end=10.0, unit="s"))
BUDGET = Check("budget_first", "tracker.budget", side="rep", before="script.offer")
NEVER = Check("no_guarantee", "tracker.guarantee", side="rep", absent=True)


@pytest.mark.parametrize("language", ["ru", "en"])
@pytest.mark.parametrize(
    ("check", "lines", "expected"),
    [
        # greets within 10 s
        (TEN, ["rep 0-2 {greeting}", "customer 3-60 a"], 1),
        (TEN, ["rep 10-12 {greeting}", "customer 0-60 a"], 1),  # the border belongs to the window
        (TEN, ["rep 10.01-12 {greeting}", "customer 0-60 a"], 0),
        (TEN, ["rep 20-22 {greeting}", "customer 18-60 a"], 1),  # seconds are those of the conversation
        (TEN, ["rep 0-60 a", "customer 3-4 {greeting}"], 0),
        (TEN, ["customer 0-60 {greeting}"], "rep_silent"),
        # asks about budget before presenting
        (BUDGET, ["rep 0-2 {budget}", "rep 10-60 {offer}"], 1),
        (BUDGET, ["rep 0-2 {offer}", "rep 10-60 {budget}"], 0),
        (BUDGET, ["rep 0-2 {offer}", "rep 10-20 {budget}", "rep 30-60 {offer}"], 0),  # the first one counts
        (BUDGET, ["customer 0-2 {budget}", "rep 10-60 {offer}"], 0),  # the customer named it
        (BUDGET, ["rep 0-60 {budget}"], "no_anchor"),  # nothing was presented
        (BUDGET, ["rep 0-60 {offer}"], 0),
        # says no guarantee
        (NEVER, ["rep 0-60 a", "customer 61-70 {guarantee}"], 1),
        (NEVER, ["rep 0-60 a {guarantee}", "customer 61-70 a"], 0),
    ],
)
def test_the_examples_of_the_guide(language, check, lines, expected):
    assert answer(said(language, *lines), check) == expected


def cuts(*starts, end=90):
    """The customer tells a story; at each start the rep comes in, both talk for 1 s, and the rep goes on for 2 s."""
    edges = [0, *(at + 3 for at in starts)]
    story = [
        f"customer {a}-{b} we have been looking at"
        for a, b in zip(edges, [*(at + 1 for at in starts), end], strict=True)
    ]
    return call(*story, *(f"rep {at}-{at + 3} but what about our offer" for at in starts))


@pytest.mark.parametrize(
    ("starts", "expected"),
    [
        ((3, 8, 14), 1),
        ((3, 8, 14, 20), 0),
        ((3, 8, 14, 30), 0),  # the end of the first third belongs to it
        ((3, 8, 14, 30.1, 50, 70), 1),  # what comes later does not count
        ((50,), 1),
        ((), "rep_silent"),
    ],
)
def test_never_interrupts_more_than_three_times_in_the_first_third(starts, expected):
    check = Check("lets_finish", "interruptions", window=Part(end=1.0, unit="third"), at_most=3)
    assert answer(cuts(*starts), check) == expected


@pytest.mark.parametrize(
    ("window", "counted"),
    [
        (None, 6),
        (Part(end=0.5), 4),
        (Part(start=0.5), 3),  # the middle belongs to both halves
        (Part(start=1, end=2, unit="third"), 2),
        (Part(start=-10, unit="s"), 1),
        (Part(start=-30, end=-10, unit="s"), 1),
        (Part(start=20, end=-20, unit="s"), 3),
        (Part(start=100, unit="s"), "window_outside"),
        (Part(phase="opening"), 2),
        (Part(phase="needs"), 3),
        (Part(phase="needs", start=0.5), 1),
        (Part(phase="needs", end=5, unit="s"), 1),
        (Part(phase="close"), "no_phase"),
        (Part(phase="objections"), "no_phase"),
    ],
)
def test_every_kind_of_window(window, counted):
    a_call = said("en", *(f"rep {at}-{at + 1} {{budget}}" for at in (0, 10, 20, 45, 60, 89)), "customer 80-90 a")
    told = {
        "phase.opening": Measurement("phase.opening", 15.0, evidence=(Evidence(0, 15, ""),)),
        "phase.needs": Measurement(
            "phase.needs", 13.0, evidence=(Evidence(19, 25, ""), Evidence(45, 51, ""), Evidence(60, 61, ""))
        ),
        "phase.close": Measurement("phase.close", 0.0),
    }  # fmt: skip
    check = Check("asks", "tracker.budget", window=window, band=(0.0, 1.0, 9.0, 99.0))
    assert answer(a_call, check, **told) == counted


def test_what_is_not_conversation_passes_no_time():
    a_call = call(
        "rep 0-5 hello", "customer 65-100 a", "rep 66-67 budget", language="en", events=[("hold_music", 5, 65)]
    )
    soon = Check("soon", "tracker.budget", window=Part(end=7, unit="s"))
    assert answer(a_call, soon) == 1
    assert answer(replace(a_call, transcript=replace(a_call.transcript, events=())), soon) == 0


THREE = ("rep 0-2 {budget}", "rep 20-22 {budget}", "rep 40-42 {budget}", "customer 50-60 {offer}")


@pytest.mark.parametrize(
    ("bounds", "expected"),
    [
        ({}, 1),
        ({"at_least": 3}, 1),
        ({"at_least": 4}, 0),
        ({"at_most": 3}, 1),
        ({"at_most": 2}, 0),
        ({"at_least": 2, "at_most": 2}, 0),
        ({"at_least": 3, "at_most": 3}, 1),
        ({"absent": True}, 0),
        ({"absent": True, "side": "customer"}, 1),
        ({"absent": True, "window": Part(start=0.9)}, 1),
        ({"band": (0.0, 4.0, 9.0, 99.0)}, 3),
        ({"after": "script.greeting"}, "no_anchor"),
    ],
)
def test_thresholds(bounds, expected):
    assert answer(said("en", *THREE), Check("c", "tracker.budget", **bounds)) == expected


@pytest.mark.parametrize(
    ("after", "expected"), [("rep 10-12 {offer}", 2), ("rep 20.5-21 {offer}", 1), ("rep 45-46 {offer}", 0)]
)
def test_after_begins_where_the_other_has_ended(after, expected):
    check = Check("c", "tracker.budget", after="script.offer", band=(0.0, 1.0, 9.0, 99.0))
    assert answer(said("en", *THREE[:3], after), check) == expected


@pytest.mark.parametrize(
    ("bounds", "expected"), [({"at_most": 0.6}, 1), ({"at_least": 0.6}, 0), ({"band": (0.1, 0.3, 0.5, 0.9)}, 0.5)]
)
def test_a_figure_is_compared_as_it_is(bounds, expected):
    assert answer(call("rep 0-30 a", "customer 31-61 b"), Check("c", "talk_share", **bounds)) == expected


@pytest.mark.parametrize(
    ("measure", "window", "expected"),
    [
        ("talk_share", Part(end=1, unit="third"), 1 / 3),  # 10 s of the rep's, 20 s of the customer's
        ("talk_share", Part(start=30, unit="s"), 0.5),
        ("talk_share", Part(start=10, end=30, unit="s"), 0),
        ("talk_share", Part(phase="needs"), 0.25),  # 5-15 and 40-50 s: 5 s in 20
        ("longest_monologue", Part(end=35, unit="s"), 10),  # a turn that goes on is cut at the border
        ("longest_monologue", Part(start=35, unit="s"), 30),
        ("silence_share", Part(phase="needs"), 0),  # what lies between two stretches of a phase is no silence
        ("talk_share", Part(phase="close"), "no_phase"),
        ("talk_share", Part(start=200, unit="s"), "window_outside"),
    ],
)
def test_a_figure_in_a_window_is_that_of_what_is_said_there(measure, window, expected):
    a_call = call("rep 0-10 a b", "customer 10-30 c d", "customer 30-60 e f", "rep 60-90 g h", language="en")
    told = {"phase.needs": Measurement("phase.needs", 20.0, evidence=(Evidence(5, 15, ""), Evidence(40, 50, "")))}
    got = answer(a_call, Check("c", measure, window=window, band=(0.0, 1.0, 9.0, 99.0)), **told)
    assert got == (expected if isinstance(expected, str) else pytest.approx(expected))


def test_moments_that_are_not_all_listed_are_not_counted_in_a_window():
    part = {"tracker.budget": Measurement("tracker.budget", 9.0, 9, evidence=(Evidence(0, 1, "budget"),))}
    for check in (Check("c", "tracker.budget", side="rep"), Check("c", "tracker.budget", window=Part(end=0.5))):
        assert answer(said("en", *THREE), check, **part) == "moments_unknown"


def test_a_moment_is_that_of_the_side_whose_words_begin_and_end_with_it():
    a_call = call("rep 0-10 one two three four five", "customer 3-8 a b c d e", "unknown 20-22 x")
    spans = [(2, 4), (4, 5), (0, 10), (3, 8), (20, 22)]
    assert [said_by(a_call, Evidence(*at, "")) for at in spans] == ["rep", "customer", "rep", "customer", "unknown"]


# --- the moments a coach is shown -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("check", "lines", "shown"),
    [
        (TEN, ["rep 0-1 {greeting}", "customer 2-60 a"], [(0, "greeting: hello")]),
        (TEN, ["rep 20-21 {greeting}", "customer 0-60 a"], [(20, "At the wrong time: greeting: hello")]),
        (TEN, ["rep 20-21 x", "customer 0-60 a"], [(10, "Left out: Greets in time")]),
        (BUDGET, ["rep 0-1 {offer}", "rep 10-60 {budget}"], [(10, "In the wrong order: budget: budget")]),
        (BUDGET, ["rep 7-8 x", "rep 9-60 {offer}"], [(9, "Left out: Greets in time")]),
        (replace(NEVER, absent=False, at_most=1), ["rep 0-1 {guarantee}", "rep 10-11 {guarantee}"],
         [(10, "guarantee: guarantee"), (0, "guarantee: guarantee")]),  # the one too many comes first
        (NEVER, ["rep 0-1 a"], []),
    ],
)  # fmt: skip
def test_evidence_shows_what_decided(check, lines, shown):
    result = found(said("en", *lines), replace(check, label="Greets in time"))
    assert [(e.start, e.note) for e in result.evidence] == shown


def test_notes_are_in_the_language_of_the_call():
    late = found(said("ru", "rep 20-21 {greeting}", "customer 0-60 а"), TEN)
    assert [e.note for e in late.evidence] == ["Не там: greeting: здравствуйте"]


@pytest.mark.parametrize("language", ["ru", "en"])
def test_every_reason_has_words(language):
    for code in ("no_phase", "no_anchor", "window_outside", "moments_unknown"):
        assert Texts(language).knows("reason", code)


@given(st.lists(st.integers(0, 58), max_size=6), st.floats(0, 500), st.integers(0, 3))
def test_a_call_that_begins_later_passes_the_same_checks(starts, shift, most):
    lines = ["customer 0-60 a b c d", *(f"rep {at}-{at + 1} budget" for at in sorted(set(starts)))]
    check = Check("c", "tracker.budget", window=Part(end=0.4), at_most=most)
    assert answer(call(*lines), check) == answer(call(*lines, shift=shift), check)


# --- reading ----------------------------------------------------------------------------------------------------------

HEAD = 'name = "t"\nversion = "1"\ndefault_call_type = "cold"\nrules = []\n'
ENTRY = """
[[checks]]
name = "first"
measure = "tracker.budget"

[[checks]]
name = "second"
measure = "script.greeting"
block = "structure"
weight = 2.0
"""


@pytest.mark.parametrize(
    ("old", "new", "line", "problem"),
    [
        ('"script.greeting"', '"script.greting"', 12, "gives 'script.greting'; did you mean 'script.greeting'?"),
        ('"script.greeting"', '"greeting"', 12, "did you mean 'script.greeting'?"),
        ("weight =", "wieght =", 14, "checks[1].wieght: unknown; did you mean 'weight'?"),
        ("weight = 2.0", 'weight = "2"', 14, "Expected `float`, got `str`"),
        ("weight = 2.0", "weight = -2.0", 14, "a weight is above 0"),
        ('"structure"', '"structur"', 13, "'structur' is no block"),
        ('"second"', '"first"', 11, "checks[1] first.name: taken"),
        ('"second"', '"Второй"', 11, "small Latin letters"),
        ("weight = 2.0", "at_least = 3.0\nat_most = 1.0", 14, "at_least: 3 is more than at_most = 1: nothing can pass"),
        ("weight = 2.0", "at_most = -1.0", 14, "less than none"),
        ("weight = 2.0", "at_least = 0.0", 14, "for never, write absent = true"),
        ("weight = 2.0", "at_most = 1.0\nabsent = true", 15, "absent: contradicts at_most"),
        ("weight = 2.0", "at_most = 1.0\nband = [0, 1, 2, 3]", 14, "at_most: contradicts band"),
        ("weight = 2.0", "bands = { demo = [0, 1, 2, 3] }", 14, "need a band beside them"),
        ("weight = 2.0", "weight = 2.0\nband = [3, 2, 1, 0]", 15, "a < b <= c < d"),
        ("weight = 2.0", "window = { start = 0.5, end = 0.2 }", 14, "an empty window: it ends at 0.2"),
        ("weight = 2.0", "window = { end = 30.0 }", 14, "lies within -1 to 1"),
        ("weight = 2.0", "window = { ends = 0.5 }", 14, "window.ends: unknown; did you mean 'end'?"),
        ("weight = 2.0", 'window = { phase = "openning" }', 14, "did you mean 'opening'?"),
        ("weight = 2.0", 'before = "tracker.budjet"', 14, "did you mean 'tracker.budget'?"),
        ("weight = 2.0", 'before = "talk_share"', 14, "is a figure of the whole call and no moment"),
        ("weight = 2.0", 'before = "script.greeting"', 14, "cannot come before itself"),
        ("weight = 2.0", 'before = "script.offer"\nafter = "script.offer"', 15, "both before and after"),
        ("weight = 2.0", 'unit = "count"', 14, "comes from the measure; leave it out"),
        ('"script.greeting"', '"talk_share"', 10, "give at_least, at_most or a band"),
        ('"script.greeting"', '"talk_share"\nat_most = 0.5\nafter = "script.offer"', 14, "only moments come after"),
        ('"script.greeting"', '"interruptions"\nside = "customer"', 13, "is called 'interruptions_customer'"),
        ("weight = 2.0", 'side = "manager"', 14, "Invalid enum value 'manager'"),
    ],
)  # fmt: skip
def test_mistakes_name_the_line_and_the_cure(tmp_path, old, new, line, problem):
    path = tmp_path / "card.toml"
    assert ENTRY.count(old) == 1
    path.write_text(HEAD + ENTRY.replace(old, new))
    with pytest.raises(ConfigError) as caught:
        load_card(path, MEASURES)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert problem in str(caught.value)


def test_rules_and_fatal_criteria_name_their_line_too(tmp_path):
    path = tmp_path / "card.toml"
    rules = '\n[[rules]]\nname = "a"\nblock = "balance"\nmeasure = "talk_share"\nweight = 1.0\nband = [0.1, 0.3, 0.5]\n'
    path.write_text(HEAD.replace("rules = []\n", "") + rules)
    with pytest.raises(ConfigError, match=r"card\.toml:10: "):
        load_card(path, MEASURES)
    path.write_text(HEAD + '\n[[fatal]]\nname = "f"\nmeasure = "check.secnd"\ncap = 40.0\n' + ENTRY)
    with pytest.raises(ConfigError, match=r"card\.toml:8: .* did you mean 'check\.second'"):
        load_card(path, MEASURES)


def test_a_check_can_be_a_rule_a_fatal_criterion_or_only_shown(tmp_path):
    path = tmp_path / "card.toml"
    path.write_text(HEAD + ENTRY + '\n[[fatal]]\nname = "f"\nmeasure = "check.first"\nbelow = 1.0\ncap = 40.0\n')
    card = load_card(path, MEASURES)
    assert [rule.measure for rule in card.rules] == ["check.second"]
    a_call = said("en", "rep 0-20 {greeting}", "customer 21-60 a")
    measured = {m.name: m for analyser in ANALYSERS for m in analyser.analyse(a_call)}
    result = score(a_call, measured, card)
    assert (result.score, result.flags, [(p.rule, p.points) for p in result.points_lost]) == (40, ("f",), [("f", 60)])


def test_a_check_of_both_languages_has_both_labels_and_one_of_either_shows_its_own():
    ru, en = Check("a", "questions", label="Вопросы"), Check("a", "questions", label="Questions")
    only = Check("only_here", "talk_share", band=(0.0, 0.2, 0.5, 1.0), unit="0-1")
    found = declared({"ru": [ru], "en": [en, only]})
    assert [(m.unit, m.en, m.ru) for m in found.values()] == [
        ("bool", "Questions", "Вопросы"),
        ("0-1", "only here", "only here"),
    ]
    with pytest.raises(ConfigError, match=r"check\.a: a number in one language's scorecard"):
        declared({"ru": [ru], "en": [replace(en, band=(0.0, 1.0, 2.0, 3.0))]})


def test_the_phases_are_those_that_are_measured():
    assert phases.PHASES == PHASES


# --- the examples that ship -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_example_scorecards_hold_the_examples_of_the_guide(language):
    card = load_card(CONFIGS / "scorecards" / f"example_checks_{language}.toml", SHIPPED)
    assert {"greets_in_time", "lets_the_customer_finish", "budget_before_presenting", "no_guarantee"} <= {
        check.name for check in card.checks
    }
    assert all(check.label and check.advice for check in card.checks)


SHIPPED = catalogue(make(load(CONFIGS / "callqa.toml").analysers, "callqa.toml"))


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_shipped_scorecards_have_no_checks_so_their_scores_stand(language):
    assert "checks" not in read_toml(CONFIGS / "scorecards" / f"b2b_{language}.toml")


def test_the_guide_shows_the_example_scorecard_as_it_is():
    page = (CONFIGS.parent / "docs" / "scorecards.md").read_text()
    (block,) = (block for block in re.findall(r"```toml\n(.*?)```", page, re.DOTALL) if "[[checks]]" in block)
    checks = {row["name"]: row for row in read_toml(CONFIGS / "scorecards" / "example_checks_en.toml")["checks"]}
    shown = tomllib.loads(block)["checks"]
    assert len(shown) == 4
    for row in shown:
        assert row == {key: value for key, value in checks[row["name"]].items() if key != "advice"}
