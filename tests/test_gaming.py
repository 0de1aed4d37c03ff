"""Words said for the score earn nothing: calls that try it, and honest calls that are never flagged."""

from pathlib import Path

import pytest
from spoken import call

from callqa import truth
from callqa.analysers.registry import make
from callqa.config import find_settings, shipped
from callqa.scoring import Card, Rule, score
from callqa.trust import measures
from callqa.types import Metadata, Recording

SETTINGS = find_settings(shipped("configs") / "callqa.toml")
ANALYSERS = make(SETTINGS.analysers, SETTINGS.path)
GAMING = next(a for a in ANALYSERS if type(a).__name__ == "Gaming")
NAMES = tuple(m.name for m in GAMING.measures)
STUFFING, SPAM, HANGUP = NAMES
ROOT = Path(__file__).parent.parent

HONEST = (
    "rep 0-8 Добрый день! Меня зовут Анна, компания Складовик. Вам удобно сейчас говорить?",
    "customer 8.5-10 Да, удобно, слушаю.",
    "rep 11-16 Расскажите, пожалуйста, как у вас устроен учёт на складе?",
    "customer 17-40 Смотрите, у нас два склада, всё ведём в таблицах, остатки никто не проверяет.",
    "rep 41-50 Понимаю вас. А сколько человек этим занимается?",
    "customer 51-60 Трое кладовщиков и бухгалтер.",
    "rep 61-70 Давайте встретимся в четверг в десять утра, я всё покажу.",
    "customer 71-74 Хорошо, давайте в четверг.",
    "rep 75-78 Спасибо за разговор, до свидания.",
)
STRUNG = (
    "rep 0-4 Слушаю вас.",
    "customer 5-30 Нам нужен учёт на складе, два склада, всё ведём в таблицах.",
    (
        "rep 31-40 Добрый день меня зовут Анна вам удобно говорить правильно понимаю наша система договорились "
        "спасибо за разговор до свидания"
    ),
    "customer 41-50 Что?",
)
REPEATED = (
    "rep 0-5 Понимаю вас, да.",
    "customer 6-9 Нам это дорого.",
    "rep 10-12 Понимаю вас, да.",
    "customer 13-14 Ещё раз, дорого.",
    "rep 15-17 Понимаю вас, да.",
    "customer 18-20 И что дальше делать?",
    "rep 21-23 Понимаю вас, да.",
    "customer 24-40 Вы меня вообще слышите или нет?",
)
NO_ROOM = (
    "rep 0-16 Как у вас устроен склад? Сколько у вас сотрудников? Кто принимает решение? Какой у вас бюджет?",
    "customer 17-40 Подождите, давайте по порядку, у нас два склада.",
)
SAME = (
    "rep 0-4 Сколько у вас сотрудников?",
    "customer 5-10 Двенадцать человек на двух складах.",
    "rep 11-15 Сколько у вас сотрудников?",
    "customer 16-20 Я же сказал, двенадцать человек.",
    "rep 21-25 Сколько у вас сотрудников?",
    "customer 26-40 Двенадцать, говорю вам третий раз.",
)
GONE = (
    *HONEST[:4],
    "rep 41-45 Понимаю вас.",
    (
        "rep 56-66 Договорились, давайте встретимся в четверг в десять утра. Правильно понимаю, вам интересно? "
        "Спасибо за разговор, до свидания."
    ),
)
BUSY = (*HONEST[:4], "rep 44-54 Договорились, встретимся в четверг. Спасибо за разговор, всего доброго.")
ENGLISH = (
    "rep 0-12 How many vans do you have? Who makes the decision? What is your budget? When do you need it?",
    "customer 13-30 Slow down please, we have nine vans and I decide.",
)


def flags(a_call):
    return {m.name: m.value for m in GAMING.analyse(a_call) if m.value}


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (HONEST, {}),
        (STRUNG, {STUFFING: 7.0}),
        (REPEATED, {STUFFING: 3.0}),
        (NO_ROOM, {SPAM: 3.0}),
        (SAME, {SPAM: 2.0}),
        (GONE, {HANGUP: 4.0}),
    ],
)
def test_what_is_said_for_the_score_is_flagged(lines, expected):
    assert flags(call(*lines, language="ru")) == expected


def test_english_is_flagged_too():
    assert flags(call(*ENGLISH)) == {SPAM: 3.0}


def test_the_busy_tone_says_that_the_customer_is_gone():
    assert flags(call(*BUSY, language="ru")) == {}
    assert HANGUP in flags(call(*BUSY, language="ru", events=[("busy", 42, 60)]))


def test_a_flag_points_at_its_moments():
    found = {m.name: m for m in GAMING.analyse(call(*NO_ROOM, language="ru"))}[SPAM]
    assert [e.start for e in found.evidence] == sorted(e.start for e in found.evidence)
    assert all("вопрос без паузы на ответ: " in e.note for e in found.evidence)


@pytest.mark.parametrize(
    ("lines", "name", "plain", "earned"),
    [
        (NO_ROOM, "questions", 4, 1),
        (SAME, "questions", 3, 1),
        (STRUNG, "script.greeting", 1, 0),
        (GONE, "script.closing", 1, 0),
    ],
)
def test_it_earns_nothing(lines, name, plain, earned):
    a_call = call(*lines, language="ru")
    assert {m.name: m.value for a in ANALYSERS for m in a.analyse(a_call)}[name] == plain
    assert measures(ANALYSERS, a_call)[name].value == earned


def test_what_costs_points_is_counted_wherever_it_is_said():
    lines = (*GONE[:-1], GONE[-1] + " Вы должны, я не знаю.")
    plain = call(*lines, language="ru")
    assert HANGUP in flags(plain)
    found = measures(ANALYSERS, plain)
    assert found["forbidden_phrases"].value == 2
    assert found["talk_share"].value == {m.name: m.value for a in ANALYSERS for m in a.analyse(plain)}["talk_share"]


def test_the_scorecard_names_it_and_the_score_does_not_rise():
    card = Card("test", "1", "discovery", (Rule("asks", "discovery", "questions", 1.0, (0.0, 4.0, 20.0, 40.0)),))
    a_call = call(*NO_ROOM, language="ru")
    result = score(a_call, measures(ANALYSERS, a_call), card)
    assert (result.score, result.flags) == (25, (SPAM,))


@pytest.mark.parametrize("folder", [shipped("sample_audio"), ROOT.parent / "shared" / "calls"], ids=lambda f: f.name)
def test_no_honest_call_is_flagged(folder):
    if not folder.is_dir():
        pytest.skip(f"{folder} is not there")
    for path in truth.find(folder):
        said = truth.read(path)
        recording = Recording(said.id, said.audio.name, said.id, said.duration, 8000, 2, "")
        assert flags(said.call(recording, Metadata(path.name))) == {}, path.stem
