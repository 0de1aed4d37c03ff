"""One call as the measures of conversation see it: its timeline, why a figure cannot be given, moments to jump to."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from callqa.analysers.timeline import PARTIES, Rules, Timeline, timeline
from callqa.types import Call, Evidence, Language, Measurement, Seconds, Side, Span, covered, without

SHOWN = 5  # moments beside a figure that rests on many
UNKNOWN_SHARE = 0.1  # of the speech: with more by nobody known, a figure's trust is low
NAMES: dict[Language, dict[Side, str]] = {
    "ru": {"rep": "менеджер", "customer": "клиент", "unknown": "неизвестно кто"},
    "en": {"rep": "rep", "customer": "customer", "unknown": "unknown"},
}
Item = TypeVar("Item")


@dataclass(frozen=True)
class Conversation:
    """``line`` holds rep and customer alone; ``others`` is the speech of whoever is not known."""

    call: Call
    line: Timeline
    others: tuple[Span, ...]

    @classmethod
    def of(cls, call: Call, rules: Rules) -> Conversation:
        return cls(call, timeline(call, rules), tuple(turn.span for turn in call.transcript.by("unknown")))

    @property
    def language(self) -> Language:
        return self.call.transcript.language

    @property
    def minutes(self) -> float:
        """Length of the active span."""
        return self.line.active_seconds / 60

    def moment(self, share: float) -> Seconds:
        """The call time at which that share of the active span has passed."""
        left = share * self.line.active_seconds
        for span in self.line.active:
            if left <= span.duration:
                return span.start + left
            left -= span.duration
        return self.line.active[-1].end

    @property
    def thirds(self) -> tuple[Span, Span, Span]:
        """The call time of each third of the active span."""
        first, second, third, end = (self.moment(i / 3) for i in range(4))
        return Span(first, second), Span(second, third), Span(third, end)

    def seconds(self, side: Side) -> Seconds:
        return covered(self.line.speech[side])

    @property
    def silence(self) -> tuple[Span, ...]:
        """Where nobody at all speaks inside the active span."""
        return without(self.line.active, [*self.others, *(s for side in PARTIES for s in self.line.speech[side])])

    def absent(self, *sides: Side) -> str | None:
        """Why nothing can be said of these sides, as a reason code; None when each of them speaks."""
        known = sum(self.seconds(side) for side in PARTIES)
        if self.line.unknown > known:
            return "sides_unknown"
        if not known:
            return "no_speech"
        return next((f"{side}_silent" for side in sides if not self.line.speech[side]), None)

    def say(self, name: str, value: float | None, n: float, evidence: Iterable[Evidence] = ()) -> Measurement:
        """A figure; low trust where too much of the speech is nobody's."""
        known = sum(self.seconds(side) for side in PARTIES)
        doubtful = self.line.unknown > UNKNOWN_SHARE * (known + self.line.unknown)
        exact = None if value is None else round(value, 9)  # the last bits differ from machine to machine
        return Measurement(name, exact, round(n, 3), None, tuple(evidence), "low" if doubtful else None)

    def name(self, side: Side) -> str:
        return NAMES[self.language][side]


def first(items: Iterable[Item], key: Callable[[Item], float], most: int = SHOWN) -> list[Item]:
    """The items with the smallest key, in that order; of equals the earlier."""
    return sorted(items, key=key)[:most]


def unmeasurable(name: str, reason: str) -> Measurement:
    return Measurement(name, None, reason=reason)


def suffix(side: Side) -> str:
    """A name without suffix speaks of the rep."""
    return "" if side == "rep" else f"_{side}"


def seconds(value: Seconds, language: Language) -> str:
    """ "1,4 с" or "1.4 s": one decimal under ten."""
    shown = f"{value:.0f}" if value >= 9.95 else decimal(value, language)
    return f"{shown} с" if language == "ru" else f"{shown} s"


def decimal(value: float, language: Language) -> str:
    """One place, after a comma in Russian."""
    shown = f"{value:.1f}"
    return shown.replace(".", ",") if language == "ru" else shown
