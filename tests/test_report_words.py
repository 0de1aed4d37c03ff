"""The words of the pages: transcript rows, notes, figures and bands, complete in Russian and English."""

import re
from dataclasses import replace

import pytest
import reportable
from reportable import Reader, page

from callqa.analysers.registry import catalogue as declared
from callqa.analysers.registry import make
from callqa.config import find_settings, shipped
from callqa.reports.measures import gauge
from callqa.reports.numbers import Numbers
from callqa.reports.texts import catalogue
from callqa.reports.transcript import Mark, anchor
from callqa.reports.transcript import lines as transcript_lines
from callqa.reports.view import about, said_in
from callqa.scoring import BLOCKS, load_card
from callqa.types import Doubt, Evidence, Span, Transcript

LANGUAGES = ("ru", "en")

# --- the transcript ---------------------------------------------------------------------------------------------------


def test_the_transcript_marks_questions_phrases_and_doubtful_words():
    whole = page()
    assert re.search(r'<mark class="bad" title="Запретные фразы">вы должны</mark>', whole)
    assert re.search(r'<mark class="question" title="Вопросы">А сколько у вас менеджеров\?</mark>', whole)
    assert re.search(r'<mark class="key" title="Возражения">это дорого,</mark>', whole)
    assert re.search(r'<span class="low" title="[^"]+">недолго.</span>', whole)
    assert 'title="Цена">цена' in whole
    assert "1:10 «Субтитры сделал DimaTorzok» дежурная фраза" in Reader(whole).text
    assert "автоответчик или меню, 0:03–0:06" in Reader(whole).text
    assert "0:37 · тишина 5 с" in Reader(whole).text


def test_a_mark_goes_to_the_side_whose_words_fit_it():
    turns = (
        reportable.turn("customer", 0, 10, "раз два три четыре пять"),
        reportable.turn("rep", 4, 6, "Почему? Так."),
    )
    rows = transcript_lines(Transcript("ru", turns), (), [Mark(Span(4, 5), "question", "Вопрос")])
    marked = [(row.side, run.text) for row in rows for s in row.sentences for run in s.runs if run.kind]
    assert marked == [("rep", "Почему?")]


def test_pieces_of_one_side_are_one_turn_and_ids_are_unique():
    turns = (
        reportable.turn("rep", 0, 2, "раз"), reportable.turn("rep", 3, 4, "два"), reportable.turn("rep", 8, 9, "три"),
        reportable.turn("customer", 8, 9, "да"),
    )  # fmt: skip
    rows = transcript_lines(Transcript("ru", turns), (Span(4, 8),), ())
    assert [(r.id, r.side, r.text or r.what) for r in rows] == [
        ("t=0.00", "rep", "раз два"), ("t=4.00", None, "silence"), ("t=8.00", "customer", "да"),
        ("t=8.00.2", "rep", "три"),
    ]  # fmt: skip
    assert [anchor(rows, at) for at in (0, 5.5, 99)] == ["t=0.00", "t=4.00", "t=8.00.2"]


@pytest.mark.parametrize(
    ("note", "quoted", "expected"),
    [
        ("Цена, отработано: это дорого для нас", "это дорого", "Цена, отработано"),
        ("раньше: цена ← нужды: сколько стоит", "сколько стоит", "раньше: цена ← нужды"),
        ("нет шага: приветствие", "", "нет шага: приветствие"),
        ("дорого", "это дорого", ""),
        ("11 с без перерыва", "да", "11 с без перерыва"),
    ],
)
def test_a_note_does_not_say_the_quote_twice(note, quoted, expected):
    assert about(note, quoted) == expected


def test_a_moment_says_who_said_what_and_a_point_in_time_says_nothing():
    turns = reportable.TURNS
    assert [(s.side, s.text) for s in said_in(turns, Evidence(33.2, 35.6, ""))] == [
        ("rep", "прозрачные."), ("customer", "Для нас это дорого,"),
    ]  # fmt: skip
    assert said_in(turns, Evidence(34, 34, "нет шага")) == ()
    (long,) = said_in((reportable.turn("rep", 0, 60, "слово " * 100),), Evidence(0, 60, ""))
    assert long.text.endswith("слово …")
    assert len(long.text) <= 162


# --- words and figures ------------------------------------------------------------------------------------------------


def test_every_text_stands_in_both_languages_with_the_same_gaps():
    for section, entries in catalogue().items():
        for key, entry in entries.items():
            assert set(entry) == set(LANGUAGES), f"{section}.{key}"
            assert all(entry.values()), f"{section}.{key}"
            gaps = {language: sorted(re.findall(r"\{\w+\}", entry[language])) for language in LANGUAGES}
            assert gaps["ru"] == gaps["en"], f"{section}.{key}"
            russian = re.sub(r"\{\w+\}", "", entry["ru"])
            assert re.search("[а-яё]", russian, re.IGNORECASE) or not re.search("[a-z]{2}", russian), f"{section}.{key}"


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_page_in_one_language_has_no_word_of_the_other(language):
    other = "en" if language == "ru" else "ru"
    mine = {entry[language] for entries in catalogue().values() for entry in entries.values()}
    seen = " ".join(re.split(r"\s+", Reader(page(language=language)).text))
    for section in ("ui", "side", "trust", "block"):
        for entry in catalogue()[section].values():
            word = entry[other]
            if len(word) > 4 and "{" not in word and word not in mine and word not in ("Анна",):
                assert f" {word} " not in f" {seen} ", word


def test_every_reason_and_unit_of_the_shipped_analysers_has_its_words():
    settings = find_settings(shipped("configs") / "callqa.toml")
    analysers = make(settings.analysers, settings.path)
    units = {m.unit for m in declared(analysers).values()}
    assert units - set(catalogue()["unit"]) <= {"count", "ratio", "bool", "0-1", "-1..1", "-2..2"}
    odd = [
        (), reportable.TURNS, (reportable.turn("unknown", 0, 40, "кто это говорит"),),
        (reportable.turn("rep", 0, 40, "один и только один"),), (reportable.turn("customer", 0, 40, "один говорю"),),
        (reportable.turn("rep", 0, 20, ""), reportable.turn("customer", 21, 40, "")),
        (reportable.turn("rep", 0, 20, "Добрый день."), reportable.turn("customer", 21, 40, "Добрый.")),
    ]  # fmt: skip
    calls = [reportable.call(turns=turns) for turns in odd]
    reasons = {m.reason for call in calls for a in analysers for m in a.analyse(call) if m.reason}
    assert len(reasons) >= 5
    assert reasons <= set(catalogue()["reason"])


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_block_of_the_shipped_scorecards_has_its_name(language):
    card = load_card(shipped("configs") / "scorecards" / f"b2b_{language}.toml")
    assert {rule.block for rule in card.rules} <= set(BLOCKS) <= set(catalogue()["block"])


@pytest.mark.parametrize(
    ("value", "unit", "ru", "en"),
    [
        (0.756, "0-1", "76 %", "76%"),
        (94.2, "s", "94 с", "94 s"),
        (134.0, "s", "2 мин 14 с", "2 min 14 s"),
        (1.25, "s", "1,2 с", "1.2 s"),
        (4.5, "words", "4,5 слова", "4.5 words"),
        (21, "words", "21 слово", "21 words"),
        (12, "words", "12 слов", "12 words"),
        (130.6, "wpm", "131 сл./мин", "131 words/min"),
        (0.0, "bool", "нет", "no"),
        (-0.42, "st/s", "−0,4 полутона/с", "−0.4 semitones/s"),
        (2.0, "furlongs", "2 furlongs", "2 furlongs"),  # a plugin's unit stands as it is
    ],
)
def test_figures_are_written_as_each_language_writes_them(value, unit, ru, en):
    assert Numbers("ru").value(value, unit).replace("\u00a0", " ") == ru
    assert Numbers("en").value(value, unit).replace("\u00a0", " ") == en


@pytest.mark.parametrize(
    ("band", "unit", "expected"),
    [
        ((0.1, 0.35, 0.6, 0.9), "0-1", "35–60 %"),
        ((0.2, 0.85, 1.0, 2.0), "0-1", "от 85 %"),
        ((0.0, 1.0, 1.0, 2.0), "0-1", "100 %"),
        ((-1.0, 0.0, 45.0, 120.0), "s", "до 45 с"),
        ((-1.0, 0.0, 0.0, 2.0), "count", "0"),
        ((-1.0, 0.0, 0.2, 1.5), "1/min", "до 0,2 в минуту"),
        ((0.0, 0.4, 1.8, 5.0), "s", "0,4–1,8 с"),
        ((None, None, 3.0, 3.0), "count", "до 3"),
        ((0.0, 1.0, 1.0, 2.0), "bool", "да"),
        ((-4.0, -2.0, 2.0, 4.0), "st/s", "−2–+2 полутона/с"),
    ],
)
def test_a_band_is_told_without_the_bounds_a_unit_cannot_pass(band, unit, expected):
    assert Numbers("ru").band(band, unit).replace("\u00a0", " ") == expected


def test_a_value_just_outside_its_band_is_not_written_as_its_bound():
    assert Numbers("en").differing(0.604, "0-1", (0.1, 0.35, 0.6, 0.9)) == "60.4%"
    assert Numbers("en").differing(0.604, "0-1", (0.1, 0.35, 0.7, 0.9)) == "60%"


def test_a_gauge_keeps_band_and_value_on_the_strip():
    for value in (-5, 0, 10, 500):
        g = gauge(value, (0.0, 10.0, 20.0, 40.0))
        assert (g.start, g.end) == (25.0, 50.0)
        assert 0 <= g.value <= 100
    assert gauge(4, (None, None, 3, 3)) is None


@pytest.mark.parametrize(("language", "shown", "listen"), [("ru", "54–61", "Не уверены"), ("en", "54–61", "Not sure")])
def test_an_interval_stands_beside_its_figure_and_doubtful_moments_bring_no_advice(language, shown, listen):
    scored = reportable.sales()
    sure = reportable.read(scored, language)
    doubt = Doubt({"talk_share": (0.541, 0.609), "score": (41.2, 55.0)}, {"longest_monologue": (False,)})
    doubtful = reportable.read(replace(scored, doubt=doubt), language)
    assert f"({shown}" in doubtful.text
    assert "41–55" in doubtful.text
    assert listen in doubtful.text
    assert listen not in sure.text
    assert "Разбейте рассказ." in sure.text
    assert "Разбейте рассказ." not in doubtful.text
