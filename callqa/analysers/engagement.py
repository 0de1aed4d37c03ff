"""How far the customer took part: answers, a story, questions of their own; three figures side by side."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property

from callqa.analysers import lexicon
from callqa.analysers.balance import Balance
from callqa.analysers.conversation import Conversation, decimal
from callqa.analysers.heard import unheard
from callqa.analysers.lexicon import NO_LEXICON, Lexicons
from callqa.analysers.questions import Questions
from callqa.analysers.timeline import Rules
from callqa.types import Call, Evidence, Language, Measure, Measurement, Seconds

MEASURE = Measure("engagement_customer", "0-3", "Customer's engagement", "Вовлечённость клиента")
SIGNS: dict[Language, dict[str, str]] = {
    "ru": {
        "question_yield": "слов в ответе на вопрос: {} (знак от {})",
        "longest_customer_story": "самый длинный рассказ, с: {} (знак от {})",
        "questions_customer": "вопросы клиента: {} (знак от {})",
        "none": "не измерено",
    },
    "en": {
        "question_yield": "words in an answer: {} (a sign from {})",
        "longest_customer_story": "longest story, s: {} (a sign from {})",
        "questions_customer": "customer's questions: {} (a sign from {})",
        "none": "not measured",
    },
}


@dataclass(frozen=True)
class Engagement:
    """Signs of a customer who takes part, out of three, each listed with its figure.

    ``answer_words``: the median answer; ``story``: the longest story, rep remarks up to ``interjection`` inside;
    ``questions``: the customer's own questions.
    """

    lexicons: Lexicons = field(default_factory=dict)
    answer_words: float = 8.0
    story: Seconds = 20.0
    interjection: Seconds = 2.0
    questions: float = 1.0

    def __post_init__(self) -> None:
        _ = self._questions

    @cached_property
    def _questions(self) -> Questions:
        return Questions(self.lexicons)

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (MEASURE,)

    def analyse(self, call: Call) -> Iterator[Measurement]:
        language = call.transcript.language
        reason = unheard(call, "customer") if language in self.lexicons else NO_LEXICON
        if reason:
            yield Measurement(MEASURE.name, None, reason=reason)
            return
        signals = lexicon.backchannels(self.lexicons[language])
        heard = Conversation.of(call, Rules(backchannels=signals))
        if not heard.minutes:  # words of no length: no sign has a moment
            yield Measurement(MEASURE.name, None, reason=heard.absent() or "no_speech")
            return
        balance = Balance(Rules().turn_pause, self.interjection, ())
        known = {m.name: m for m in (*self._questions.analyse(call), *balance.measured(heard))}
        least = {
            "question_yield": self.answer_words,
            "longest_customer_story": self.story,
            "questions_customer": self.questions,
        }
        figures = [(known[name], bound) for name, bound in least.items()]
        told = [(m.value, bound) for m, bound in figures if m.value is not None]
        signs = sum(value >= bound for value, bound in told)
        yield heard.say(MEASURE.name, float(signs), len(told), [_listed(heard, m, bound) for m, bound in figures])


def _listed(heard: Conversation, m: Measurement, bound: float) -> Evidence:
    """One figure with its bound, at the moment it rests on."""
    notes = SIGNS[heard.language]
    value = notes["none"] if m.value is None else _plain(m.value, heard.language)
    at = m.evidence[0].span if m.evidence else heard.line.active[0]
    end = at.end if m.evidence else at.start  # no moment: a point in time quotes nobody
    return Evidence(at.start, end, notes[m.name].format(value, _plain(bound, heard.language)))


def _plain(value: float, language: Language) -> str:
    return f"{value:.0f}" if value == int(value) else decimal(value, language)
