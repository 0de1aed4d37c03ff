"""How far a customer took part: three figures, and how many of them are a sign."""

import pytest
from shipped_lists import analyser
from spoken import call, measured, value

ENGAGEMENT = analyser("engagement")
ASKS = "rep 0-5 Расскажите, как у вас устроен склад?"
STORY = "customer 5-30 У нас два склада и двадцать человек, всё ведём в тетрадях, а хотим в телефоне."
SHORT = "customer 5-7 Обычный склад."
QUESTION = "customer 36-40 А сколько это стоит?"


@pytest.mark.parametrize(
    ("lines", "signs", "known"),
    [
        ((ASKS, STORY, "rep 30-36 Есть программа.", QUESTION), 3, 3),
        ((ASKS, STORY, "rep 30-36 Есть программа."), 2, 3),
        ((ASKS, SHORT, "rep 30-36 Есть программа.", QUESTION), 1, 3),
        ((ASKS, SHORT, "rep 30-36 Есть программа."), 0, 3),
        (("rep 0-5 Есть программа.", STORY), 1, 2),  # nothing was asked: no answer can be short
    ],
)
def test_signs_are_counted_among_those_that_can_be_measured(lines, signs, known):
    found = measured(ENGAGEMENT, call(*lines, language="ru"))["engagement_customer"]
    assert (found.value, found.n) == (signs, known)
    assert len(found.evidence) == 3


def test_every_figure_is_listed_with_its_bound():
    found = measured(ENGAGEMENT, call(ASKS, STORY, "rep 30-36 Есть программа.", QUESTION, language="ru"))
    assert [e.note for e in found["engagement_customer"].evidence] == [
        "слов в ответе на вопрос: 15 (знак от 8)",
        "самый длинный рассказ, с: 25 (знак от 20)",
        "вопросы клиента: 1 (знак от 1)",
    ]


def test_the_figures_are_told_in_english_too():
    lines = ("rep 0-5 How do you keep track of it?", "customer 5-8 On paper.")
    notes = [e.note for e in measured(ENGAGEMENT, call(*lines))["engagement_customer"].evidence]
    assert notes[0] == "words in an answer: 2 (a sign from 8)"


def test_a_silent_customer_is_not_unengaged():
    assert value(ENGAGEMENT, call("rep 0-9 Добрый день.", language="ru"), "engagement_customer") == "customer_silent"
