"""Slots of a qualification: asked and answered, told unasked, or still a gap."""

import pytest
from spoken import call, measured, value

from callqa.analysers.qualification import Meddic, Qualification
from callqa.config import load, shipped

SETTINGS = load(shipped("configs") / "callqa.toml")
SHIPPED = Qualification(lexicons=next(c for c in SETTINGS.analysers if c.use == "qualification").options["lexicons"])

TOY = {
    "slots": {
        "budget": {"label": "Бюджет", "ask": ["бюджет"], "answer": ["# рубль"]},
        "timing": {"label": "Срок", "ask": ["=когда"]},
    },
    "evasive": ["=не =знаю"],
}


def toy(*lines, **options):
    return measured(Qualification(lexicons={"ru": TOY}, **options), call(*lines, language="ru"))


@pytest.mark.parametrize(
    ("lines", "budget"),
    [
        (["rep 0-4 какой бюджет", "customer 5-8 небольшой"], 1),
        (["rep 0-4 какой бюджет", "customer 5-8 не знаю"], 0),  # an evasion is no answer
        (["rep 0-4 какой бюджет", "customer 13-15 небольшой"], 0),  # nor is what comes later
        (["rep 0-4 какой бюджет", "rep 6-9 понятно", "customer 9.5-11 небольшой"], 1),
        (["customer 0-4 у нас пять рублей", "rep 5-6 так"], 1),  # told unasked
        (["rep 0-4 пять рублей", "customer 5-8 так"], 0),  # the rep's own figure tells nothing
        (["customer 0-4 какой бюджет", "rep 5-8 небольшой"], 0),
        (["rep 0-4 бюджет какой", "customer 5-8 не знаю", "rep 9-12 а бюджет", "customer 13-14 рублей сто"], 1),
        (["rep 0-4 добрый день", "customer 5-8 да"], 0),
    ],
)
def test_a_slot_is_covered_when_asked_and_answered_or_told(lines, budget):
    assert toy(*lines)["qualification.budget"].value == budget


def test_an_answer_within_the_rep_s_turn_counts():
    lines = ("rep 0-4 какой у вас бюджет", "customer 4.1-4.5 да", "rep 4.6-9 хорошо идём дальше")
    assert toy(*lines)["qualification.budget"].value == 1


def test_how_long_an_answer_may_take_is_an_option():
    lines = ("rep 0-4 какой бюджет", "customer 13-15 небольшой")
    assert toy(*lines, answer_within=10.0)["qualification.budget"].value == 1


def test_the_whole_is_the_share_of_slots_and_names_the_gaps_first():
    found = toy("rep 0-4 какой бюджет", "customer 5-8 небольшой", "rep 9-12 спасибо вам")["qualification"]
    assert (found.value, found.n) == (0.5, 2)
    assert [(e.start, e.end, e.note) for e in found.evidence] == [
        (9, 9, "не выяснено: Срок"),
        (2, 4, "Бюджет, спрошено: какой бюджет"),
        (5, 8, "Бюджет, ответ: небольшой"),
    ]


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (["rep 0-4 какой бюджет", "customer 5-8 не знаю"], "Бюджет, спрошено, ответа нет: какой бюджет"),
        (["customer 0-4 это сто рублей", "rep 5-6 так"], "Бюджет, клиент сказал сам: это сто рублей"),
    ],
)
def test_a_slot_s_evidence_says_how_it_was_found_out(lines, note):
    assert [e.note for e in toy(*lines)["qualification.budget"].evidence] == [note]


@pytest.mark.parametrize(
    ("lines", "reason"),
    [(["rep 0-4 бюджет"], "customer_silent"), (["customer 0-4 бюджет"], "rep_silent"), ([], "no_speech")],
)
def test_one_side_alone_qualifies_nobody(lines, reason):
    assert {m.reason for m in toy(*lines).values()} == {reason}


QUESTIONS = [
    ("ru", "budget", "На какую сумму вы рассчитываете?", "Тысяч двести."),
    ("ru", "budget", "во сколько вам это обходится", "тысяч сорок"),
    ("ru", "authority", "А кто, кроме вас, принимает решение?", "Решаю я."),
    ("ru", "authority", "С кем нужно это согласовать?", "С директором."),
    ("ru", "need", "Что мешает вам больше всего?", "Ошибки в остатках."),
    ("ru", "need", "как у вас сейчас устроен учёт", "в экселе"),
    ("ru", "timing", "Когда планируете начать?", "Осенью."),
    ("ru", "timing", "К какому сроку нужно?", "К марту."),
    ("en", "budget", "What is your budget?", "About ten thousand."),
    ("en", "budget", "How much do you spend on fuel?", "Nine hundred a month."),
    ("en", "authority", "Who else is involved in the decision?", "My manager."),
    ("en", "need", "What would you most like to see?", "The map."),
    ("en", "need", "How do you track fuel at the moment?", "On paper."),
    ("en", "timing", "When do you need it?", "By June."),
]


@pytest.mark.parametrize(("language", "slot", "question", "answer"), QUESTIONS)
def test_the_shipped_lists_know_how_reps_ask(language, slot, question, answer):
    asked = call(f"rep 0-4 {question}", f"customer 4.5-8 {answer}", language=language)
    assert value(SHIPPED, asked, f"qualification.{slot}") == 1
    unanswered = call(f"rep 0-4 {question}", "rep 20-24 м", "customer 60-61 м", language=language)
    assert value(SHIPPED, unanswered, f"qualification.{slot}") == 0


@pytest.mark.parametrize(
    ("language", "slot", "line"),
    [
        ("ru", "budget", "Мы рассчитывали тысяч на двести."),
        ("ru", "authority", "У нас такое директор подписывает."),
        ("ru", "need", "Мы хотим сократить потери на складе."),
        ("ru", "timing", "Хотим запустить до осени."),
        ("en", "budget", "We pay about two thousand dollars a month."),
        ("en", "authority", "I am the owner."),
        ("en", "need", "We need something faster."),
        ("en", "timing", "We want to start by June."),
    ],
)
def test_the_shipped_lists_hear_what_customers_tell_unasked(language, slot, line):
    assert value(SHIPPED, call(f"customer 0-6 {line}", "rep 7-8 м", language=language), f"qualification.{slot}") == 1


@pytest.mark.parametrize(
    ("language", "rep", "customer"),
    [
        ("ru", "Добрый день, вам удобно говорить?", "Да, удобно."),
        ("ru", "Есть партии и сроки годности, есть отчёты.", "Угу, понятно."),
        ("en", "Do you have five minutes to talk?", "Sure."),
    ],
)
def test_small_talk_covers_no_slot(language, rep, customer):
    assert value(SHIPPED, call(f"rep 0-6 {rep}", f"customer 7-9 {customer}", language=language), "qualification") == 0


MEDDIC = Meddic(lexicons=next(c for c in SETTINGS.analysers if c.use == "meddic").options["lexicons"])


@pytest.mark.parametrize(
    ("language", "slot", "question", "answer"),
    [
        ("ru", "metrics", "Во сколько вам обходится один такой случай?", "Тысячи три."),
        ("ru", "economic_buyer", "А кто утверждает такую сумму?", "Генеральный."),
        ("ru", "decision_criteria", "Что для вас важнее всего при выборе?", "Скорость."),
        ("ru", "decision_process", "Как у вас проходит согласование?", "Через юристов."),
        ("ru", "identify_pain", "Что вам мешает больше всего?", "Ошибки."),
        ("ru", "champion", "Сможете рассказать об этом директору?", "Конечно."),
        ("en", "metrics", "How much does one such day cost you?", "About a grand."),
        ("en", "economic_buyer", "Who signs off on the budget?", "Our CFO."),
        ("en", "decision_criteria", "What matters most to you?", "Speed."),
        ("en", "decision_process", "Who else is involved in it?", "The legal team."),
        ("en", "identify_pain", "What is your biggest challenge today?", "Late vans."),
        ("en", "champion", "Would you present it to your director?", "Certainly."),
    ],
)
def test_meddic_slots_are_asked_and_answered(language, slot, question, answer):
    found = measured(MEDDIC, call(f"rep 0-4 {question}", f"customer 5-8 {answer}", language=language))
    assert found[f"qualification_meddic.{slot}"].value == 1


@pytest.mark.parametrize(
    ("language", "slot", "line"),
    [
        ("ru", "metrics", "Мы теряем сорок тысяч в месяц."),
        ("ru", "economic_buyer", "У нас директор, он деньги подписывает."),
        ("ru", "decision_criteria", "Для нас главное, чтобы работало ночью."),
        ("ru", "decision_process", "Надо показать это заведующему складом."),
        ("ru", "identify_pain", "Постоянно путаются остатки, и заявки теряются."),
        ("ru", "champion", "Я сам расскажу об этом директору."),
        ("en", "metrics", "We lose four thousand dollars a month."),
        ("en", "economic_buyer", "Our finance director signs everything."),
        ("en", "decision_criteria", "The most important thing is support."),
        ("en", "decision_process", "I would need to show it to the owner."),
        ("en", "identify_pain", "Our problem is late vans."),
        ("en", "champion", "I will show it to my team."),
    ],
)
def test_meddic_slots_are_told_unasked(language, slot, line):
    found = measured(MEDDIC, call("rep 0-4 Так.", f"customer 5-8 {line}", language=language))
    assert found[f"qualification_meddic.{slot}"].value == 1


def test_meddic_names_its_gaps_beside_bant():
    lines = ("rep 0-4 Добрый день.", "customer 5-8 Здравствуйте.")
    found = measured(MEDDIC, call(*lines, language="ru"))
    assert found["qualification_meddic"].value == 0
    assert found["qualification_meddic"].evidence[0].note.startswith("не выяснено: Показатели, Кто даёт деньги")
    assert not set(found) & set(measured(SHIPPED, call(*lines, language="ru")))
