"""Trackers count what was said, by whom and where; forbidden phrases are the rep's alone."""

import pytest
from spoken import call, measured, value

from callqa.analysers.trackers import Trackers
from callqa.config import read_toml, shipped

SHIPPED = Trackers({code: read_toml(shipped("configs") / "lexicons" / code / "trackers.toml") for code in ("ru", "en")})


def tracker(*phrases, language="ru", **options):
    return Trackers({language: {"trackers": {"it": {"label": "Оно", "phrases": list(phrases), **options}}}})


@pytest.mark.parametrize(
    ("options", "lines", "expected"),
    [
        ({}, ["rep 0-4 Цена такая, цены растут", "customer 5-8 о цене"], 3),
        ({"side": "rep"}, ["rep 0-4 Цена такая, цены растут", "customer 5-8 о цене"], 2),
        ({"side": "customer"}, ["rep 0-4 Цена такая", "customer 5-8 о цене"], 1),
        ({"window": {"end": 0.5}}, ["rep 0-10 цена", "rep 90-100 цена"], 1),
        ({"window": {"start": -20.0, "unit": "s"}}, ["rep 0-10 цена", "rep 90-100 цена"], 1),
        ({"negation": "without"}, ["rep 0-4 не цена, а цена"], 1),
        ({"negation": "only"}, ["rep 0-4 не цена, а цена"], 1),
        ({"unless": ["цена вопроса"]}, ["rep 0-4 цена вопроса. Цена"], 1),
        ({}, ["rep 0-4 добрый день", "customer 5-8 да"], 0),
        ({"side": "customer"}, ["rep 0-4 цена"], "customer_silent"),
        ({}, ["unknown 0-4 цена"], "sides_unknown"),
    ],
)
def test_hits_are_counted_by_side_window_and_negation(options, lines, expected):
    assert value(tracker("цена", **options), call(*lines, language="ru"), "tracker.it") == expected


@pytest.mark.parametrize(
    ("bounds", "met"),
    [({"min": 2}, 1), ({"min": 3}, 0), ({"max": 1}, 0), ({"max": 2}, 1), ({"min": 1, "max": 3}, 1)],
)
def test_bounds_say_whether_the_count_is_as_required(bounds, met):
    assert value(tracker("цена", **bounds), call("rep 0-4 цена и цена", language="ru"), "tracker.it.met") == met


def test_every_hit_is_evidence_with_its_quote():
    found = measured(tracker("цена"), call("rep 0-6 Какая у вас цена на склад?", language="ru"))["tracker.it"]
    assert [(e.start, e.end, e.note) for e in found.evidence] == [(3.0, 4.0, "Оно: Какая у вас цена на склад?")]
    assert (found.value, found.n) == (1, 1)


def test_a_moment_in_two_lists_is_one_forbidden_phrase():
    rows = {
        name: {"label": name, "phrases": ["=вы =должны"], "side": "rep", "forbidden": True} for name in ("one", "two")
    }
    found = measured(Trackers({"ru": {"trackers": rows}}), call("rep 0-4 вы должны", language="ru"))
    assert [found[name].value for name in ("tracker.one", "tracker.two", "forbidden_phrases")] == [1, 1, 1]


def test_a_language_without_the_row_has_no_count():
    both = Trackers(
        {
            "ru": {"trackers": {"price": {"label": "Цена", "phrases": ["цена"]}}},
            "en": {"trackers": {"demo": {"label": "Demo", "phrases": ["demo"]}}},
        }
    )
    found = measured(both, call("rep 0-4 the price", language="en"))
    assert (found["tracker.price"].reason, found["tracker.demo"].value) == ("not_in_lexicon", 0)
    assert [(m.name, m.en, m.ru) for m in both.measures[:2]] == [
        ("tracker.price", "price", "Цена"),
        ("tracker.demo", "Demo", "demo"),
    ]


def test_a_language_without_a_list_is_not_measured():
    found = measured(tracker("цена"), call("rep 0-4 price", language="en"))
    assert {m.reason for m in found.values()} == {"no_lexicon"}


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("Вы должны были перезагрузить роутер.", "must"),
        ("вы просто обязаны это сделать", "must"),
        ("Не знаю, если честно.", "ignorance"),
        ("Понятия не имею!", "ignorance"),
        ("Это не ко мне, звоните туда.", "not_mine"),
        ("Это не в моей компетенции.", "not_mine"),
        ("Ну, это уже ваши проблемы.", "your_problem"),
        ("Я гарантирую вам рост продаж.", "guarantee"),
        ("Поможет на 100%.", "guarantee"),
        ("на сто процентов окупится", "guarantee"),
        ("Девушка, не кричите.", "rude"),
        ("Успокойтесь.", "rude"),
        ("Они вас обманут, конкуренты эти.", "badmouthing"),
        ("не связывайтесь с ними", "badmouthing"),
    ],
)
def test_forbidden_russian_phrases_are_found(line, row):
    found = measured(SHIPPED, call(f"rep 0-4 {line}", "customer 5-9 да", language="ru"))
    assert found["forbidden_phrases"].value == 1
    assert found[f"tracker.forbidden_{row}"].value == 1


@pytest.mark.parametrize(
    ("line", "row"),
    [
        ("You have to restart it.", "must"),
        ("you must pay first", "must"),
        ("I don't know.", "ignorance"),
        ("I have no idea!", "ignorance"),
        ("That is not my department.", "not_mine"),
        ("Well, that is your problem.", "your_problem"),
        ("I guarantee you will save money.", "guarantee"),
        ("It works one hundred percent.", "guarantee"),
        ("Calm down, sir.", "rude"),
        ("Their support is terrible.", "badmouthing"),
    ],
)
def test_forbidden_english_phrases_are_found(line, row):
    found = measured(SHIPPED, call(f"rep 0-4 {line}", "customer 5-9 yes", language="en"))
    assert found["forbidden_phrases"].value == 1
    assert found[f"tracker.forbidden_{row}"].value == 1


@pytest.mark.parametrize(
    ("side", "line", "language"),
    [
        ("customer", "Я не знаю, вы должны мне сказать.", "ru"),  # the customer may say it
        ("rep", "Не знаю, слышали ли вы о нас.", "ru"),
        ("rep", "Вам нужно будет перезагрузить роутер.", "ru"),
        ("rep", "Не гарантирую, но уточню.", "ru"),
        ("rep", "Предоплата 100% по договору.", "ru"),
        ("rep", "Какие ваши проблемы мы можем решить?", "ru"),
        ("rep", "Это дорогой вопрос, понимаю вас.", "ru"),
        ("rep", "You do not have to pay now.", "en"),
        ("rep", "Do you have to do it by hand?", "en"),
        ("rep", "We cannot guarantee that.", "en"),
        ("rep", "I would love to show you.", "en"),
        ("rep", "Let me find out and call you back.", "en"),
    ],
)
def test_what_is_no_forbidden_phrase_is_not_counted(side, line, language):
    other = "customer" if side == "rep" else "rep"
    lines = (f"{side} 0-4 {line}", f"{other} 5-9 {'да' if language == 'ru' else 'yes'}")
    assert value(SHIPPED, call(*lines, language=language), "forbidden_phrases") == 0


@pytest.mark.parametrize(
    ("line", "language", "row"),
    [
        ("customer 0-4 Какая скидка при оплате за год?", "ru", "discount"),
        ("rep 0-4 Пришлю договор и реквизиты.", "ru", "contract"),
        ("rep 0-4 Интиграция с сайтом есть.", "ru", "integration"),  # bent by the recogniser
        ("customer 0-4 У нас есть бюджет.", "ru", "budget"),
        ("rep 0-4 Давайте проведём демонстрацию.", "ru", "demo"),
        ("rep 0-4 Кто принимает решение?", "ru", "decision_maker"),
        ("customer 0-4 Is there a discount?", "en", "discount"),
        ("rep 0-4 I will send you the contract.", "en", "contract"),
        ("rep 0-4 We start with a pilot.", "en", "trial"),
        ("rep 0-4 Who else signs it off?", "en", "decision_maker"),
    ],
)
def test_topics_are_found(line, language, row):
    assert value(SHIPPED, call(line, "rep 10-14 м", language=language), f"tracker.{row}") >= 1
