"""Price and competitors: who speaks of them, how often, from which minute on."""

import pytest
from shipped_lists import analyser
from spoken import call, measured, value

MENTIONS = analyser("mentions")


@pytest.mark.parametrize(
    ("said", "language", "topic"),
    [
        ("А сколько это стоит?", "ru", "price"),
        ("Тариф стоит шесть тысяч рублей.", "ru", "price"),
        ("Это дороговато.", "ru", "price"),
        ("Скидку дадите?", "ru", "price"),
        ("Двенадцать тысяч в месяц, и всё включено.", "ru", "price"),
        ("У конкурентов то же самое.", "ru", "competitor"),
        ("Мы уже работаем с другой компанией.", "ru", "competitor"),
        ("А чем вы лучше?", "ru", "competitor"),
        ("Мне предлагают за пять.", "ru", "competitor"),
        ("Сейчас у нас Битрикс.", "ru", "competitor"),
        ("How much does it cost?", "en", "price"),
        ("It is twenty dollars per van.", "en", "price"),
        ("That is too expensive.", "en", "price"),
        ("Is there any discount?", "en", "price"),
        ("We already use another system.", "en", "competitor"),
        ("How are you different?", "en", "competitor"),
        ("They offered it cheaper.", "en", "competitor"),
        ("We looked at HubSpot.", "en", "competitor"),
    ],
)
def test_what_speaks_of_a_topic(said, language, topic):
    there = call(f"customer 0-6 {said}", "rep 7-9", language=language)
    assert value(MENTIONS, there, f"{topic}_mentions_customer") == 1


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("Вы дорогой наш клиент, здравствуйте.", "ru"),
        ("Сейчас вы теряете сорок тысяч в месяц.", "ru"),
        ("Звонок бесплатный звонок по России.", "ru"),
        ("We must do it at all costs.", "en"),
        ("Who is in charge of it?", "en"),
        ("We lost four thousand dollars.", "en"),
    ],
)
def test_what_only_looks_like_a_price(said, language):
    there = call(f"rep 0-6 {said}", "customer 7-9 Да.", language=language)
    assert value(MENTIONS, there, "price_mentions") == 0


def test_a_sentence_is_one_mention_and_each_side_has_its_own():
    there = call(
        "rep 0-6 Цена со скидкой шесть тысяч рублей. Это дешевле рынка.",
        "customer 7-9 А цена без скидки?",
        language="ru",
    )
    found = measured(MENTIONS, there)
    assert (found["price_mentions"].value, found["price_mentions_customer"].value) == (2, 1)
    assert found["price_mentions"].evidence[0].note.startswith("цена: Цена со скидкой")


def test_the_first_minute_counts_conversation_alone_and_names_who_spoke():
    there = call(
        "rep 30-60 Добрый день.",
        "customer 150-156 А сколько стоит?",
        "rep 156-160 Шесть тысяч рублей.",
        language="ru",
        events=[("hold_music", 60, 120)],
    )
    first = measured(MENTIONS, there)["first_price_minute"]
    assert first.value == pytest.approx((30 + 30 + 2) / 60)  # "А" comes before "сколько"
    assert first.evidence[0].note.startswith("клиент: ")
    assert value(MENTIONS, there, "first_competitor_minute") == "not_mentioned"


def test_a_silent_side_mentions_nothing_that_could_be_counted():
    there = call("rep 0-6 Цена шесть тысяч рублей.", language="ru")
    assert value(MENTIONS, there, "price_mentions") == 1
    assert value(MENTIONS, there, "price_mentions_customer") == "customer_silent"
