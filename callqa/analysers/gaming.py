"""What is said for the score and not for the customer: strung phrases, questions without room, talk after a hang-up."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

from callqa import text
from callqa.analysers import asking, lexicon
from callqa.analysers.asking import Asked
from callqa.analysers.conversation import Conversation
from callqa.analysers.heard import Heard, Moment, unheard
from callqa.analysers.lexicon import NO_LEXICON, Lexicons
from callqa.analysers.questions import Questions
from callqa.analysers.timeline import EPS, PARTIES, Rules
from callqa.types import Call, Evidence, Language, Measure, Measurement, Seconds, Span, Turn, Word

NOTES: dict[Language, dict[str, str]] = {
    "ru": {
        "strung": "фразы подряд, без разговора", "again": "фраза повторена", "asked_again": "тот же вопрос",
        "no_room": "вопрос без паузы на ответ", "after": "клиент уже положил трубку",
    },
    "en": {
        "strung": "phrases strung together", "again": "phrase repeated", "asked_again": "the same question",
        "no_room": "a question with no room to answer", "after": "the customer has hung up",
    },
}  # fmt: skip
# what a phrase or a question can earn: these measures are taken without the words that were said for them
EARNED = (
    "script", "step_", "question", "answered_share", "next_step", "qualification", "objections_handled", "tracker.",
)  # fmt: skip


@dataclass(frozen=True)
class Gaming:
    """Flags, with every moment; ``cleaned`` is the call without them.

    ``strung``: so many listed phrases of one turn that make up ``dense`` of its words there. ``repeats``: a listed
    phrase of two words or more said that often within ``within``. ``asked_again``: a question of three words or more
    asked that often in a call. ``in_a_row``: so many questions, less than ``room`` apart, with no word of the customer
    between. ``hung_up``: this long after the customer's last word, or at the busy tone, nobody listens; ``phrases``
    said after that are a flag.
    """

    lexicons: Lexicons = field(default_factory=dict)
    strung: int = 6
    dense: float = 0.7
    repeats: int = 4
    within: Seconds = 30.0
    asked_again: int = 3
    in_a_row: int = 4
    room: Seconds = 1.0
    hung_up: Seconds = 10.0
    phrases: int = 2

    def __post_init__(self) -> None:
        _ = self._questions, self._patterns

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (
            Measure("gaming.keyword_stuffing", "count", "Phrases said for the list", "Фразы ради списка"),
            Measure(
                "gaming.question_spam", "count", "Questions with no room to answer", "Вопросы без места для ответа"
            ),
            Measure("gaming.after_hangup", "count", "Phrases after the hang-up", "Фразы после того, как клиент ушёл"),
        )

    @cached_property
    def _questions(self) -> Questions:
        keys = (*asking.LISTS, "backchannels")
        return Questions({code: {k: raw[k] for k in keys if k in raw} for code, raw in self.lexicons.items()})

    @cached_property
    def _patterns(self) -> dict[str, tuple[str, ...]]:
        """The phrases that can earn something: the rep's steps and trackers, forbidden ones left out."""
        found: dict[str, tuple[str, ...]] = {}
        for code, raw in self.lexicons.items():
            rows = [row for table in ("steps", "trackers") for row in raw.get(table, {}).values()]
            rows = [row for row in rows if row.get("side", "rep") != "customer" and not row.get("forbidden")]
            found[code] = tuple(dict.fromkeys(p for row in rows for p in row.get("phrases", ())))
            lexicon.checked("gaming", code, "phrases", found[code])
        return found

    def analyse(self, call: Call) -> Iterator[Measurement]:
        reason = unheard(call, "rep") if call.transcript.language in self._patterns else NO_LEXICON
        if reason:
            yield from lexicon.unmeasured(self.measures, reason)
            return
        names = [measure.name for measure in self.measures]
        found = _Found(self, call)
        for name, moments in zip(names, (found.stuffed, found.spammed, found.late), strict=True):
            if name.endswith("after_hangup") and (silent := unheard(call, "customer")):
                yield Measurement(name, None, reason=silent)
            else:
                yield Measurement(name, float(len(moments)), len(moments), evidence=tuple(moments))

    def cleaned(self, call: Call) -> Call | None:
        """The call without the words that are flagged; None when nothing is."""
        if call.transcript.language not in self._patterns or unheard(call, "rep"):
            return None
        found = _Found(self, call)
        spans = [e.span for e in (*found.stuffed, *found.spammed)]
        if found.late:
            spans.append(Span(found.left, max(found.left, call.recording.duration)))
        if not spans:
            return None
        turns = tuple(_without(turn, spans) if turn.side == "rep" else turn for turn in call.transcript.turns)
        return replace(call, transcript=replace(call.transcript, turns=turns))

    def withholds(self, name: str) -> bool:
        """Whether a measure is one that such words could earn; what is forbidden counts wherever it is said."""
        forbidden = {
            f"tracker.{key}"
            for raw in self.lexicons.values()
            for key, row in raw.get("trackers", {}).items()
            if row.get("forbidden")
        }
        return name.startswith(EARNED) and name not in forbidden


class _Found:
    """The flagged moments of one call."""

    def __init__(self, rules: Gaming, call: Call) -> None:
        self.rules, self.call = rules, call
        self.language = call.transcript.language
        self.notes = NOTES[self.language]
        lists = lexicon.backchannels(rules.lexicons[self.language])
        self.heard = Heard.of(call, lists)
        self.conversation = Conversation.of(call, Rules(backchannels=lists))

    @cached_property
    def _sought(self) -> tuple[text.Phrase, ...]:
        return lexicon.phrases(self.rules._patterns[self.language], self.language)

    @cached_property
    def stuffed(self) -> list[Evidence]:
        """Phrases strung together in a turn, and those said again and again; the first time it is said counts."""
        strung = [moment for floor in self.heard.floors if floor.side == "rep" for moment in self._strung(floor.words)]
        said = [moment for moment in self._repeated() if not any(moment.span & other.span for other in strung)]
        return sorted([*strung, *said], key=lambda e: (e.start, e.end))

    def _strung(self, words: Sequence[Word]) -> list[Evidence]:
        said = text.tokens(words, self.language)
        hits = text.find_any(self._sought, said)
        dense: set[int] = set()
        for first in range(len(hits)):
            covered = 0
            for last in range(first, len(hits)):
                covered += hits[last].last - hits[last].first
                whole = hits[last].last - hits[first].first
                if last - first + 1 >= self.rules.strung and covered >= self.rules.dense * whole:
                    dense.update(range(first, last + 1))
        return [self._evidence(hits[i].span, "strung") for i in sorted(dense)]

    def _repeated(self) -> Iterator[Evidence]:
        said = self.heard.tokens["rep"]
        by_text: dict[str, list[text.Hit]] = {}
        for hit in text.find_any(self._sought, said):
            if hit.last - hit.first > 1:
                by_text.setdefault(" ".join(t.text for t in said[hit.first : hit.last]), []).append(hit)
        for hits in by_text.values():
            for again in sorted(_crowded([h.start for h in hits], self.rules.repeats, self.rules.within))[1:]:
                yield self._evidence(hits[again].span, "again")

    @cached_property
    def spammed(self) -> list[Evidence]:
        """The questions that were asked before, and those that another question followed at once."""
        asked = [q for q in self.rules._questions.asked(self.conversation, "rep") if q.kind != "tag"]
        found = {q.span: "no_room" for q in self._hurried(asked)}
        by_text: dict[str, list[Asked]] = {}
        for one in asked:
            words = [t.text for t in text.tokens([Word(w, 0, 0) for w in one.text.split()], self.language)]
            if len(words) >= 3:
                by_text.setdefault(" ".join(words), []).append(one)
        for same in by_text.values():
            if len(same) >= self.rules.asked_again:
                found |= {one.span: "asked_again" for one in same[1:]}
        return [self._evidence(span, found[span]) for span in sorted(found)]

    def _hurried(self, asked: Sequence[Asked]) -> Iterator[Asked]:
        """All but the last of each run: that one could be answered."""
        run: list[Asked] = []
        for one in (*asked, None):
            if run and one is not None and self._no_room(run[-1], one):
                run.append(one)
                continue
            if len(run) >= self.rules.in_a_row:
                yield from run[:-1]
            run = [one] if one is not None else []

    def _no_room(self, one: Asked, following: Asked) -> bool:
        between = following.span.start - one.span.end
        if between > self.rules.room + EPS:
            return False
        return not any(one.span.end - EPS <= w.start < following.span.start for w in self.heard.words["customer"])

    @cached_property
    def left(self) -> Seconds:
        """When the customer is no longer there."""
        last = max((turn.end for turn in self.call.transcript.by("customer")), default=self.call.recording.duration)
        busy = [e.start for e in self.call.transcript.events if e.kind == "busy" and e.start >= last - EPS]
        return min([last + self.rules.hung_up, *busy])

    @cached_property
    def late(self) -> list[Evidence]:
        after = [m for m in self.heard.hits(self.rules._patterns[self.language], "rep") if m.start >= self.left - EPS]
        if len(after) < self.rules.phrases or any(not self.heard.words[side] for side in PARTIES):
            return []
        return [self._evidence(moment.span, "after") for moment in after]

    def _evidence(self, span: Span, note: str) -> Evidence:
        return self.heard.cited(Moment(span, "rep"), self.notes[note], 0)


def _crowded(at: Sequence[Seconds], least: int, within: Seconds) -> set[int]:
    """Which moments, in order, have ``least`` of them within a stretch of time.

    >>> _crowded([0, 1, 2, 50], 3, 10)
    {0, 1, 2}
    """
    found: set[int] = set()
    for first in range(len(at) - least + 1):
        if at[first + least - 1] - at[first] <= within + EPS:
            found.update(range(first, first + least))
    return found


def _without(turn: Turn, spans: Sequence[Span]) -> Turn:
    """The turn with those words gone; no phrase reaches over the gap."""
    kept: list[Word] = []
    for word in turn.words:
        middle = (word.start + word.end) / 2
        if not any(span.start - EPS <= middle <= span.end + EPS for span in spans):
            kept.append(word)
        elif kept and not kept[-1].text.endswith((".", "?", "!", "…")):
            kept[-1] = replace(kept[-1], text=kept[-1].text.rstrip(",;:") + ".")
    return replace(turn, words=tuple(kept))
