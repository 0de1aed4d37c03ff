"""Which sentences ask, how they ask, and what the questions bring."""

from pathlib import Path

import pytest
from spoken import call, lexicons, measured, value

from callqa.analysers.asking import asked
from callqa.analysers.conversation import Conversation
from callqa.analysers.questions import Questions
from callqa.analysers.timeline import Rules
from callqa.errors import ConfigError
from callqa.types import Call, Metadata, Recording, Transcript, Turn, Word

QUESTIONS = Questions(lexicons("backchannels", "questions"))
SHARED = Path(__file__).parents[2] / "shared" / "calls"


def kinds(said, language, before=""):
    words = [Word(w, i * 0.4, i * 0.4 + 0.35) for i, w in enumerate(said.split())]
    return [one.kind for one in asked([words], QUESTIONS.lexicons[language], language, [before])[0]]


RUSSIAN = {
    "open": [
        "Сколько у вас складов?",
        "У вас сколько складов?",
        "А во сколько обходится доставка?",
        "Скажите, пожалуйста, кто у вас принимает решение?",
        "Подскажите, какой у вас оборот?",
        "Из-за чего вы ушли от прошлого поставщика?",
        "Иван Петрович, а какие задачи сейчас самые важные?",
        "Расскажите о вашей компании.",
        "Опишите, пожалуйста, типичный день менеджера.",
        "Не подскажете ваш адрес?",
        "Как вы сейчас ведёте учёт.",  # распознавание потеряло знак
        "Какой у вас бюджет на этот год.",
        "Понятно, а почему вы решили сменить систему.",
        "Что для вас главное при выборе, если не секрет.",
        "Хотел бы узнать, на какой срок рассчитываете.",
        "С кем вы сейчас работаете",
        "Ваш телефон, пожалуйста?",
        "А кто, кроме вас, принимает решение?",
        "Если представить, что всё работает, каким будет результат.",
        "Два дня без продаж, понимаю, а что происходит с клиентами в эти дни.",
        "Хорошо, буду краток, расскажите про склад.",
        "Двух слов хватит, а сколько у вас складов.",
    ],
    "closed": [
        "Вам удобно сейчас говорить?",
        "Подойдёт ли вам среда?",
        "Подойдёт ли вам среда.",
        "Остались ли у вас вопросы.",
        "Вы уже пробовали другие программы?",
        "Тогда давайте в четверг в два. Подходит?",
        "Так что, оформляем?",
        "У вас есть какие-нибудь вопросы или пожелания?",
        "Правильно понимаю, что решаете вы с партнёром?",
        "Вам удобно говорить.",
        "Вы готовы или нет?",
        "Неужели вас это устраивает.",
        "Как насчёт четверга?",
    ],
    "alternative": [
        "Вам удобнее утром или вечером?",
        "Когда созвонимся, в среду или в пятницу?",
        "Оплатите картой или по счёту?",
        "Есть вторник и четверг. Что вам удобнее?",
        "Какой вариант вам ближе?",
    ],
    "tag": ["Да?", "Это за месяц, верно?", "Я правильно понял?", "Вы директор, так?", "Алло?"],
    None: [
        "Как раз хотел об этом рассказать.",
        "Когда приедет мастер, он всё покажет.",
        "Как вы знаете, цены выросли.",
        "Что касается цены, она не изменится.",
        "Как хотите.",
        "Вряд ли это вам подойдёт.",
        "Я расскажу, как это работает.",
        "Непонятно, как это работает.",
        "Вот почему мы так делаем.",
        "Какой ужас!",
        "Там охране назовите фамилию.",
        "Я не знаю, сколько это стоит.",
        "Сколько угодно.",
        "Вы видите, сколько звонков принял каждый менеджер.",
        "Составлю расчёт, сколько стоят два дня простоя.",
        "Едут к соседям, куда ж ещё.",
        "Ну, как знаете.",
        "Я хочу узнать про курсы.",
        "Да как.",
        "Хочу понять, что закупать, а что лежит.",
    ],
}
ENGLISH = {
    "open": [
        "How many vans do you have?",
        "And what is your budget for this year.",
        "So who else is involved in the decision?",
        "Tell me about your team.",
        "Okay, walk me through your process.",
        "Could you describe a typical day?",
        "From what you have seen, what would help most?",
        "Your email address, please?",
        "What happens if a delivery is late.",
        "Which system are you using now",
        "I was wondering how you track orders.",
        "Why did you leave your last supplier?",
    ],
    "closed": [
        "Do you have a minute?",
        "Does Thursday work for you.",
        "Can I send you the details?",
        "Have you tried anything else.",
        "Is the price a problem?",
        "How about a short demo on Thursday?",
        "Would that suit you both?",
        "Are there any questions or concerns?",
        "You have ten people in the team?",
        "Do you want to go on or not?",
    ],
    "alternative": [
        "Would you prefer Tuesday or Thursday?",
        "Is it the price or the timing?",
        "Which day is better for you?",
        "Would you prefer between 8 a.m. and 10 a.m. or between 3 p.m. and 5 p.m.?",
        "What do you use now, a spreadsheet or a system?",
    ],
    "tag": [
        "Right?",
        "That was last month, right?",
        "It works, doesn't it?",
        "Does that make sense?",
        "You are the owner, correct?",
    ],
    None: [
        "What I can do is send you an offer.",
        "When a customer calls, we answer.",
        "Have a lovely evening!",
        "Do not worry.",
        "Which is why we built it.",
        "Let me tell you how it works.",
        "I know what you mean.",
        "That is what we do.",
        "Whatever you need, call me.",
        "I do not know how much it costs.",
    ],
}


def rows(by_kind):
    return [(said, kind) for kind, sentences in by_kind.items() for said in sentences]


@pytest.mark.parametrize(("said", "kind"), rows(RUSSIAN))
def test_russian_questions_by_kind(said, kind):
    assert kinds(said, "ru")[-1:] == ([kind] if kind else [])


@pytest.mark.parametrize(("said", "kind"), rows(ENGLISH))
def test_english_questions_by_kind(said, kind):
    assert kinds(said, "en")[-1:] == ([kind] if kind else [])


def test_an_abbreviation_ends_no_sentence():
    assert kinds("Should we put you down for 8 a.m. then?", "en") == ["closed"]
    assert kinds("У вас склады, магазины и т.д. или один офис?", "ru") == ["alternative"]
    assert kinds("Is that you, Mr. Brown?", "en") == ["closed"]


def test_an_echo_of_what_was_just_said_is_no_question_of_ones_own():
    assert kinds("В четверг?", "ru", before="Давайте в четверг, мне так удобно.") == ["tag"]
    assert kinds("В четверг?", "ru", before="Давайте на той неделе.") == ["closed"]


def test_who_goes_on_at_once_to_a_silent_listener_asked_rhetorically():
    lines = ["rep 0-6 And who pays for that? Nobody at all does that.", "customer 8-9 I see."]
    assert value(QUESTIONS, call(*lines), "questions_rhetorical") == 1
    assert value(QUESTIONS, call(lines[0], "customer 2.5-4 well we do", "rep 9-10 I see"), "questions_rhetorical") == 0
    # of two questions in a row each is asked
    stacked = call("rep 0-6 And who pays for that? What do they pay?", "customer 8-9 I do.")
    assert value(QUESTIONS, stacked, "questions_rhetorical") == 0
    assert value(QUESTIONS, stacked, "questions_open") == 2


def test_a_last_word_without_length_is_still_the_questions_own():
    words = (Word("Is", 1, 1.2), Word("it", 1.2, 1.4), Word("then?", 1.5, 1.5))
    turns = (Turn("rep", 1, 2, words), Turn("customer", 3, 4, (Word("Yes.", 3, 4),)))
    a_call = Call(Recording("a", "a", "a", 4, 8000, 2, ""), Metadata("a"), Transcript("en", turns))
    found = measured(QUESTIONS, a_call)
    assert found["questions_closed"].evidence[0].note == "closed: Is it then?"


CALL = [
    "rep 0-4 How many people are there?",
    "customer 5-12 There are twenty people in the office and five outside of it.",
    "rep 13-16 And do you have a budget?",
    "customer 17-18 Yes.",
    "rep 19-30 That is good then. This is how we do it, right?",
    "rep 31-36 What would you like to see?",
    "customer 45-60 Let me think about it for a while, then I will know it.",
]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("questions", 3),
        ("questions_per_hour", 180),
        ("questions_open", 2),
        ("questions_closed", 1),
        ("questions_tag", 1),
        ("questions_customer", 0),
        ("question_spread", 2 / 3),
        ("answered_share", 1 / 3),  # "Yes." is no answer of three words; nine seconds are too long
        ("question_yield", 12),
        ("question_yield_open", 12.5),
        ("question_yield_closed", 1),
        ("question_yield_alternative", "no_answers"),
    ],
)
def test_what_questions_bring(name, expected):
    assert value(QUESTIONS, call(*CALL), name) == pytest.approx(expected)


def test_questions_point_at_their_moments_the_unanswered_and_the_empty_third_first():
    found = measured(QUESTIONS, call(*CALL))
    assert [e.note for e in found["questions"].evidence] == [
        "open: How many people are there?",
        "closed: And do you have a budget?",
        "open: What would you like to see?",
    ]
    assert [e.note.split(":")[0] for e in found["answered_share"].evidence] == ["no answer", "no answer", "answered"]
    empty = found["question_spread"].evidence[0]
    assert (empty.start, empty.end, empty.note) == (40, 60, "no question in this third")
    assert found["question_yield"].evidence[0].note == "words in answer: 1: And do you have a budget?"


@pytest.mark.parametrize(
    ("lines", "name", "expected"),
    [
        (["rep 0-5 We do it all.", "customer 6-9 I see."], "questions", 0),
        (["rep 0-5 We do it all.", "customer 6-9 I see."], "answered_share", "no_questions"),
        (["rep 0-5 We do it all.", "customer 6-9 I see."], "question_spread", 0),
        (["rep 0-5 Who is there?"], "answered_share", "customer_silent"),
        (["customer 0-5 Who is there?"], "questions", "rep_silent"),
        (["customer 0-5 Who is there?"], "questions_customer", 1),
        (["unknown 0-5 Who is there?"], "questions", "sides_unknown"),
        ([], "questions", "no_speech"),
    ],
)
def test_what_cannot_be_known_of_questions_is_not_zero(lines, name, expected):
    assert value(QUESTIONS, call(*lines), name) == expected


def test_a_language_without_lists_has_no_questions():
    assert (
        value(Questions({"en": lexicons("backchannels", "questions")["en"]}), call(language="ru"), "questions")
        == "no_lexicon"
    )


def test_a_wrong_list_is_named():
    lists = lexicons("backchannels", "questions")
    with pytest.raises(ConfigError, match=r"questions word list \(ru\): tag: unknown; did you mean 'tags'\?"):
        Questions({"ru": {**lists["ru"], "tag": []}})
    with pytest.raises(ConfigError, match=r"questions word list \(en\): openers.*cannot read"):
        Questions({"en": {**lists["en"], "openers": ["(and)"]}})


def test_what_is_said_over_the_others_speech_is_asked_too():
    heard = Conversation.of(call("customer 0-10 We have it all in one place.", "rep 4-6 Where is that?"), Rules())
    assert [one.kind for one in QUESTIONS.asked(heard, "rep")] == ["open"]


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the labelled calls of ../shared/calls")
def test_labelled_calls_questions_found_and_told_by_kind():
    import sys

    sys.path.insert(0, str(Path(__file__).parents[1] / "benchmarks"))
    try:
        import questions as benchmark
    finally:
        sys.path.pop(0)
    turns = list(benchmark.judged(SHARED))
    assert benchmark.rates(turns)["f1"] >= 0.95
    assert benchmark.kind_accuracy(turns) >= 0.9
    assert benchmark.rates(list(benchmark.judged(SHARED, marks=False)))["precision"] >= 0.95


def test_words_of_no_length_are_no_speech_to_ask_in():
    found = measured(QUESTIONS, call("rep 5-5 How many vans do you have?"))
    assert {m.reason for m in found.values()} == {"no_speech"}
