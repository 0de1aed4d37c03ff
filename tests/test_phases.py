"""Phases of a call, found from what is said."""

from itertools import pairwise

import pytest
from spoken import call, measured, value

from callqa.analysers.phases import PHASES, Phases
from callqa.analysers.registry import make
from callqa.config import load, shipped

SETTINGS = load(shipped("configs") / "callqa.toml")


@pytest.fixture(scope="module")
def phases():
    (made,) = make([choice for choice in SETTINGS.analysers if choice.use == "phases"], "callqa.toml")
    assert isinstance(made, Phases)
    return made


RUSSIAN = (
    "rep 0-5 Добрый день! Меня зовут Анна, компания «Вектор». Вам удобно сейчас говорить?",
    "customer 5-7 Да, удобно, слушаю.",
    "rep 7-12 Расскажите, пожалуйста, как у вас устроена работа с заявками?",
    "customer 12-25 У нас три менеджера, всё ведём в блокнотах, и заявки часто теряем.",
    "rep 25-40 Наша система сама собирает заявки и показывает отчёты. Стоит двенадцать тысяч рублей в месяц.",
    "customer 40-43 Это слишком дорого для нас.",
    "rep 43-55 Понимаю вас. Давайте посчитаем, она окупается за два месяца.",
    "customer 55-57 Ну, может быть.",
    "rep 57-66 Давайте созвонимся в четверг в десять. Пришлю вам ссылку. Спасибо за разговор, до свидания!",
    "customer 66-68 Договорились, до свидания.",
)
ENGLISH = (
    "rep 0-5 Good morning, this is Anna from Acme. Is it a good time to talk?",
    "customer 5-7 Yes, go ahead.",
    "rep 7-12 How do you track your vans at the moment? What is the biggest problem?",
    "customer 12-25 We have nine vans and everything is on paper, so we lose hours every week.",
    "rep 25-40 Our system shows every van on a live map. It costs twenty dollars per van.",
    "customer 40-43 That is too expensive for us.",
    "rep 43-55 I understand. Compared with the hours you lose, it pays for itself.",
    "customer 55-57 Maybe so.",
    "rep 57-66 Let us meet on Thursday at ten. I will send you the invitation. Thank you for your time, goodbye!",
    "customer 66-68 Thursday works for me, goodbye.",
)


@pytest.mark.parametrize(("lines", "language"), [(RUSSIAN, "ru"), (ENGLISH, "en")])
def test_a_call_by_the_book_has_its_five_phases_in_order(phases, lines, language):
    found = measured(phases, call(*lines, language=language))
    assert found["phases"].value == 5
    assert [(e.start, e.end) for e in found["phases"].evidence] == [(0, 7), (7, 25), (25, 40), (40, 57), (57, 68)]
    assert [found[f"phase.{name}"].value for name in PHASES] == [7, 18, 15, 17, 11]


@pytest.mark.parametrize(("lines", "language"), [(RUSSIAN, "ru"), (ENGLISH, "en")])
def test_stretches_follow_each_other_without_gap_or_overlap(phases, lines, language):
    found = measured(phases, call(*lines[2:], *lines[:2], language=language))
    stretches = found["phases"].evidence
    assert all(a.end == b.start for a, b in pairwise(stretches))
    assert sum(found[f"phase.{name}"].value for name in PHASES) == stretches[-1].end - stretches[0].start


@pytest.mark.parametrize(
    ("lines", "language", "absent"),
    [
        (RUSSIAN[:5] + RUSSIAN[8:], "ru", "objections"),
        (ENGLISH[:5] + ENGLISH[8:], "en", "objections"),
        (RUSSIAN[:2] + RUSSIAN[4:], "ru", "needs"),
        (RUSSIAN[:8], "ru", "close"),
        (ENGLISH[:8], "en", "close"),
    ],
)
def test_a_phase_that_did_not_take_place_lasts_no_second(phases, lines, language, absent):
    found = measured(phases, call(*lines, language=language))
    assert found[f"phase.{absent}"].value == 0
    assert found[f"phase.{absent}"].evidence == ()


def test_one_stray_phrase_makes_no_phase(phases):
    lines = list(RUSSIAN)
    lines[3] = "customer 12-25 У нас три менеджера. До свидания, говорят клиенты. Заявки мы часто теряем."
    found = measured(phases, call(*lines, language="ru"))
    assert [e.note for e in found["phases"].evidence].count("завершение") == 1


def test_hold_music_inside_a_phase_is_none_of_its_time(phases):
    there = call(*RUSSIAN, language="ru", events=[("hold_music", 25, 25.5)])
    assert value(phases, there, "phase.presentation") == 15  # talking over hold music is still talking
    moved = [
        *RUSSIAN[:5],
        *(f"{side} {float(a) + 30}-{float(b) + 30} {said}" for side, a, b, said in map(_cut, RUSSIAN[5:])),
    ]
    held = call(*moved, language="ru", events=[("hold_music", 42, 68)])
    assert value(phases, held, "phase.presentation") == 15 + 30 - 26


def _cut(line):
    side, times, said = line.split(" ", 2)
    return side, *times.split("-"), said


@pytest.mark.parametrize(
    ("lines", "reason"),
    [
        ((), "no_speech"),
        (("rep 0-9 Добрый день, это Анна.",), "customer_silent"),
        (("customer 0-9 Алло, слушаю.",), "rep_silent"),
        (("rep 0-9", "customer 9-12"), "no_words"),
        (("unknown 0-9 Алло",), "sides_unknown"),
    ],
)
def test_without_two_sides_there_are_no_phases(phases, lines, reason):
    found = measured(phases, call(*lines, language="ru"))
    assert {m.reason for m in found.values()} == {reason}
