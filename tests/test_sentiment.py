"""How the customer's words sound, in thirds, with their negative peaks."""

import pytest
from shipped_lists import analyser
from spoken import call, measured, value

from callqa.analysers.sentiment import Sentiment

SENTIMENT = analyser("sentiment")


def overall(said, language):
    return value(SENTIMENT, call(f"customer 0-10 {said}", "rep 11-13", language=language), "sentiment_customer")


@pytest.mark.parametrize(
    ("said", "language", "polarity"),
    [
        ("Это отлично, ну и ну вот так", "ru", 2 / 4),
        ("Мне нравится ваша новая программа для склада", "ru", 1 / 3),
        ("У нас тут проблема со складом вышла", "ru", -1 / 3),
        ("Это кошмар, что тут у вас творится", "ru", -2 / 4),
        ("Мне это не нравится, скажу я вам", "ru", -1 / 3),
        ("Это неплохо и ещё вот удобно", "ru", 2 / 4),
        ("Мы торгуем мебелью и возим её сами", "ru", 0),
        ("Всё ужасно, но мастер приехал отличный", "ru", 0),
        ("This is wonderful and that is all", "en", 2 / 4),
        ("It is a problem for the drivers here", "en", -1 / 3),
        ("It is terrible for all of the drivers", "en", -2 / 4),
        ("We sell bread to shops and to schools", "en", 0),
        ("That is not a problem for the drivers", "en", 0.5 / 2.5),  # turned round at half strength
        ("It is a very big problem for drivers here", "en", -1.5 / 3.5),
        ("It is a very annoying thing for all drivers", "en", -1.5 / 3.5),
        ("It is a slightly annoying thing for all drivers", "en", -(1 / 1.5) / (1 / 1.5 + 2)),
    ],
)
def test_polarity_is_the_balance_of_good_and_bad_words(said, language, polarity):
    assert overall(said, language) == pytest.approx(polarity)


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("Всего хорошего, до свидания, доброго дня вам", "ru"),
        ("Чем вы лучше, вот скажите мне", "ru"),
        ("Would you like to see it today now", "en"),
        ("Good morning, this is the bakery here speaking", "en"),
    ],
)
def test_politeness_and_turns_of_phrase_say_nothing(said, language):
    assert overall(said, language) == 0


RUSSIAN = (
    "customer 0-10 У меня третий день не работает интернет, это безобразие!",
    "rep 10-20 Понимаю вас, проверяю.",
    "customer 20-24 Жду вашего мастера уже два часа.",
    "rep 24-40 Мастер приедет через час.",
    "customer 40-60 Отлично, спасибо большое, вы меня выручили, я очень рада.",
)
ENGLISH = (
    "customer 0-10 My order is broken and nobody calls me back, it is outrageous!",
    "rep 10-20 I am sorry, let me check.",
    "customer 20-24 I am still here with you.",
    "rep 24-40 The courier comes today.",
    "customer 40-60 Perfect, thank you so much, I am very happy now.",
)


@pytest.mark.parametrize(("lines", "language"), [(RUSSIAN, "ru"), (ENGLISH, "en")])
def test_a_mood_that_turns_changes_between_first_and_last_third(lines, language):
    found = measured(SENTIMENT, call(*lines, language=language))
    first, last = (found[f"sentiment_{third}_customer"].value for third in ("first", "last"))
    assert first < -0.4
    assert last > 0.4
    assert found["sentiment_change_customer"].value == pytest.approx(last - first)
    (peak,) = found["negative_peaks_customer"].evidence
    assert (peak.start, peak.end) == (0, 10)
    assert lines[0].split(" ", 2)[2] in peak.note


def test_the_worst_peak_stands_first_and_a_sentence_broken_off_ends_with_its_turn():
    lines = (
        "customer 0-10 Мастер не приехал, проблема осталась, и никто",
        "rep 10-11 Минутку.",
        "customer 11-20 Это кошмар, обман и издевательство!",
        "rep 20-30 Понимаю.",
    )
    peaks = measured(SENTIMENT, call(*lines, language="ru"))["negative_peaks_customer"].evidence
    assert [(e.start, e.end) for e in peaks] == [(11, 20), (0, 10)]


def test_mild_words_alone_make_no_peak():
    there = call("customer 0-10 Я подумаю, дороговато, и некогда мне сейчас, сложно.", "rep 10-11 Да.", language="ru")
    assert value(SENTIMENT, there, "negative_peaks_customer") == 0


def test_a_third_with_hardly_a_word_has_no_polarity():
    there = call("rep 0-30 Добрый день.", "customer 31-40 Да, это всё мне очень нравится, спасибо.", language="ru")
    found = measured(SENTIMENT, there)
    assert found["sentiment_first_customer"].reason == "too_little_speech"
    assert found["sentiment_change_customer"].reason == "too_little_speech"
    assert found["sentiment_last_customer"].value > 0


def test_only_the_customer_is_judged():
    assert all(m.name.endswith("_customer") for m in SENTIMENT.measures)
    there = call("rep 0-9 Ужас, кошмар, безобразие!", "customer 9-12 Мы возим мебель и торгуем ею.", language="ru")
    assert value(SENTIMENT, there, "sentiment_customer") == 0


@pytest.mark.parametrize("options", [{"calm": 0.0}, {"degree": 0.5}, {"peak": 0.5}])
def test_options_that_make_no_sense_are_refused(options):
    with pytest.raises(ValueError, match="calm is more than 0"):
        Sentiment(**options)


@pytest.mark.parametrize(
    ("said", "language", "sign"),
    [
        ("Мне всё понравилось, ребята работали быстро и аккуратно.", "ru", 1),
        ("Вы очень помогли, теперь всё понятно, спасибо вам.", "ru", 1),
        ("Хорошее предложение, мы готовы подписать на этой неделе.", "ru", 1),
        ("Звучит заманчиво, давайте попробуем на одном складе.", "ru", 1),
        ("Я доволен, как вы решили мой вопрос.", "ru", 1),
        ("Нареканий у нас нет, всё устраивает.", "ru", 1),
        ("Я вам уже пятый раз звоню, и никто не отвечает.", "ru", -1),
        ("Ваш курьер нахамил мне и бросил коробку.", "ru", -1),
        ("Мы очень разочарованы качеством последней партии.", "ru", -1),
        ("Система постоянно зависает, сотрудники жалуются.", "ru", -1),
        ("Нас это не устраивает, будем искать другого.", "ru", -1),
        ("Верните мне деньги, я больше у вас не куплю.", "ru", -1),
        ("Мне навязали услугу, которую я не просил.", "ru", -1),
        ("У нас офис на третьем этаже, рядом с лифтом.", "ru", 0),
        ("Запишите телефон бухгалтерии, она работает до пяти.", "ru", 0),
        ("The team was friendly and the setup was easy.", "en", 1),
        ("I am really impressed with how quickly you answered.", "en", 1),
        ("We are happy with the pilot and want to go on.", "en", 1),
        ("That solves our biggest headache, thank you so much.", "en", 1),
        ("It works beautifully for all our stores.", "en", 1),
        ("Your driver was rude and the parcel arrived damaged.", "en", -1),
        ("We have been waiting for three weeks and nobody answers.", "en", -1),
        ("The app keeps crashing and support is useless.", "en", -1),
        ("I feel misled about the price, this is not fair.", "en", -1),
        ("I want to cancel, I am fed up with this.", "en", -1),
        ("It is not worth the money for us.", "en", -1),
        ("Our office is on the third floor near the station.", "en", 0),
        ("We have forty people and two warehouses in Leeds.", "en", 0),
    ],
)
def test_lines_that_no_labelled_call_holds(said, language, sign):
    found = overall(said, language)
    assert (found > 0) - (found < 0) == sign, found
