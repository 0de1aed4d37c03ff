"""Text that nobody said is dropped with its reason; what people say stays, however odd it looks."""

import pytest

from callqa.speech.cleanup import Decoded, clean, doubt
from callqa.types import Span, Word

ALL = (Span(0, 600),)


def decoded(text, log_probability=-0.3, no_speech=0.05, pace=0.4):
    words = tuple(Word(w, i * pace, (i + 1) * pace - 0.05) for i, w in enumerate(text.split()))
    return Decoded(words, log_probability, no_speech, max(1.0, len(words) * pace))


@pytest.mark.parametrize(
    ("language", "text", "kept", "reasons"),
    [
        ("ru", "Добрый день! Продолжение следует...", "Добрый день!", ["stock_phrase"]),
        ("ru", "Субтитры сделал DimaTorzok", "", ["stock_phrase"]),
        ("ru", "Редактор субтитров А.Семкин Корректор А.Егорова", "", ["stock_phrase"]),
        ("ru", "Спасибо за просмотр! Подписывайтесь на наш канал!", "", ["stock_phrase", "stock_phrase"]),
        ("ru", "Спасибо за внимание.", "Спасибо за внимание.", []),
        ("ru", "Добавим субтитры к вашему ролику.", "Добавим субтитры к вашему ролику.", []),
        ("en", "We deliver on Monday. Thanks for watching!", "We deliver on Monday.", ["stock_phrase"]),
        ("en", "Subtitles by the Amara.org community", "", ["stock_phrase"]),
        ("en", "Thank you.", "Thank you.", []),
        ("ru", "да да да", "да да да", []),
        ("ru", "нет " * 12, "нет", ["loop"]),
        ("en", "we can do that " * 5 + "tomorrow", "we can do that tomorrow", ["loop"]),
    ],
)
def test_what_stays_and_what_goes(language, text, kept, reasons):
    words, dropped = clean(decoded(text), language, ALL)
    assert " ".join(w.text for w in words) == kept
    assert [d.reason for d in dropped] == reasons


@pytest.mark.parametrize(("language", "text"), [("ru", "Спасибо."), ("en", "Thank you."), ("en", "you")])
def test_a_common_phrase_goes_where_the_recogniser_doubts_that_anybody_spoke(language, text):
    assert clean(decoded(text, no_speech=0.8), language, ALL)[0] == ()


def test_words_far_from_any_speech_were_not_spoken():
    words, dropped = clean(decoded("один два три четыре пять"), "ru", (Span(0, 0.5),))
    assert [w.text for w in words] == ["один", "два", "три"]  # within 0.6 s of speech
    assert [(d.text, d.reason) for d in dropped] == [("четыре пять", "no_speech_there")]


def test_an_unsure_chunk_without_speech_goes_whole():
    words, dropped = clean(decoded("какие-то слова", log_probability=-1.4, no_speech=0.9), "ru", ALL)
    assert words == ()
    assert [(d.text, d.reason) for d in dropped] == [("какие-то слова", "no_speech")]


@pytest.mark.parametrize(
    ("chunk", "code"),
    [
        (decoded("мы работаем с понедельника по пятницу"), None),
        (decoded(""), None),
        (decoded("раз два " * 9), "loop"),
        (decoded("мы работаем", log_probability=-1.2), "unsure"),
        (decoded("вот и всё", pace=9.0), "too_few_words"),
        (decoded("слова летят быстрее чем кто-либо может их сказать за секунду", pace=0.05), "too_fast"),
    ],
)
def test_what_is_decoded_again(chunk, code):
    assert doubt(chunk) == code


def test_a_few_words_over_long_noise_were_not_said():
    words, dropped = clean(decoded("вот и всё", pace=9.0), "ru", ALL)
    assert words == ()
    assert [d.reason for d in dropped] == ["too_few_words"]


@pytest.mark.parametrize(("confidence", "kept"), [(0.06, 0), (0.3, 1)])
def test_a_sentence_without_confidence_was_guessed(confidence, kept):
    words, dropped = clean(Decoded((Word("Hmm.", 1.0, 2.0, confidence),), -0.9, 0.3, 3.0), "en", ALL)
    assert (len(words), [d.reason for d in dropped]) == (kept, [] if kept else ["guess"])


def test_every_dropped_stretch_has_its_moment():
    _, dropped = clean(decoded("Алло. Продолжение следует..."), "ru", ALL)
    assert [(round(d.start, 2), round(d.end, 2), d.text) for d in dropped] == [(0.4, 1.15, "Продолжение следует...")]
