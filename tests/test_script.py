"""Which steps were done, in what order and when: hand-made scripts with exact answers, then the shipped ones."""

import pytest
from spoken import call, measured, value

from callqa.analysers.script import Script
from callqa.config import load, shipped
from callqa.errors import ConfigError

SETTINGS = load(shipped("configs") / "callqa.toml")
SHIPPED = Script(next(c for c in SETTINGS.analysers if c.use == "script").options["lexicons"])

STEPS = {
    "hello": {"label": "Привет", "phrases": ["здравствуйте"], "order": 1, "window": {"end": 0.2}},
    "needs": {"label": "Нужды", "phrases": ["задача"], "order": 2, "weight": 2.0, "window": {"end": 0.6}},
    "offer": {"label": "Показ", "phrases": ["система"], "order": 3},
    "bye": {"label": "Конец", "phrases": ["до свидания"], "order": 4, "window": {"start": 0.8}},
}
FULL = ("rep 0-10 здравствуйте", "rep 20-30 задача", "rep 40-50 система", "rep 90-100 до свидания")


def script(steps=None, **lists):
    return Script({"ru": {"steps": steps or STEPS, **lists}})


def results(lines, steps=None):
    found = measured(script(steps), call(*lines, language="ru"))
    return tuple(
        found[name].reason or round(found[name].value, 4)
        for name in ("script_coverage", "script_order", "step_timeliness")
    )


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (FULL, (1, 1, 1)),
        (FULL[:1] + FULL[2:], (0.6, 1, 1)),  # the step of weight 2 in 5 is missing
        (("rep 0-1 задача", "rep 2-3 здравствуйте", *FULL[2:]), (1, 0.8333, 1)),  # 1 of 6 pairs is turned round
        (("rep 0-5 до свидания", "rep 10-15 система", "rep 20-25 задача", "rep 90-99 здравствуйте"), (1, 0, 0.3333)),
        (("rep 0-10 здравствуйте", "rep 90-100 тишина"), (0.2, "too_few_steps", 1)),
        (("rep 0-10 система",), (0.2, "too_few_steps", "too_few_steps")),
        (("rep 0-10 добрый день",), (0, "too_few_steps", "too_few_steps")),
        # the words of the customer are no step of the rep's
        (("customer 0-10 здравствуйте", "rep 20-30 алло"), (0, "too_few_steps", "too_few_steps")),
        (("customer 0-10 здравствуйте",), ("rep_silent",) * 3),
        (("rep 0-10",), ("no_words",) * 3),
        (("unknown 0-10 здравствуйте",), ("sides_unknown",) * 3),
        ((), ("no_speech",) * 3),
    ],
)
def test_coverage_order_and_timeliness(lines, expected):
    assert results(lines) == expected


def test_a_step_counts_at_its_first_moment_inside_the_window():
    lines = ("rep 0-4 до свидания", *FULL)
    assert results(lines) == (1, 1, 1)  # said in passing at the start, done at the end


def test_phrases_outside_of_a_strict_window_do_not_count():
    strict = {**STEPS, "bye": {**STEPS["bye"], "strict": True}}
    early = ("rep 0-4 до свидания", "rep 10-14 здравствуйте", "rep 90-100 тишина")
    assert results(early)[0] == 0.4
    assert results(early, strict)[0] == 0.2


def test_steps_of_one_place_may_swap_and_steps_without_place_come_anywhere():
    steps = {
        "a": {"label": "А", "phrases": ["один"], "order": 1},
        "b": {"label": "Б", "phrases": ["два"], "order": 1},
        "c": {"label": "В", "phrases": ["три"]},
        "d": {"label": "Г", "phrases": ["четыре"], "order": 2},
    }
    assert results(("rep 0-8 три два один четыре",), steps)[1] == 1
    assert results(("rep 0-8 четыре три два один",), steps)[1] == 0


def test_a_step_may_ask_for_several_phrases():
    steps = {"needs": {"label": "Нужды", "phrases": ["задача"], "min": 2}}
    assert [results((f"rep 0-8 {said}",), steps)[0] for said in ("задача", "задача задача")] == [0, 1]


def test_either_side_may_do_a_step_of_both():
    steps = {"needs": {"label": "Нужды", "phrases": ["задача"], "side": "any"}}
    found = measured(script(steps), call("rep 0-2 алло", "customer 3-8 есть задача", language="ru"))["script.needs"]
    assert (found.value, [e.note for e in found.evidence]) == (1, ["Нужды: есть задача"])


def test_each_step_is_a_measure_with_its_moments():
    found = measured(script(), call("rep 0-4 здравствуйте и здравствуйте", "rep 96-100 тишина", language="ru"))
    hello, needs = found["script.hello"], found["script.needs"]
    assert (hello.value, hello.n, [e.start for e in hello.evidence]) == (1, 2, [0, 2 * 4 / 3])
    assert (needs.value, needs.n, needs.evidence) == (0, 0, ())


def test_missing_steps_are_named_where_they_belong_the_heaviest_first():
    missing = measured(script(), call(*FULL[2:3], "rep 96-100 тишина", language="ru"))["script_coverage"].evidence
    assert [(e.start, e.end, e.note) for e in missing] == [
        (76.0, 76.0, "Нет шага: Нужды"),
        (52.0, 52.0, "Нет шага: Привет"),
        (100.0, 100.0, "Нет шага: Конец"),
    ]


def test_what_came_too_early_is_named_with_what_should_have_come_first():
    lines = ("rep 0-4 система", "rep 10-14 задача", "rep 96-100 тишина")
    (early,) = measured(script(), call(*lines, language="ru"))["script_order"].evidence
    assert (early.start, early.note) == (0, "Раньше, чем нужно: Показ ← Нужды: система")


OBJECTING = {
    "objections": {"price": {"label": "Цена", "phrases": ["=дорого"]}},
    "handling": {"acknowledge": ["=понимаю"], "question": ["=почему"], "argument": ["=зато"]},
}
ON_OBJECTION = {**STEPS, "objections": {"label": "Возражения", "when": "objection", "weight": 5.0}}


@pytest.mark.parametrize(
    ("lines", "step", "coverage"),
    [
        ((), "no_objections", 1),  # the step does not apply, its weight is out
        (("customer 52-55 дорого", "rep 56-60 понимаю зато быстро"), 1, 1),
        (("customer 52-55 дорого", "rep 56-60 ну такая"), 0, 0.5),
    ],
)
def test_the_objection_step_applies_where_the_customer_objects(lines, step, coverage):
    analyser = script(ON_OBJECTION, **OBJECTING)
    whole = call(*FULL[:3], *lines, FULL[3], language="ru")
    assert value(analyser, whole, "script.objections") == step
    assert value(analyser, whole, "script_coverage") == coverage


NEVER = {**STEPS, "promise": {"label": "Обещания", "phrases": ["гарантия"], "absent": True, "negation": "without"}}


@pytest.mark.parametrize(
    ("said", "window", "expected"),
    [
        ("ладно", {}, (1, 1)),
        ("даём гарантию", {}, (0, 0.8333)),  # the weight of 1 in 6
        ("не гарантия", {}, (1, 1)),
        ("даём гарантию", {"end": 0.3}, (1, 1)),  # said at 60 s of 100
        ("даём гарантию", {"start": 0.3}, (0, 0.8333)),
    ],
)
def test_a_step_may_be_that_nothing_of_a_kind_is_said(said, window, expected):
    steps = {**NEVER, "promise": {**NEVER["promise"], **({"window": window} if window else {})}}
    found = measured(script(steps), call(*FULL[:3], f"rep 60-64 {said}", FULL[3], language="ru"))
    assert (found["script.promise"].value, round(found["script_coverage"].value, 4)) == expected
    assert (found["script_order"].value, found["step_timeliness"].value) == (1, 1)  # it has no time of its own
    notes = [e.note for e in found["script_coverage"].evidence]
    assert notes == ([] if expected[0] else ["Сказано: Обещания: даём гарантию"])
    assert len(found["script.promise"].evidence) == 1 - expected[0]


@pytest.mark.parametrize(("key", "value"), [("order", 2), ("min", 2), ("strict", True), ("when", "objection")])
def test_what_must_not_come_has_no_place_and_no_number(key, value):
    steps = {"promise": {**NEVER["promise"], key: value}}
    with pytest.raises(ConfigError, match=rf"steps\.promise\.{key}: contradicts absent"):
        script(steps, **OBJECTING)


def test_a_step_of_the_other_language_is_not_measured():
    two = Script({"ru": {"steps": STEPS}, "en": {"steps": {"hi": {"label": "Hi", "phrases": ["hello"]}}}})
    assert value(two, call("rep 0-4 hello"), "script.needs") == "not_in_lexicon"
    assert value(two, call("rep 0-4 hello"), "script.hi") == 1


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("greeting", "Добрый день, Сергей Павлович!"),
        ("greeting", "здравствуйте"),
        ("introduction", "Меня зовут Анна."),
        ("introduction", "Это Игорь из компании Вектор."),
        ("permission", "Вам удобно сейчас говорить?"),
        ("permission", "Найдётся пара минут?"),
        ("agenda", "Я задам несколько вопросов, а потом расскажу о решении."),
        ("needs", "Расскажите, как у вас устроен учёт?"),
        ("needs", "Какие задачи вы хотите решить?"),
        ("needs", "А что вам мешает больше всего?"),
        ("needs", "Сколько у вас сотрудников?"),
        ("qualification", "А кто, кроме вас, принимает решение?"),
        ("qualification", "На какую сумму вы рассчитываете?"),
        ("qualification", "Когда планируете начать?"),
        ("summary", "Правильно я понял, что вам нужны отчёты?"),
        ("presentation", "Наша система сама считает остатки."),
        ("presentation", "Это стоит двенадцать тысяч рублей в месяц."),
        ("next_step", "Давайте созвонимся в четверг в десять."),
        ("next_step", "Когда вам удобно встретиться?"),
        ("next_step", "Записала вас на вторник."),
        ("closing", "Спасибо за разговор, хорошего дня!"),
        ("closing", "До свидания."),
    ],
)
def test_the_russian_script_knows_how_reps_say_it(step, line):
    twice = f"rep 0-6 {line} {line}"  # one question is no discovery: the step asks for two
    assert value(SHIPPED, call(twice, "customer 6.5-7 да", language="ru"), f"script.{step}") == 1


@pytest.mark.parametrize(
    ("step", "line"),
    [
        ("greeting", "Good morning, Priya."),
        ("introduction", "My name is Daniel Moss."),
        ("introduction", "I am calling from Brightline."),
        ("permission", "Is this a good time?"),
        ("permission", "Do you have five minutes?"),
        ("agenda", "I would like to ask a few questions first, and then we can decide."),
        ("needs", "How do you track fuel at the moment?"),
        ("needs", "What have you tried so far?"),
        ("needs", "Tell me about your team."),
        ("qualification", "Who else is involved in the decision?"),
        ("qualification", "How much are you looking to spend?"),
        ("qualification", "When do you need it?"),
        ("summary", "So if I understand you right, fuel matters most."),
        ("presentation", "Our system shows every van on the map."),
        ("presentation", "It is twenty dollars per van per month."),
        ("next_step", "Let us meet next Thursday at two."),
        ("next_step", "What time works for you?"),
        ("closing", "Thank you for your time. Goodbye."),
    ],
)
def test_the_english_script_knows_how_reps_say_it(step, line):
    twice = f"rep 0-6 {line} {line}"
    assert value(SHIPPED, call(twice, "customer 6.5-7 yes", language="en"), f"script.{step}") == 1


def test_the_weather_is_no_step():
    lines = ("customer 0-2 алло", "rep 60-66 У нас сегодня снег и ветер.", "customer 66-120 да, холодно")
    found = measured(SHIPPED, call(*lines, language="ru"))
    done = {name for name, m in found.items() if name.startswith("script.") and m.value}
    assert done == set()


@pytest.mark.parametrize(("language", "line"), [("ru", "Какой у вас склад?"), ("en", "How do you track fuel?")])
def test_one_question_is_no_discovery_of_needs(language, line):
    assert value(SHIPPED, call(f"rep 0-6 {line}", "customer 7-9 м", language=language), "script.needs") == 0
