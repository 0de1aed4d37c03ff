"""Phrases find every word form and nothing else; what the recogniser bends is found within a stated bound."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callqa.text import find, find_any, negated, phrase, quote, read, sentences, tokens
from callqa.types import Span, Word


def said(text, language="ru"):
    """One word a second."""
    return tokens([Word(w, i, i + 0.9) for i, w in enumerate(text.split())], language)


def found(pattern, text, language="ru"):
    """What of the text the phrase finds, as written by the tokens."""
    line = said(text, language)
    return [" ".join(t.text for t in line[hit.first : hit.last]) for hit in find(phrase(pattern, language), line)]


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("цена", "Цены выросли, ценой довольны, о ценах знаем", ["цены", "ценой", "ценах"]),
        ("цена", "ценный груз", []),
        ("=цены", "цены и цена", ["цены"]),
        ("ещё раз", "Еще раз!", ["еще раз"]),  # ё is е in lists and in speech
        ("дорогой", "по дороге домой", []),  # a dictionary form in a list is that word alone
        ("дорогой", "дорогая программа", ["дорогая"]),
        ("скидка|акция", "скидку по акции", ["скидку", "акции"]),
        ("=вы|=ты =должны", "вы должны, ты должны, мы должны", ["вы должны", "ты должны"]),
        ("не дорого", "это не дорого", ["не дорого"]),
        ("прислать счёт?", "пришлите счёт или пришлите", ["пришлите счет", "пришлите"]),
        ("счёт? прислать", "счёт пришлём, потом пришлём ещё", ["счет пришлем", "пришлем"]),
        ("когда * планировать", "когда планируете", ["когда планируете"]),
        ("когда * планировать", "когда вы там всё планируете", ["когда вы там все планируете"]),
        ("когда * планировать", "когда вы там всё это планируете", []),  # a gap is three words
        ("когда *5 планировать", "когда вы там всё это планируете", ["когда вы там все это планируете"]),
        ("через # день", "через 5 дней, через два дня, через пять рабочих дней", ["через 5 дней", "через два дня"]),
        ("# тысяча", "двенадцать тысяч, 40 тысяч, много тысяч", ["двенадцать тысяч", "40 тысяч"]),
        ("в #:", "в 18:30 или в 9.15, но не в 18", ["в 18:30", "в 9.15"]),
        ("чек-лист", "скачали чек-лист", ["чек-лист"]),
        ("# процент", "скидка 10%", ["10 процентов"]),
        ("сто|100 процент", "на 100% и на сто процентов", ["100 процентов", "сто процентов"]),
    ],
)
def test_russian_phrases(pattern, text, expected):
    assert found(pattern, text) == expected


@pytest.mark.parametrize(
    ("pattern", "text", "expected"),
    [
        ("price", "Prices, priced, pricing", ["prices", "priced", "pricing"]),
        ("=price", "prices and price", ["price"]),
        ("do not know", "I don't know. I do not know.", ["do not know", "do not know"]),
        ("don't know", "I do not know", ["do not know"]),  # short forms are spelt out on both sides
        ("i have", "I've seen it", ["i have"]),
        ("can not", "I can't, I cannot", ["can not", "can not"]),
        ("let us meet", "Let's meet", ["let us meet"]),
        ("buy", "we bought it", ["bought"]),
        ("in # week", "in two weeks or in 3 weeks", ["in two weeks", "in 3 weeks"]),
        ("# percent", "10% off", ["10 percent"]),
        ("it is", "It's fine", ["it is"]),
        ("customer", "our customer's office", ["customer"]),
        ("going to", "gonna do it", ["going to"]),
    ],
)
def test_english_phrases(pattern, text, expected):
    assert found(pattern, text, "en") == expected


@pytest.mark.parametrize(
    ("pattern", "heard", "language", "matches"),
    [
        ("интеграция", "интиграция", "ru", True),  # one letter of ten
        ("интеграция", "интегация", "ru", True),
        ("интеграция", "антиграция", "ru", False),  # the first letter stands
        ("=гарантирую", "горантирую", "ru", True),  # an exact form is found bent as well
        ("=гарантирую", "гарантируешь", "ru", False),  # a known word is itself
        ("скидка", "скитка", "ru", False),  # 83 of 100
        ("цена", "цина", "ru", False),  # too short to bend
        ("интересно", "неинтиресно", "ru", False),
        ("дорого", "дорога", "ru", False),
        ("integration", "intigration", "en", True),
        ("discount", "dizcount", "en", True),
        ("price", "prize", "en", False),
    ],
)
def test_a_word_no_dictionary_knows_is_found_within_the_bound(pattern, heard, language, matches):
    assert bool(found(pattern, heard, language)) == matches


@pytest.mark.parametrize(
    ("pattern", "text", "hits"),
    [
        ("прислать * счёт", "Пришлём. Счёт потом.", 0),
        ("прислать * счёт", "Пришлём, а счёт потом.", 1),
        ("прислать * счёт", "Пришлём? Счёт", 0),
    ],
)
def test_a_phrase_lies_inside_one_sentence(pattern, text, hits):
    assert len(found(pattern, text)) == hits


def test_a_long_pause_ends_a_sentence_where_punctuation_is_lost():
    near = [Word("пришлём", 0, 1), Word("счёт", 2.4, 3)]
    far = [Word("пришлём", 0, 1), Word("счёт", 2.6, 3)]
    sought = phrase("прислать счёт", "ru")
    assert [len(find(sought, tokens(words, "ru"))) for words in (near, far)] == [1, 0]
    assert len(sentences(far, "ru")) == 2


def test_sentences_end_at_marks_and_know_whether_they_ask():
    words = [Word(w, i, i + 0.9) for i, w in enumerate("Да. Удобно говорить? Сколько … —".split())]
    assert [(len(s.tokens), s.asks, s.start, s.end) for s in sentences(words, "ru")] == [
        (1, False, 0, 0.9),
        (2, True, 1, 2.9),
        (1, False, 3, 3.9),
    ]


def test_hits_do_not_overlap_and_come_in_order():
    line = said("да да да да")
    assert [(h.first, h.last) for h in find(phrase("да да", "ru"), line)] == [(0, 2), (2, 4)]


def test_of_overlapping_hits_of_several_phrases_the_longest_stands():
    line = said("там всё дешевле, дешевле")
    patterns = [phrase(p, "ru") for p in ("дешевле", "там * дешевле")]
    assert [(h.first, h.last) for h in find_any(patterns, line)] == [(0, 3), (3, 4)]


@pytest.mark.parametrize(
    ("text", "language", "behind"),
    [
        ("не дорого", "ru", True),
        ("не очень дорого", "ru", True),
        ("не так уж дорого", "ru", False),  # two words at most
        ("нет, дорого", "ru", False),  # punctuation between
        ("дорого", "ru", False),
        ("not expensive", "en", True),
        ("isn't that expensive", "en", True),
        ("no, expensive", "en", False),
        ("never expensive", "en", True),
    ],
)
def test_negation_stands_one_or_two_words_before(text, language, behind):
    line = said(text, language)
    sought = phrase("дорого" if language == "ru" else "expensive", language)
    (hit,) = find(sought, line)
    assert negated(line, hit) == behind
    assert bool(find_any([sought], line, affirmed=True)) == (not behind)


def test_a_phrase_that_holds_its_negation_counts_behind_it():
    line = said("нам это не подходит")
    assert len(find_any([phrase("не подходить", "ru")], line, affirmed=True)) == 1


@pytest.mark.parametrize(
    ("pattern", "why"),
    [
        ("", "empty"),
        ("* цена", "gap needs a word on both sides"),
        ("цена *", "gap needs a word on both sides"),
        ("цена? скидка?", "at least one word"),
        ("цена!", "cannot read"),
        ("(цена)", "cannot read"),
        ("don't|can", "several words"),
    ],
)
def test_what_the_syntax_does_not_allow_is_said(pattern, why):
    with pytest.raises(ValueError, match=why):
        phrase(pattern, "en")


@pytest.mark.parametrize(
    ("word", "language", "lemmas", "known"),
    [
        ("стали", "ru", {"стать"}, True),  # rare readings (steel) are left out
        ("дорогой", "ru", {"дорога", "дорогой"}, True),
        ("пять", "ru", {"пять", "#"}, True),
        ("пиксклад", "ru", None, False),
        ("18:30", "ru", {"18:30", "#", "#:"}, True),
        ("1200", "en", {"1200", "#"}, True),
        ("would", "en", {"would"}, True),
        ("sent", "en", {"sent", "send"}, True),
        ("trackwize", "en", None, False),
    ],
)
def test_words_have_their_dictionary_forms(word, language, lemmas, known):
    found, held = read(word, language)
    assert held == known
    assert lemmas is None or lemmas <= found


def test_the_parts_of_a_word_share_its_time():
    parts = tokens([Word("don't", 1.0, 2.0, 0.7)], "en")
    assert [(t.text, t.start, t.end, t.confidence) for t in parts] == [("do", 1.0, 1.5, 0.7), ("not", 1.5, 2.0, 0.7)]


def test_a_mark_that_stands_alone_belongs_to_the_word_before():
    (token,) = tokens([Word("удобно", 0, 1), Word("?", 1, 1.1)], "ru")
    assert token.mark == "?"
    assert token.ends_sentence


@pytest.mark.parametrize("spelt", ["э-э", "эээ", "Э…", "э"])
def test_hesitations_have_one_spelling(spelt):
    assert [t.text for t in tokens([Word(spelt, 0, 1)], "ru")] == ["э"]


@pytest.mark.parametrize(
    ("span", "around", "expected"),
    [
        (Span(1, 2), 0, "два"),
        (Span(1, 2), 1, "раз два три"),
        (Span(0, 6), 0, "раз два три"),
        (Span(2.5, 2.5), 0, ""),  # a moment of no length between words
        (Span(5, 6), 2, ""),
        (Span(2.6, 3), 5, "раз два три"),  # what follows a long pause belongs to something else
    ],
)
def test_a_quote_is_what_was_said_in_the_span(span, around, expected):
    words = [Word("раз", 0, 1), Word("два", 1, 2), Word("три", 2.6, 3), Word("потом", 7, 8)]
    assert quote(words, span, around) == expected


VOCABULARY = st.sampled_from("не дорого цена скидка вы должны прислать счёт завтра 5 часов . ? дорога".split())


@given(st.lists(VOCABULARY, max_size=12), st.sampled_from(["цена", "прислать * счёт", "=вы =должны", "не? дорого"]))
def test_every_hit_matches_the_phrase_again_by_itself(words, pattern):
    line = tokens([Word(w, i, i + 0.9) for i, w in enumerate(words)], "ru")
    sought = phrase(pattern, "ru")
    hits = find(sought, line)
    assert all(a.last <= b.first for a, b in itertools.pairwise(hits))
    for hit in hits:
        assert find(sought, line[hit.first : hit.last])[0].last == hit.last - hit.first
