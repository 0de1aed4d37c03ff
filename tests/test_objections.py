"""What counts as an objection, and when it was handled: hand-made turns with exact answers, then the shipped lists."""

import pytest
from spoken import call, measured, value

from callqa.analysers.objections import Objections
from callqa.config import load, shipped

SETTINGS = load(shipped("configs") / "callqa.toml")
SHIPPED = Objections(lexicons=next(c for c in SETTINGS.analysers if c.use == "objections").options["lexicons"])

TOY = {
    "objections": {
        "price": {"label": "Цена", "phrases": ["=дорого", "=дешевле"], "unless": ["=дорого обходиться"]},
        "competitor": {"label": "Конкурент", "phrases": ["=там =дешевле", "=другие"], "absorbs": ["price"]},
        "authority": {"label": "Решает другой", "phrases": ["=директор"], "asked": ["=кто =решает"]},
    },
    "handling": {"acknowledge": ["=понимаю"], "question": ["=почему"], "argument": ["=зато"]},
}


def toy(*lines, **options):
    return measured(Objections(lexicons={"ru": TOY}, **options), call(*lines, language="ru"))


def heard(*lines):
    """The objections as (kind's label with verdict, start)."""
    return [(e.note.partition(":")[0], e.start) for e in toy(*lines)["objections"].evidence]


DEAR = "customer 0-2 дорого"


@pytest.mark.parametrize(
    ("answer", "share"),
    [
        (["rep 3-6 понимаю зато быстро"], 1),
        (["rep 3-6 понимаю почему так"], 1),  # a question without its mark
        (["rep 3-6 понимаю. С чем вы сравниваете?"], 1),
        (["rep 3-6 понимаю, да?"], 0),  # a tag asks nothing
        (["rep 3-6 понимаю"], 0),
        (["rep 3-6 зато быстро"], 0),
        (["rep 3-6 не понимаю зато быстро"], 0),
        (["rep 3-6 понимаю", "customer 7-9 ну вот", "rep 10-12 зато быстро"], 1),
        (["rep 3-6 так", "customer 7-9 ну", "rep 10-12 вот", "customer 13-15 ну", "rep 16-20 понимаю зато"], 1),
        # the fourth turn of the rep is too late
        (
            [
                *("rep 3-4 а", "customer 5-6 ну", "rep 7-8 б", "customer 9-10 ну", "rep 11-12 в", "customer 13-14 ну"),
                "rep 15-20 понимаю зато",
            ],
            0,
        ),
        (["rep 3-6 понимаю зато быстро", "customer 7-9 всё равно дорого"], 0),  # repeated
        (["rep 3-6 понимаю почему так", "customer 7-9 дорого для нас"], 1),  # an answer to the question
        (["rep 3-6 понимаю почему так", "customer 7-9 да", "rep 10-12 а", "customer 13-15 дорого"], 0),
        ([], 0),
    ],
)
def test_handled_is_acknowledged_and_asked_or_argued_and_not_repeated(answer, share):
    assert toy(DEAR, *answer)["objections_handled"].value == share


def test_the_turns_an_answer_may_take_are_an_option():
    lines = (DEAR, "rep 3-6 так", "customer 7-9 ну", "rep 10-14 понимаю зато быстро")
    assert [toy(*lines, turns=n)["objections_handled"].value for n in (1, 2)] == [0, 1]


def test_an_acknowledgement_said_while_the_customer_goes_on_counts():
    lines = (
        "customer 0-4 дорого для нас вот",
        "rep 3-3.4 понимаю",
        "customer 4.2-8 мы маленькие",
        "rep 9-12 зато быстро",
    )
    assert toy(*lines)["objections_handled"].value == 1


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (["customer 0-2 дорого", "rep 3-4 ну"], [("Цена, без признания, без вопроса и довода", 0)]),
        (["customer 0-2 не дорого", "rep 3-4 ну"], []),
        (["rep 0-2 дорого", "customer 3-4 ну"], []),  # the customer objects, not the rep
        (["customer 0-4 ошибки дорого обходятся"], []),  # a turn of phrase that means something else
        # said again while it is being answered: one objection
        (
            ["customer 0-2 дорого", "rep 3-4 ну", "customer 5-6 дорого"],
            [("Цена, без признания, без вопроса и довода", 0)],
        ),
        # the longer phrase wins, and what is said in one breath with a competitor is part of it
        (["customer 0-2 там дешевле", "rep 3-4 понимаю зато"], [("Конкурент, отработано", 0)]),
        (["customer 0-4 дешевле другие дают", "rep 5-6 понимаю зато"], [("Конкурент, отработано", 4 / 3)]),
        (["customer 0-2 директор решает", "rep 3-4 понимаю зато"], [("Решает другой, отработано", 0)]),
        (["rep 0-2 кто решает", "customer 3-5 директор решает", "rep 6-7 понимаю зато"], []),  # asked for: no objection
    ],
)
def test_what_is_an_objection(lines, expected):
    assert heard(*lines) == expected


def test_another_objection_closes_the_answer_to_the_first():
    lines = ("customer 0-2 дорого", "rep 3-4 понимаю", "customer 5-6 другие", "rep 7-9 понимаю зато")
    assert heard(*lines) == [("Цена, без вопроса и довода", 0), ("Конкурент, отработано", 5)]


def test_an_objection_that_comes_back_later_was_not_handled():
    quiet = [f"{side} {20 + i * 10}-{28 + i * 10} ну вот" for i, side in enumerate(["customer", "rep"] * 3)]
    lines = (DEAR, "rep 3-6 понимаю зато быстро", *quiet, "customer 90-92 дорого", "rep 93-96 понимаю зато")
    assert heard(*lines) == [("Цена, клиент повторил", 0), ("Цена, отработано", 90)]


def test_counts_by_kind_and_the_unhandled_first():
    found = toy("customer 0-2 дорого", "rep 3-6 понимаю зато", "customer 7-9 директор", "rep 10-12 ну")
    assert [found[f"objections{kind}"].value for kind in ("", ".price", ".competitor", ".authority")] == [2, 1, 0, 1]
    handled = found["objections_handled"]
    assert (handled.value, handled.n, [e.start for e in handled.evidence]) == (0.5, 2, [7, 0])


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        (["customer 0-4 хорошо", "rep 5-6 да"], "no_objections"),
        (["rep 0-4 дорого"], "customer_silent"),
        (["customer 0-4"], "no_words"),
        (["unknown 0-4 дорого"], "sides_unknown"),
        ([], "no_speech"),
    ],
)
def test_without_objections_there_is_no_share(lines, reason):
    found = toy(*lines)
    assert found["objections_handled"].reason == reason
    assert found["objections"].value == (0 if reason == "no_objections" else None)


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("price", "Это для нас слишком дорого."),
        ("price", "ох дороговато"),
        ("price", "Я думал, будет тысяч десять."),
        ("price", "Мы в бюджет не укладываемся, у нас нет таких денег."),
        ("competitor", "У конкурентов условия лучше."),
        ("competitor", "Мы уже работаем с другой компанией."),
        ("competitor", "А чем вы лучше?"),
        ("competitor", "Мне предложили за шесть тысяч."),
        ("timing", "Мне надо подумать."),
        ("timing", "Сейчас не до этого, у нас сезон."),
        ("timing", "Давайте вернёмся к этому осенью."),
        ("timing", "Я очень занят."),
        ("authority", "Мне надо посоветоваться с партнёром."),
        ("authority", "Я один такое не решаю."),
        ("authority", "У нас всё директор подписывает."),
        ("need", "Нам это не нужно."),
        ("need", "А мне тетрадки хватает."),
        ("need", "Не вижу смысла что-то менять."),
        ("need", "Я не уверен, что это поможет."),
    ],
)
def test_russian_customers_object_like_this(kind, line):
    found = measured(SHIPPED, call(f"customer 0-6 {line}", "rep 7-9 так", language="ru"))
    assert {name for name, m in found.items() if name.startswith("objections.") and m.value} == {f"objections.{kind}"}


@pytest.mark.parametrize(
    ("kind", "line"),
    [
        ("price", "That is too expensive for us."),
        ("price", "We can't afford it."),
        ("price", "It's not in the budget."),
        ("competitor", "We already use a system from another vendor."),
        ("competitor", "How are you different from the others?"),
        ("competitor", "Somebody else offered it for less."),
        ("timing", "This is not a good time."),
        ("timing", "I need to think about it."),
        ("timing", "We are in the middle of the season."),
        ("authority", "I need to talk to my boss."),
        ("authority", "It's not my decision."),
        ("authority", "My manager has to approve it."),
        ("need", "We don't need it."),
        ("need", "I'm not interested."),
        ("need", "My only worry is privacy."),
    ],
)
def test_english_customers_object_like_this(kind, line):
    found = measured(SHIPPED, call(f"customer 0-6 {line}", "rep 7-9 so", language="en"))
    assert {name for name, m in found.items() if name.startswith("objections.") and m.value} == {f"objections.{kind}"}


@pytest.mark.parametrize(
    ("line", "language"),
    [
        ("Сколько это стоит?", "ru"),
        ("Ошибки нам дорого обходятся.", "ru"),
        ("Это недорого, берём.", "ru"),
        ("Да, удобно, пять минут есть.", "ru"),
        ("Сканеры у нас свои есть, хорошие, дорогие.", "ru"),
        ("Звучит интересно, расскажите.", "ru"),
        ("What does it cost?", "en"),
        ("Two people left, and that was expensive.", "en"),
        ("Sounds good, go ahead.", "en"),
        ("We have nine vans and they leave at five.", "en"),
    ],
)
def test_what_is_no_objection(line, language):
    assert value(SHIPPED, call(f"customer 0-6 {line}", "rep 7-9 так", language=language), "objections") == 0


@pytest.mark.parametrize(
    ("language", "objection", "answer", "handled"),
    [
        ("ru", "Это дорого.", "Понимаю вас, сумма заметная. А с чем вы сравниваете?", 1),
        ("ru", "это дорого", "понимаю вас сумма заметная а с чем вы сравниваете", 1),  # punctuation lost
        ("ru", "Мне надо подумать.", "Согласен, решение важное. Предлагаю начать с одного склада.", 1),
        ("ru", "Это дорого.", "Ну, такая цена.", 0),
        ("ru", "Мне надо подумать.", "Хорошо, тогда буду ждать.", 0),
        ("ru", "Нам это не нужно.", "Это прошлый век, сейчас все на программах.", 0),
        ("en", "It is too expensive.", "I understand. What do you compare it with?", 1),
        ("en", "it is too expensive", "that makes sense what do you compare it with", 1),
        ("en", "This is a busy season.", "Fair enough. We can start with one van.", 1),
        ("en", "It is too expensive.", "Well, that is the price.", 0),
    ],
)
def test_the_shipped_lists_tell_a_handled_objection(language, objection, answer, handled):
    lines = (f"customer 0-4 {objection}", f"rep 5-12 {answer}", "customer 13-14 м")
    assert value(SHIPPED, call(*lines, language=language), "objections_handled") == handled
