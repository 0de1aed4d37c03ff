"""Hand-made scored calls for the tests of pages: the rules are real, the measurements are written by hand."""

import re
from dataclasses import replace
from html.parser import HTMLParser

from callqa.reports import html
from callqa.scoring import Card, Fatal, Rule, score
from callqa.types import (
    Call,
    Dropped,
    Evidence,
    Measure,
    Measurement,
    Metadata,
    Recording,
    Scored,
    Sounds,
    Transcript,
    Turn,
    Word,
)

ATTACK = '<script>document.title="owned"</script>'
SECONDS = 80.0

CATALOGUE = {
    m.name: m
    for m in (
        Measure("talk_share", "0-1", "Talk share", "Доля речи менеджера"),
        Measure("talk_share_rep_to_customer", "ratio", "Rep to customer", "Менеджер к клиенту", "rep/customer"),
        Measure("longest_monologue", "s", "Longest monologue", "Самый длинный монолог"),
        Measure("patience", "s", "Patience", "Терпение"),
        Measure("questions", "count", "Questions", "Вопросы"),
        Measure("question_yield", "words", "Question yield", "Отдача вопросов"),
        Measure("next_step", "bool", "Next step", "Следующий шаг"),
        Measure("objections", "count", "Objections", "Возражения"),
        Measure("objections_handled", "0-1", "Objections handled", "Отработанные возражения"),
        Measure("speech_rate", "wpm", "Speech rate", "Темп речи"),
        Measure("pitch_slope", "st/s", "Pitch slope", "Наклон тона"),
        Measure("forbidden_phrases", "count", "Forbidden phrases", "Запретные фразы"),
        Measure("tracker.price", "count", "Price", "Цена"),
        Measure("tracker.competitor", "count", "Competitors", "Конкуренты"),
    )
}

RULES = (
    Rule("talk", "balance", "talk_share", 7.0, (0.1, 0.35, 0.6, 0.9), {}, "Говорите меньше клиента."),
    Rule("monologue", "balance", "longest_monologue", 5.0, (-1.0, 0.0, 10.0, 120.0), {}, "Разбейте рассказ."),
    Rule("patience", "listening", "patience", 5.0, (0.0, 0.4, 1.8, 5.0), {}, "Выждите секунду."),
    Rule("yield", "discovery", "question_yield", 6.0, (1.0, 10.0, 120.0, 400.0), {}, "Спрашивайте открыто."),
    Rule("step", "structure", "next_step", 8.0, (0.0, 1.0, 1.0, 2.0), {}, "Договоритесь о шаге."),
    Rule("handled", "objections", "objections_handled", 4.0, (0.0, 1.0, 1.0, 2.0), {}, "Признайте возражение."),
    Rule("rate", "delivery", "speech_rate", 2.5, (60.0, 95.0, 165.0, 220.0), {}, "Ровнее."),
    Rule("words", "compliance", "forbidden_phrases", 10.0, (-1.0, 0.0, 0.0, 2.0), {}, "Замените фразу."),
)
CARD = Card("B2B", "ru-test", "discovery", RULES)
STRICT = replace(CARD, fatal=(Fatal("rude", "forbidden_phrases", 30.0, above=0.5),))


def turn(side, start, end, said, confidence=0.95):
    """A turn whose words share its time evenly; a word with ~ before it was heard with doubt."""
    words = said.split()
    step = (end - start) / max(1, len(words))
    return Turn(
        side,
        start,
        end,
        tuple(
            Word(w.lstrip("~"), start + i * step, start + (i + 1) * step, 0.2 if w[0] == "~" else confidence)
            for i, w in enumerate(words)
        ),
    )


TURNS = (
    turn("ivr", 3, 6, "Ваш звонок очень важен для нас"),
    turn("rep", 8, 14, "Добрый день, это Анна, компания Ромашка. Вам удобно говорить?"),
    turn("customer", 15, 18, "Да, слушаю вас, только ~недолго."),
    turn(
        "rep", 18.5, 34, f"Расскажу о тарифах {ATTACK} вы должны понимать, что цена у нас честная и условия прозрачные."
    ),
    turn("customer", 33.5, 37, "Для нас это дорого, у конкурентов дешевле."),
    turn("rep", 42, 45, "А сколько у вас менеджеров?"),
    turn("customer", 45.5, 47, "Двенадцать."),
    turn("rep", 48, 60, "Хорошо, тогда я пришлю предложение на почту, посмотрите, пожалуйста."),
    turn("customer", 61, 64, "Хорошо, присылайте, до свидания."),
)

MEASURED = (
    Measurement("talk_share", 0.756, 48, evidence=(Evidence(18.5, 34, "15 с подряд"),)),
    Measurement("talk_share_rep_to_customer", 3.1, 48),
    Measurement("longest_monologue", 15.5, 4, evidence=(Evidence(18.5, 34, ""),)),
    Measurement("patience", None, 0, "too_few"),
    Measurement("questions", 2.0, 2, evidence=(Evidence(11.6, 14, "closed"), Evidence(42, 45, "open"))),
    Measurement("question_yield", 4.5, 2, evidence=(Evidence(45.5, 47, "1"), Evidence(15, 18, "5"))),
    Measurement("next_step", 0.0, 1),
    Measurement("objections", 1.0, 1, evidence=(Evidence(34.5, 35.6, "Цена, без признания: это дорого"),)),
    Measurement("objections_handled", 0.0, 1, evidence=(Evidence(34.5, 35.6, "Цена, без признания: это дорого"),)),
    Measurement("speech_rate", 131.0, 36.5),
    Measurement("pitch_slope", -0.42, 12, trust="low"),
    Measurement("forbidden_phrases", 1.0, 1, evidence=(Evidence(22.6, 25.0, "вы должны"),)),
    Measurement("tracker.price", 1.0, 1, evidence=(Evidence(27.0, 28.5, "Цена: цена"),)),
    Measurement("tracker.competitor", 0.0, 0),
)  # fmt: skip


def call(turns=TURNS, seconds=SECONDS, path="calls/звонок 1.wav", metadata=None, **transcript):
    recording = Recording("3f2a91c07b5e", path, "3f2a91c07b5e" + 52 * "0", seconds, 8000, 2, "pcm_s16le")
    told = metadata or Metadata(
        "звонок 1.wav", "2026-09-07T10:04:00+03:00", "outbound", None, "r1", "Анна Смирнова", "+79990000000",
        "ООО «Василёк»", "D-17",
    )  # fmt: skip
    return Call(recording, told, Transcript("ru", turns, **transcript))


def sales(card=CARD, measured=MEASURED, **options):
    """A call with everything in it that a page can show."""
    options.setdefault("dropped", (Dropped("Субтитры сделал DimaTorzok", 70.0, 74.0, "stock_phrase"),))
    options.setdefault("events", (Sounds("ringback", 0.5, 1.5), Sounds("ringback", 2.0, 2.8)))
    made = call(**options)
    measures = {m.name: m for m in measured}
    return Scored(made, measures, score(made, measures, card))


def voicemail():
    """A call that is no conversation."""
    turns = (
        turn("ivr", 1, 8, "Абонент не отвечает, оставьте сообщение."),
        turn("rep", 10, 44, "Здравствуйте, это Анна."),
    )
    made = call(turns, 45.0)
    measures = {"talk_share": Measurement("talk_share", None, 0, "customer_silent")}
    return Scored(made, measures, score(made, measures, CARD))


def bands(card=CARD):
    return {rule.measure: rule.band for rule in card.rules}


class Reader(HTMLParser):
    """What a reader of a page sees (``text``), and what is in its tags."""

    def __init__(self, page):
        super().__init__()
        self.hidden = 0
        self.said = []
        self.tags = []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        self.hidden += tag in ("style", "script")
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag):
        self.hidden -= tag in ("style", "script")

    def handle_data(self, data):
        if not self.hidden:
            self.said.append(data)

    @property
    def text(self):
        return re.sub(r"\s+", " ", " ".join(self.said))

    def all(self, tag, **attributes):
        return [a for t, a in self.tags if t == tag and all(a.get(k) == v for k, v in attributes.items())]


def page(scored=None, language="ru", audio="s.wav", card=CARD):
    return html(scored or sales(card), CATALOGUE, bands(card), language, audio, card.rules)


def read(*arguments, **options):
    return Reader(page(*arguments, **options))
