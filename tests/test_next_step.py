"""A next step is a commitment, a date or time, and the customer's yes, at the end of the call."""

import pytest
from spoken import call, measured, value

from callqa.analysers.next_step import NextStep
from callqa.config import load, shipped

SETTINGS = load(shipped("configs") / "callqa.toml")
SHIPPED = NextStep(lexicons=next(c for c in SETTINGS.analysers if c.use == "next_step").options["lexicons"])

TOY = {"next_step": {"commitment": ["=созвонимся"], "when": ["=завтра"], "yes": ["=да"], "no": ["=подумаю"]}}
START = ("rep 0-10 раз два три", "customer 11-60 четыре пять шесть")


def toy(*lines, **options):
    return measured(NextStep(lexicons={"ru": TOY}, **options), call(*START, *lines, language="ru"))["next_step"]


@pytest.mark.parametrize(
    ("lines", "agreed"),
    [
        (["rep 90-94 созвонимся завтра", "customer 95-96 да"], 1),
        (["rep 90-94 завтра созвонимся", "customer 95-96 да"], 1),
        (["rep 86-88 созвонимся", "customer 89-90 когда", "rep 91-92 завтра", "customer 93-94 да"], 1),
        (["rep 90-92 созвонимся", "customer 93-96 завтра"], 1),  # who names the day agrees
        (["rep 90-92 когда", "customer 93-96 созвонимся завтра", "rep 97-99 хорошо"], 1),
        (["rep 90-94 созвонимся завтра", "customer 95-96 м", "rep 97-98 вот", "customer 99-100 да"], 1),
        (["rep 80-84 созвонимся завтра"] + [f"{s} {t}-{t + 1} м" for t, s in [(85, "customer"), (87, "rep"),
          (89, "customer"), (91, "rep")]] + ["customer 93-94 да"], 0),  # the third turn is too late
        (["rep 90-94 созвонимся завтра", "customer 95-96 нет"], 0),
        (["rep 90-94 созвонимся завтра", "customer 95-98 да я подумаю"], 0),  # taken back beside it
        (["rep 90-92 созвонимся завтра", "customer 95-98 завтра подумаю"], 0),
        (["rep 90-94 не созвонимся завтра", "customer 95-96 да"], 0),
        (["rep 90-94 созвонимся", "customer 95-96 да"], 0),
        (["rep 90-94 завтра", "customer 95-96 да"], 0),
        (["rep 64-68 созвонимся завтра", "customer 69-70 да", "rep 90-100 пока"], 0),  # not in the last quarter
        (["rep 88-89 завтра", "rep 112-114 созвонимся", "customer 115-116 да"], 0),  # a date long before
    ],
)  # fmt: skip
def test_the_three_parts_make_a_next_step(lines, agreed):
    assert toy(*lines).value == agreed


def test_window_turns_and_seconds_are_options():
    early = ("rep 64-68 созвонимся завтра", "customer 69-70 да", "rep 90-100 пока")
    assert [toy(*early, window=w).value for w in (NextStep().window, type(NextStep().window)(0.5))] == [0, 1]
    late = ("rep 88-89 завтра", "rep 112-114 созвонимся", "customer 115-116 да")
    assert toy(*late, seconds=30.0).value == 1


def test_a_yes_said_over_the_rep_counts():
    assert toy("rep 88-92 созвонимся завтра и", "customer 92.1-92.5 да", "rep 92.7-96 пока пока").value == 1


def test_the_evidence_is_the_three_parts():
    found = toy("rep 90-94 созвонимся завтра", "customer 95-96 да")
    assert [(e.start, e.end, e.note) for e in found.evidence] == [
        (90, 92, "Договорённость: созвонимся завтра"),
        (92, 94, "Срок: созвонимся завтра"),
        (95, 96, "Согласие клиента: да"),
    ]


@pytest.mark.parametrize(
    ("lines", "note"),
    [
        (["rep 90-92 созвонимся", "customer 95-96 да"], "Договорённость без срока: созвонимся"),
        (["rep 90-92 созвонимся завтра", "customer 95-96 м"], "Договорённость без согласия клиента: созвонимся завтра"),
        (["rep 90-92 созвонимся", "customer 95-96 м"], "Договорённость без срока, согласия клиента: созвонимся"),
        (["rep 90-92 пока", "customer 95-96 да"], "Конец без договорённости: пока"),
    ],
)
def test_what_is_missing_is_said(lines, note):
    found = toy(*lines)
    assert (found.value, found.evidence[0].note) == (0, note)


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["rep 0-4 созвонимся завтра"], "customer_silent"),
        (["customer 0-4 да"], "rep_silent"),
        (["rep 0-4", "customer 5-9 да"], "no_words"),
        ([], "no_speech"),
    ],
)
def test_one_side_alone_agrees_on_nothing(lines, reason):
    assert value(NextStep(lexicons={"ru": TOY}), call(*lines, language="ru"), "next_step") == reason


@pytest.mark.parametrize(
    ("language", "rep", "customer", "agreed"),
    [
        ("ru", "Давайте созвонимся в четверг в десять утра. Удобно?", "Да, удобно.", 1),
        ("ru", "давайте созвонимся в четверг в десять утра удобно", "да удобно", 1),  # punctuation lost
        ("ru", "Записала вас на вторник, на 18:30.", "Хорошо.", 1),
        ("ru", "Завтра до обеда пришлю расчёт.", "Договорились, жду.", 1),
        ("ru", "Мастер приедет через два дня.", "Отлично.", 1),
        ("ru", "Я перезвоню вам на следующей неделе.", "Не надо, я сам перезвоню, если что.", 0),
        ("ru", "Пришлю вам презентацию.", "Хорошо, присылайте.", 0),
        ("ru", "Ну, тогда буду ждать.", "Всего хорошего.", 0),
        ("ru", "Скидка сгорит в пятницу.", "Ладно.", 0),
        ("en", "Let us meet next Thursday at two. Would that suit you?", "Thursday works for us.", 1),
        ("en", "I'll send you the contract tomorrow.", "Great, thank you.", 1),
        ("en", "Shall we start on Monday, the 24th of March?", "Let's do it.", 1),
        ("en", "I will send you something sometime.", "All right.", 0),
        ("en", "I will call you on Monday.", "I'm not sure, don't call me.", 0),
    ],
)
def test_the_shipped_lists_tell_a_next_step(language, rep, customer, agreed):
    lines = ("rep 0-20 м", "customer 21-60 м", f"rep 80-90 {rep}", f"customer 91-96 {customer}")
    assert value(SHIPPED, call(*lines, language=language), "next_step") == agreed
