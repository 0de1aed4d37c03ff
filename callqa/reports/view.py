"""One call as a page sees it: its figures in words of one language, its moments as places to listen to."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

from callqa.analysers.timeline import Rules, Timeline, timeline
from callqa.reports.numbers import Band, Numbers
from callqa.reports.texts import Texts
from callqa.reports.transcript import Line, anchor, lines, marked
from callqa.scoring import QUOTE_LENGTH, Rule
from callqa.types import Evidence, Language, Measure, Scored, Seconds, Side, Span, Turn, without

SILENCE = 3.0  # seconds: silence_min of DEFINITIONS.md


@dataclass(frozen=True, slots=True)
class Said:
    """What one side says in a moment."""

    side: Side
    text: str


@dataclass(frozen=True, slots=True)
class Moment:
    """A place to listen to: when, what is said there, why it matters; ``href`` is its row of the transcript."""

    start: Seconds
    end: Seconds
    said: tuple[Said, ...]
    note: str
    href: str


@dataclass(frozen=True)
class View:
    """A scored call with what is needed to tell of it. ``bands`` by measure name, for the call's type."""

    scored: Scored
    catalogue: Mapping[str, Measure]
    bands: Mapping[str, Band]
    language: Language
    rules: Sequence[Rule] = ()

    @cached_property
    def texts(self) -> Texts:
        return Texts(self.language)

    @cached_property
    def numbers(self) -> Numbers:
        return Numbers(self.language)

    @cached_property
    def timeline(self) -> Timeline:
        return timeline(self.scored.call, Rules())

    @cached_property
    def silences(self) -> tuple[Span, ...]:
        spoken = [span for spans in self.timeline.speech.values() for span in spans]
        spoken += [turn.span for turn in self.scored.call.transcript.turns if turn.side in ("unknown", "ivr")]
        return tuple(gap for gap in without(self.timeline.active, spoken) if gap.duration >= SILENCE - 1e-6)

    @cached_property
    def lines(self) -> tuple[Line, ...]:
        labels = {name: self.label(name) for name in self.scored.measures}
        return lines(self.scored.call.transcript, self.silences, marked(self.scored.measures, labels))

    def label(self, name: str) -> str:
        """What people call a measure."""
        return label(self.catalogue, name, self.language)

    def unit(self, name: str) -> str:
        known = self.catalogue.get(name)
        return known.unit if known else ""

    def interval(self, name: str) -> str:
        """The bounds that hold a headline figure's true value, in words; "" where there are none or they are one."""
        bounds = self.scored.doubt.intervals.get(name)
        return self.numbers.range(*bounds, self.unit(name)) if bounds else ""

    @property
    def score_interval(self) -> str:
        """The same of the score, in whole points."""
        bounds = self.scored.doubt.intervals.get("score")
        return self.numbers.range(*bounds, "count") if bounds else ""

    def moment(self, evidence: Evidence) -> Moment:
        """A piece of evidence as a place to listen to."""
        said = said_in(self.scored.call.transcript.turns, evidence)
        note = about(evidence.note, " ".join(one.text for one in said))
        return Moment(evidence.start, evidence.end, said, note, self.href(evidence.start))

    def href(self, at: Seconds) -> str:
        """Where a link to a moment leads when there are no scripts: its row of the transcript."""
        return f"#{anchor(self.lines, at)}"


def label(catalogue: Mapping[str, Measure], name: str, language: Language) -> str:
    """What people call a measure in a language; a name no analyser declares stands as it is, in words."""
    known = catalogue.get(name)
    return (known.ru if language == "ru" else known.en) if known else name.replace("_", " ")


def about(note: str, quoted: str) -> str:
    """What a note says beyond the words quoted.

    >>> about("Цена, отработано: это дорого для нас", "дорого")
    'Цена, отработано'
    >>> about("дорого", "это дорого"), about("30 s without a break", "да")
    ('', '30 s without a break')
    """
    if not quoted:
        return note
    # from the right: what stands before the words may hold colons of its own ("порядок: цена ← потребность: …")
    head, colon, rest = note.rpartition(": ")
    if colon and set(quoted.split()) & set(rest.split()):
        return head
    return "" if note in quoted else note


def said_in(turns: Sequence[Turn], evidence: Evidence) -> tuple[Said, ...]:
    """The words of that moment by side, in the order of the turns, cut to a readable length."""
    if evidence.start == evidence.end:
        return ()  # a point in time stands for what was not said
    result: list[Said] = []
    left = QUOTE_LENGTH
    for turn in turns:
        words = [
            word.text
            for word in turn.words
            if evidence.start - 0.05 <= (word.start + word.end) / 2 <= evidence.end + 0.05
        ]
        text = " ".join(words)
        if not text or left <= 0:
            continue
        if len(text) > left:
            text, left = text[:left].rsplit(" ", 1)[0] + " …", 0
        left -= len(text)
        if result and result[-1].side == turn.side:
            text = f"{result.pop().text} {text}"
        result.append(Said(turn.side, text))
    return tuple(result)
