"""The word lists that callqa ships: whole, without doubles, readable in their language."""

import pytest

from callqa import text
from callqa.analysers.lexicon import Window
from callqa.analysers.objections import Objections
from callqa.analysers.registry import make
from callqa.analysers.script import Script
from callqa.config import Choice, load, read_toml, shipped
from callqa.errors import ConfigError
from callqa.types import Span

CONFIGS = shipped("configs")
SETTINGS = load(CONFIGS / "callqa.toml")
NAMES = (
    "trackers", "objections", "next_step", "qualification", "meddic", "phases", "mentions", "offers", "sentiment",
    "confidence",
)  # fmt: skip
LISTS = {
    f"{language}/{name}": read_toml(CONFIGS / folder / f"{name}{ending}.toml")
    for language in ("ru", "en")
    for folder, name, ending in [
        *((f"lexicons/{language}", name, "") for name in NAMES),
        ("scripts", "discovery", f"_{language}"),
    ]
}
HANDLED = ("acknowledge", "question", "argument")


def phrases(raw, key=""):
    """Every list of phrases of a file with its key; a label is no phrase."""
    if isinstance(raw, dict):
        for name, value in raw.items():
            yield from phrases(value, f"{key}.{name}".strip("."))
    elif isinstance(raw, list) and raw and all(isinstance(one, str) for one in raw) and not key.endswith("absorbs"):
        yield key, raw


@pytest.mark.parametrize("name", LISTS)
def test_every_phrase_can_be_read_in_its_language(name):
    for _, listed in phrases(LISTS[name]):
        for pattern in listed:
            assert text.phrase(pattern, name[:2]).elements


@pytest.mark.parametrize("name", LISTS)
def test_no_phrase_stands_twice_in_a_list(name):
    for key, listed in phrases(LISTS[name]):
        assert sorted(set(listed)) == sorted(listed), key


@pytest.mark.parametrize("name", LISTS)
def test_no_place_of_a_phrase_offers_one_word_twice(name):
    for key, listed in phrases(LISTS[name]):
        for pattern in listed:
            for piece in pattern.split():
                options = piece.rstrip("?").split("|")
                assert len(set(options)) == len(options), (key, pattern)


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_lists_are_long_enough_to_be_of_use(language):
    trackers = LISTS[f"{language}/trackers"]["trackers"]
    assert len(trackers) >= 30
    assert sum(len(row["phrases"]) for row in trackers.values()) >= 300
    assert len([row for row in trackers.values() if row.get("forbidden")]) >= 6
    objections = LISTS[f"{language}/objections"]
    assert set(objections["objections"]) == {"price", "competitor", "timing", "authority", "need"}
    assert all(len(kind["phrases"]) >= 12 for kind in objections["objections"].values())
    assert all(len(objections["handling"][part]) >= 12 for part in HANDLED)
    assert all(len(LISTS[f"{language}/next_step"]["next_step"][part]) >= 12 for part in ("commitment", "when", "yes"))
    slots = LISTS[f"{language}/qualification"]["slots"]
    assert set(slots) == {"budget", "authority", "need", "timing"}
    assert all(len(slot["ask"]) >= 8 and len(slot["answer"]) >= 6 for slot in slots.values())
    assert len(LISTS[f"{language}/discovery"]["steps"]) >= 8


@pytest.mark.parametrize("language", ["ru", "en"])
def test_the_lists_of_the_talk_are_long_enough_to_be_of_use(language):
    sizes = {
        name: sum(len(listed) for _, listed in phrases(LISTS[f"{language}/{name}"]))
        for name in ("meddic", "phases", "mentions", "offers", "sentiment", "confidence")
    }
    least = {"meddic": 150, "phases": 200, "mentions": 100, "offers": 100, "sentiment": 350, "confidence": 80}
    assert {name: size for name, size in sizes.items() if size < least[name]} == {}
    slots = LISTS[f"{language}/meddic"]["slots"]
    assert list(slots) == [
        "metrics", "economic_buyer", "decision_criteria", "decision_process", "identify_pain", "champion",
    ]  # fmt: skip


@pytest.mark.parametrize("language", ["ru", "en"])
def test_a_phrase_of_the_sentiment_list_has_one_strength(language):
    listed = [phrase for _, each in phrases(LISTS[f"{language}/sentiment"]["sentiment"]) for phrase in each]
    assert sorted(set(listed)) == sorted(listed)


def test_both_languages_have_the_same_steps_kinds_slots_and_forbidden_rows():
    for name, table in [("discovery", "steps"), ("objections", "objections"), ("qualification", "slots")]:
        assert list(LISTS[f"ru/{name}"][table]) == list(LISTS[f"en/{name}"][table])
    forbidden = [
        {name for name, row in LISTS[f"{code}/trackers"]["trackers"].items() if row.get("forbidden")}
        for code in ("ru", "en")
    ]
    assert forbidden[0] == forbidden[1]


def test_the_steps_of_the_scripts_agree_on_order_weight_and_window():
    russian, english = (
        {name: {k: v for k, v in step.items() if k not in ("label", "phrases")} for name, step in steps.items()}
        for steps in (LISTS["ru/discovery"]["steps"], LISTS["en/discovery"]["steps"])
    )
    assert russian == english


@pytest.mark.parametrize(
    ("use", "change", "key", "why"),
    [
        ("trackers", {"trackers": {"a": {"label": "А", "phrases": ["а!"]}}}, "trackers.a.phrases", "read"),
        ("trackers", {"trackers": {"a": {"label": "А", "phrase": ["а"]}}}, "phrase", "did you mean 'phrases'"),
        ("trackers", {"trackers": {"price": {"phrases": ["цена"]}}}, "trackers", "label"),
        ("trackers", {"tracker": {}}, "tracker", "did you mean 'trackers'"),
        ("script", {"steps": {"greeting": {"label": "Привет"}}}, "steps.greeting.phrases", "missing"),
        ("script", {"steps": {"a": {"label": "А", "phrases": ["а"], "weight": 0.0}}}, "steps.a.weight", "above 0"),
        ("script", {"steps": {"a": {"label": "А", "phrases": ["а"], "min": 0}}}, "steps.a.min", "at least 1"),
        ("script", {"steps": {"a": {"label": "А", "when": "objection"}}}, "objections", "missing"),
        ("objections", {"objections": {}}, "handling", "missing"),
        ("next_step", {"next_step": {"commitment": ["*"], "when": [], "yes": []}}, "next_step.commitment", "gap"),
        ("qualification", {"slots": {}}, "evasive", "missing"),
    ],
)
def test_a_mistake_in_a_list_is_named_with_its_place(use, change, key, why):
    with pytest.raises(ConfigError) as error:
        make([Choice(use, {"lexicons": {"ru": change}})], "team.toml")
    assert key in str(error.value)
    assert why in str(error.value)


def test_a_script_without_objection_steps_needs_no_objection_list():
    steps = {"steps": {"greeting": {"label": "Привет", "phrases": ["здравствуйте"]}}}
    assert [m.name for m in Script({"ru": steps}).measures][-1] == "script.greeting"


def test_the_script_and_the_objections_of_the_settings_read_one_list():
    script, objections = (next(c for c in SETTINGS.analysers if c.use == use) for use in ("script", "objections"))
    assert script.options["lexicons"]["ru"]["objections"] == objections.options["lexicons"]["ru"]["objections"]
    assert Objections(lexicons=objections.options["lexicons"]).measures[0].name == "objections"


CALL = (Span(10, 50), Span(70, 130))  # 100 s of conversation, 20 s of hold


@pytest.mark.parametrize(
    ("window", "at", "inside"),
    [
        (Window(), 10, True),
        (Window(0.0, 0.25), 35, True),
        (Window(0.0, 0.25), 36, False),
        (Window(0.75), 104, False),
        (Window(0.75), 105, True),  # hold does not count: 75 s of conversation have passed
        (Window(0.0, 30.0, "s"), 40, True),
        (Window(0.0, 30.0, "s"), 41, False),
        (Window(-15.0, None, "s"), 115, True),
        (Window(-15.0, None, "s"), 114, False),
        (Window(-0.1), 120, True),
        (Window(-0.1), 119, False),
    ],
)
def test_windows_count_conversation_alone(window, at, inside):
    assert window.holds(at, CALL) == inside
