"""What the rep asks, how, when, and what it brings: questions by kind, whether they are answered, how much is told."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from statistics import median

from callqa.analysers import asking, lexicon
from callqa.analysers.asking import Asked, asked
from callqa.analysers.conversation import SHOWN, Conversation, first, suffix
from callqa.analysers.heard import tables, unheard
from callqa.analysers.lexicon import NO_LEXICON, Lexicons
from callqa.analysers.timeline import EPS, PARTIES, Floor, Rules
from callqa.types import Call, Evidence, Language, Measure, Measurement, Seconds, Side, Span, Word, overlaps

KINDS = ("open", "closed", "alternative", "tag", "rhetorical")
REAL = ("open", "closed", "alternative")
NOTES: dict[Language, dict[str, str]] = {
    "ru": {
        "open": "открытый", "closed": "закрытый", "alternative": "альтернативный", "tag": "поддакивание",
        "rhetorical": "риторический", "unanswered": "без ответа", "answered": "есть ответ",
        "words": "слов в ответе: {}", "third": "в этой трети вопросов нет", "asked": "вопрос в этой трети",
    },
    "en": {
        "open": "open", "closed": "closed", "alternative": "alternative", "tag": "tag",
        "rhetorical": "rhetorical", "unanswered": "no answer", "answered": "answered", "words": "words in answer: {}",
        "third": "no question in this third", "asked": "asked in this third",
    },
}  # fmt: skip
LABELS = {
    "open": ("open", "открытые"),
    "closed": ("closed", "закрытые"),
    "alternative": ("alternative", "альтернативные"),
    "tag": ("tags and echoes", "поддакивания и переспросы"),
    "rhetorical": ("rhetorical", "риторические"),
}
SIDES = {"rep": ("Rep's questions", "Вопросы менеджера"), "customer": ("Customer's questions", "Вопросы клиента")}


@dataclass(frozen=True)
class Question:
    """A question and the other side's turn that follows it; ``answer`` None when its own side goes on."""

    asked: Asked
    answer: Floor | None
    answered: bool


@dataclass(frozen=True)
class Questions:
    """Questions by a question mark or their form; tags and echoes are counted apart.

    ``goes_on``: a speaker who goes on this soon, to a silent listener, asked rhetorically. ``answer_within`` and
    ``answer_words`` say what counts as an answer.
    """

    lexicons: Lexicons = field(default_factory=dict)
    answer_within: Seconds = 5.0
    answer_words: int = 3
    goes_on: Seconds = 0.3

    def __post_init__(self) -> None:
        _ = self._lists

    @cached_property
    def _lists(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        return tables("questions", self.lexicons, dict.fromkeys(asking.LISTS, tuple[str, ...]))

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (*(measure for side in PARTIES for measure in _counts(side)), *_OUTCOMES)

    def analyse(self, call: Call) -> Iterator[Measurement]:
        lists = self._lists.get(call.transcript.language)
        if lists is None:
            yield from lexicon.unmeasured(self.measures, NO_LEXICON)
            return
        heard = Conversation.of(call, Rules(backchannels=frozenset(lists["backchannels"])))
        if not heard.minutes:  # words of no length: a recogniser may end one where it begins
            yield from lexicon.unmeasured(self.measures, heard.absent() or "no_speech")
            return
        found = {side: self.asked(heard, side) for side in PARTIES}
        for side in PARTIES:
            if reason := unheard(call, side):
                yield from lexicon.unmeasured(_counts(side), reason)
            else:
                yield from _counted(heard, side, found[side])
        yield from self._outcomes(heard, [one for one in found["rep"] if one.kind != "tag"])

    def asked(self, heard: Conversation, side: Side) -> list[Asked]:
        """Every question of the side in order of time, tags and rhetorical ones among them."""
        turns = list(_turns(heard, side))
        before = [_said_before(heard, side, words[0].start) for words in turns]
        by_turn = asked(turns, self._lists[heard.language], heard.language, before)
        found = [
            self._rhetorical(heard, side, words, one, mine)
            for words, mine in zip(turns, by_turn, strict=True)
            for one in mine
        ]
        return sorted(found, key=lambda one: one.span)

    def _rhetorical(
        self, heard: Conversation, side: Side, words: Sequence[Word], one: Asked, others: Sequence[Asked]
    ) -> Asked:
        """Asked and gone on at once; a question after a question is still asked."""
        # the sentence's own last word may have no length
        after = next((w for w in words if w.start >= one.span.end - EPS and w.end > one.span.end + EPS), None)
        if one.kind == "tag" or after is None or after.start - one.span.end > self.goes_on + EPS:
            return one
        if any(other.span.start <= after.start + EPS <= other.span.end for other in others):
            return one
        listener = heard.line.speech["customer" if side == "rep" else "rep"]
        silent = not overlaps([Span(one.span.end, after.end)], listener)
        return replace(one, kind="rhetorical") if silent else one

    def _outcomes(self, heard: Conversation, real: Sequence[Asked]) -> Iterator[Measurement]:
        call = heard.call
        if reason := unheard(call, "rep"):
            yield from lexicon.unmeasured(_OUTCOMES, reason)
            return
        yield _spread(heard, real)
        if reason := unheard(call, "customer") or (None if real else "no_questions"):
            yield from lexicon.unmeasured(_OUTCOMES[1:], reason)
            return
        told = [self._followed(heard, one) for one in real]
        yield _answered(heard, told)
        yield from _yields(heard, told)

    def _followed(self, heard: Conversation, one: Asked) -> Question:
        later = [f for f in heard.line.floors if f.end > one.span.end - EPS and f.start > one.span.start + EPS]
        answer = later[0] if later and later[0].side == "customer" else None
        soon = [f for f in later if f.side == "customer" and f.start <= one.span.end + self.answer_within + EPS]
        return Question(one, answer, any(_count(f.words) >= self.answer_words for f in soon))


_OUTCOMES = (
    Measure("question_spread", "0-1", "Thirds of the call with a question", "Доля третей звонка с вопросом"),
    Measure("answered_share", "0-1", "Share of questions answered", "Доля вопросов с ответом"),
    Measure("question_yield", "words", "Customer's words after a question", "Слов клиента после вопроса"),
    Measure("question_yield_open", "words", "Words after an open question", "Слов после открытого вопроса"),
    Measure("question_yield_closed", "words", "Words after a closed question", "Слов после закрытого вопроса"),
    Measure("question_yield_alternative", "words", "Words after a choice", "Слов после альтернативного вопроса"),
)


def _counts(side: Side) -> tuple[Measure, ...]:
    (en, ru), end = SIDES[side], suffix(side)
    return (
        Measure(f"questions{end}", "count", en, ru),
        Measure(f"questions_per_hour{end}", "1/h", f"{en} an hour", f"{ru} в час"),
        *(
            Measure(f"questions_{kind}{end}", "count", f"{en}: {LABELS[kind][0]}", f"{ru}: {LABELS[kind][1]}")
            for kind in KINDS
        ),
    )


def _counted(heard: Conversation, side: Side, found: Sequence[Asked]) -> Iterator[Measurement]:
    real = [one for one in found if one.kind != "tag"]
    names = [measure.name for measure in _counts(side)]
    yield heard.say(names[0], float(len(real)), len(real), _moments(heard, real))
    yield heard.say(names[1], 60 * len(real) / heard.minutes, len(real), _moments(heard, real))
    for name, kind in zip(names[2:], KINDS, strict=True):
        some = [one for one in found if one.kind == kind]
        yield heard.say(name, float(len(some)), len(some), _moments(heard, some))


def _moments(heard: Conversation, found: Iterable[Asked]) -> list[Evidence]:
    return [Evidence(q.span.start, q.span.end, f"{NOTES[heard.language][q.kind]}: {q.text}") for q in found]


def _spread(heard: Conversation, real: Sequence[Asked]) -> Measurement:
    """The thirds without a question stand first among the moments."""
    notes = NOTES[heard.language]
    empty, asked_in = [], []
    for third in heard.thirds:
        mine = next((q for q in real if third.start - EPS <= q.span.start < third.end - EPS), None)
        if mine is None:
            empty.append(Evidence(third.start, third.end, notes["third"]))
        else:
            asked_in.append(Evidence(mine.span.start, mine.span.end, notes["asked"]))
    return heard.say("question_spread", len(asked_in) / 3, len(real), [*empty, *asked_in])


def _answered(heard: Conversation, told: Sequence[Question]) -> Measurement:
    notes = NOTES[heard.language]
    moments = [
        Evidence(
            q.asked.span.start, q.asked.span.end, f"{notes['answered' if q.answered else 'unanswered']}: {q.asked.text}"
        )
        for q in first(told, key=lambda q: q.answered, most=len(told))
    ]
    share = sum(q.answered for q in told) / len(told)
    return heard.say("answered_share", share, len(told), moments)


def _yields(heard: Conversation, told: Sequence[Question]) -> Iterator[Measurement]:
    """Of several questions before one answer the last is what it answers."""
    last = {q.answer.span: q for q in told if q.answer is not None and q.asked.kind in REAL}
    answered = [q for q in told if q.answer is not None and last.get(q.answer.span) is q]
    for name, kinds in [("question_yield", REAL), *((f"question_yield_{kind}", (kind,)) for kind in REAL)]:
        some = [(_count(q.answer.words), q) for q in answered if q.answer and q.asked.kind in kinds]
        if not some:
            yield Measurement(name, None, reason="no_answers")
            continue
        moments = [
            Evidence(
                q.asked.span.start, q.asked.span.end, f"{NOTES[heard.language]['words'].format(n)}: {q.asked.text}"
            )
            for n, q in first(some, key=lambda pair: pair[0], most=SHOWN)
        ]
        yield heard.say(name, float(median(n for n, _ in some)), len(some), moments)


def _turns(heard: Conversation, side: Side) -> Iterator[tuple[Word, ...]]:
    """The side's words by turn; what it said over the other's speech, listening signals left out, stands apart."""
    for floor in heard.line.by(side):
        if floor.words:
            yield floor.words
    for piece in heard.line.pieces:
        if piece.side == side and piece.words and not piece.takes_floor and not piece.backchannel:
            yield piece.words


def _said_before(heard: Conversation, side: Side, at: Seconds) -> str:
    before = [floor for floor in heard.line.floors if floor.side != side and floor.start < at]
    return before[-1].text if before else ""


def _count(words: Iterable[Word]) -> int:
    return sum(any(c.isalnum() for c in word.text) for word in words)
