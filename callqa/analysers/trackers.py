"""Which phrases were said, by whom, where in the call: trackers, and the forbidden phrases among them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from callqa import text
from callqa.analysers import lexicon
from callqa.analysers.heard import unheard
from callqa.analysers.lexicon import NO_LEXICON, Lexicons, Window
from callqa.analysers.timeline import PARTIES, Rules, timeline
from callqa.types import Call, Evidence, Measure, Measurement, Side, Span


@dataclass(frozen=True)
class Tracker:
    """One row of a tracker list.

    ``side`` whose words count, ``window`` where in the call. ``min`` and ``max`` add the measure ``tracker.NAME.met``:
    whether the count is inside. ``negation``: hits behind "не", "not" count too ("any"), are left out ("without"), or
    alone count ("only"). A hit inside one of the ``unless`` phrases does not count. ``forbidden`` phrases of the rep
    are counted together as well.
    """

    label: str
    phrases: tuple[str, ...]
    side: Literal["rep", "customer", "any"] = "any"
    window: Window | None = None
    min: int | None = None
    max: int | None = None
    negation: Literal["any", "without", "only"] = "any"
    forbidden: bool = False
    unless: tuple[str, ...] = ()

    @property
    def sides(self) -> tuple[Side, ...]:
        return ("rep", "customer") if self.side == "any" else (self.side,)

    @property
    def bounded(self) -> bool:
        return self.min is not None or self.max is not None

    def met(self, count: int) -> bool:
        return (self.min is None or count >= self.min) and (self.max is None or count <= self.max)


@dataclass(frozen=True)
class Trackers:
    """Counts of listed phrases; every hit is evidence."""

    lexicons: Lexicons = field(default_factory=dict)

    def __post_init__(self) -> None:
        for language, rows in self._rows.items():
            for name, row in rows.items():
                lexicon.checked("trackers", language, f"trackers.{name}.phrases", row.phrases)
                lexicon.checked("trackers", language, f"trackers.{name}.unless", row.unless)

    @cached_property
    def _rows(self) -> dict[str, dict[str, Tracker]]:
        read = lexicon.parsed("trackers", self.lexicons, {"trackers": dict[str, Tracker]})
        return {language: tables["trackers"] for language, tables in read.items()}

    @property
    def measures(self) -> tuple[Measure, ...]:
        names = dict.fromkeys(name for rows in self._rows.values() for name in rows)
        return (
            *(measure for name in names for measure in self._declared(name)),
            Measure("forbidden_phrases", "count", "Forbidden phrases", "Запретные фразы"),
        )

    def analyse(self, call: Call) -> Iterator[Measurement]:
        rows = self._rows.get(call.transcript.language)
        if rows is None:
            yield from lexicon.unmeasured(self.measures, NO_LEXICON)
            return
        heard = _Heard(call)
        for name in dict.fromkeys(name for each in self._rows.values() for name in each):
            row = rows.get(name)
            if row is None:
                yield from lexicon.unmeasured(self._declared(name), "not_in_lexicon")
            elif reason := _unheard(call, row.sides):
                yield from lexicon.unmeasured(self._declared(name), reason)
            else:
                yield from self._measured(name, row, heard.hits(row))
        if reason := _unheard(call, ("rep",)):
            yield Measurement("forbidden_phrases", None, reason=reason)
            return
        forbidden = {e for name, row in rows.items() if row.forbidden for e in heard.hits(row, ("rep",))}
        yield _counted("forbidden_phrases", sorted(forbidden, key=lambda e: (e.start, e.end, e.note)))

    def _declared(self, name: str) -> Iterator[Measure]:
        rows = {language: each[name] for language, each in self._rows.items() if name in each}
        label = {language: rows[language].label if language in rows else name for language in ("en", "ru")}
        yield Measure(f"tracker.{name}", "count", label["en"], label["ru"])
        if any(row.bounded for row in rows.values()):
            yield Measure(f"tracker.{name}.met", "bool", f"{label['en']}: as required", f"{label['ru']}: по норме")

    def _measured(self, name: str, row: Tracker, hits: Iterable[Evidence]) -> Iterator[Measurement]:
        counted = _counted(f"tracker.{name}", hits)
        yield counted
        for measure in list(self._declared(name))[1:]:
            value = float(row.met(int(counted.n))) if row.bounded else None
            yield Measurement(measure.name, value, counted.n, None if row.bounded else "no_bounds", counted.evidence)


def _unheard(call: Call, sides: Iterable[Side]) -> str | None:
    """Why none of these sides could have said a phrase."""
    reasons = [unheard(call, side) for side in sides]
    return reasons[0] if all(reasons) else None


class _Heard:
    """One call's words by side, read once for all trackers."""

    def __init__(self, call: Call) -> None:
        self.language = call.transcript.language
        self.active = timeline(call, Rules()).active
        self.words = {side: lexicon.spoken(call, side) for side in PARTIES}
        self.tokens = {side: text.tokens(words, self.language) for side, words in self.words.items()}

    def hits(self, row: Tracker, sides: tuple[Side, ...] | None = None) -> tuple[Evidence, ...]:
        patterns = lexicon.phrases(row.phrases, self.language)
        excused = lexicon.phrases(row.unless, self.language)
        said = self.tokens
        found = [
            lexicon.cited(self.words[side], hit.span, row.label)
            for side in (sides or row.sides)
            for hit in lexicon.unexcused(text.find_any(patterns, said[side]), text.find_any(excused, said[side]))
            if self._counts(row, side, hit)
        ]
        return tuple(sorted(found, key=lambda e: (e.start, e.end)))

    def _counts(self, row: Tracker, side: Side, hit: text.Hit) -> bool:
        if row.negation != "any" and text.negated(self.tokens[side], hit) != (row.negation == "only"):
            return False
        return row.window is None or row.window.holds(hit.start, self.active)


def _counted(name: str, hits: Iterable[Evidence]) -> Measurement:
    """Two lists may hold one phrase: a moment is counted once."""
    moments = {Span(e.start, e.end): e for e in hits}
    return Measurement(name, float(len(moments)), len(moments), evidence=tuple(moments[at] for at in sorted(moments)))
