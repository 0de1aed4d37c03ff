"""Further offers: upsell and cross-sell, and whether the customer takes them."""

import pytest
from shipped_lists import analyser
from spoken import call, measured, value

OFFERS = analyser("offers")


@pytest.mark.parametrize(
    ("said", "language", "kind"),
    [
        ("Советую расширенный тариф, там больше отчётов.", "ru", "upsell"),
        ("За небольшую доплату будет модель побольше.", "ru", "upsell"),
        ("Можно перейти на старший тариф.", "ru", "upsell"),
        ("К нему многие берут стабилизатор.", "ru", "cross_sell"),
        ("Не хотите добавить чехол?", "ru", "cross_sell"),
        ("Также рекомендую страховку на год.", "ru", "cross_sell"),
        ("You could upgrade to the next plan.", "en", "upsell"),
        ("For a little more you get the premium plan.", "en", "upsell"),
        ("Would you like to add the insurance?", "en", "cross_sell"),
        ("Most customers also take the care kit.", "en", "cross_sell"),
    ],
)
def test_what_is_a_further_offer(said, language, kind):
    there = call(f"rep 0-6 {said}", "customer 7-9 Hm.", language=language)
    found = measured(OFFERS, there)
    assert (found["offers"].value, found[f"offers.{kind}"].value) == (1, 1)


@pytest.mark.parametrize(
    ("said", "language"),
    [
        ("Наша цель увеличить полный объём продаж.", "ru"),
        ("Расскажите, что ещё смущает?", "ru"),
        ("Не предлагаю добавить ничего.", "ru"),
        ("It is set up at no extra cost.", "en"),
        ("May I put you on hold?", "en"),
        ("How do you track your vans?", "en"),
    ],
)
def test_what_offers_nothing_further(said, language):
    there = call(f"rep 0-6 {said}", "customer 7-9 Yes.", language=language)
    assert value(OFFERS, there, "offers") == 0
    assert value(OFFERS, there, "offers_accepted") == "no_offers"


RUSSIAN = "rep 0-6 К нему многие берут стабилизатор."
ENGLISH = "rep 0-6 Would you like to add the insurance?"


@pytest.mark.parametrize(
    ("lines", "language", "accepted", "note"),
    [
        ((RUSSIAN, "customer 7-9 Давайте и стабилизатор."), "ru", 1, "принято"),
        ((RUSSIAN, "customer 7-9 Нет, спасибо, не надо."), "ru", 0, "отклонено"),
        ((RUSSIAN, "customer 7-9 А связь нужна?"), "ru", 0, "без ответа"),
        ((RUSSIAN, "customer 7-9 А связь нужна?", "rep 9-11 Нет.", "customer 11-13 Беру."), "ru", 1, "принято"),
        ((RUSSIAN, "customer 7-9 Да."), "ru", 0, "без ответа"),  # nothing was asked
        ((RUSSIAN[:-1] + "?", "customer 7-9 Да."), "ru", 1, "принято"),
        ((ENGLISH, "customer 7-9 Yes, please."), "en", 1, "accepted"),
        ((ENGLISH, "customer 7-9 Yes."), "en", 1, "accepted"),
        ((ENGLISH, "customer 7-9 No, thanks."), "en", 0, "declined"),
        ((ENGLISH, "customer 7-9 What is it?"), "en", 0, "not answered"),
    ],
)
def test_whether_it_was_taken(lines, language, accepted, note):
    found = measured(OFFERS, call(*lines, language=language))
    assert found["offers_accepted"].value == accepted
    assert note in found["offers"].evidence[0].note


@pytest.mark.parametrize(
    ("said", "language", "asks"),
    [
        ("А есть модель помощнее?", "ru", 1),
        ("Можно добавить второй номер?", "ru", 1),
        ("Сколько стоит?", "ru", 0),
        ("Can we also get the bigger one?", "en", 1),
        ("What else do you recommend?", "en", 1),
        ("How much is it?", "en", 0),
    ],
)
def test_a_customer_who_asks_for_more(said, language, asks):
    there = call("rep 0-4 Да.", f"customer 5-9 {said}", language=language)
    assert value(OFFERS, there, "offers_customer") == asks


def test_a_turn_makes_one_offer_of_a_kind_and_what_was_not_taken_stands_first():
    there = call(
        "rep 0-9 Многие берут стабилизатор. Также рекомендую монтаж.",
        "customer 9-11 Давайте.",
        "rep 11-15 Советую расширенный тариф.",
        "customer 15-17 Нет, не надо.",
        language="ru",
    )
    found = measured(OFFERS, there)
    assert [found[f"offers{kind}"].value for kind in ("", ".upsell", ".cross_sell")] == [2, 1, 1]
    assert found["offers_accepted"].value == 0.5
    assert found["offers_accepted"].evidence[0].start == 11
