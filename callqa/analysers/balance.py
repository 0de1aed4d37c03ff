"""How the talking time is shared, and how long one side held the floor."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from callqa.analysers.conversation import Conversation, first, seconds, unmeasurable
from callqa.analysers.timeline import EPS, PARTIES, Floor
from callqa.types import Evidence, Language, Measure, Measurement, Seconds, Side, Span, covered

SHARES = (
    Measure("talk_share", "0-1", "Rep's share of the talking", "Доля речи менеджера"),
    Measure("talk_share_of_span", "0-1", "Rep's share of the conversation", "Доля речи менеджера в разговоре"),
    Measure(
        "talk_share_of_call", "0-1", "Rep's talk, share of the call", "Речь менеджера, доля звонка", "Amazon Connect"
    ),
    Measure(
        "talk_share_of_speech",
        "0-1",
        "Rep's talk, share of all speech",
        "Речь менеджера, доля всей речи",
        "speech time",
    ),
    Measure("talk_ratio", "ratio", "Rep's talk to the customer's", "Речь менеджера к речи клиента", "talk:listen"),
)
NOTES: dict[Language, str] = {"ru": "{} без перерыва", "en": "{} without a break"}


@dataclass(frozen=True)
class Balance:
    """``interjection``: the rep's remarks up to this long do not end a customer's story."""

    turn_pause: Seconds
    interjection: Seconds
    monologues_over: tuple[Seconds, ...]

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (
            *SHARES,
            Measure("longest_monologue", "s", "Rep's longest monologue", "Самый длинный монолог менеджера"),
            *(
                Measure(f"monologues_over_{s:g}", "count", f"Monologues of {s:g} s or more", f"Монологи от {s:g} с")
                for s in self.monologues_over
            ),
            Measure("longest_customer_story", "s", "Customer's longest story", "Самый длинный рассказ клиента"),
        )

    def measured(self, heard: Conversation) -> Iterator[Measurement]:
        yield from self._shares(heard)
        yield from self._monologues(heard)
        yield self._story(heard)

    def _shares(self, heard: Conversation) -> Iterator[Measurement]:
        reason = heard.absent()
        if reason:
            yield from (unmeasurable(measure.name, reason) for measure in SHARES)
            return
        rep, customer = (heard.seconds(side) for side in PARTIES)
        moments = longest(heard, heard.line.by("rep"))
        # talking over each other counts for both, but once in the speech time
        together = covered(span for side in PARTIES for span in heard.line.speech[side])
        wholes = (rep + customer, heard.line.active_seconds, heard.call.recording.duration, together, customer)
        for measure, whole in zip(SHARES, wholes, strict=True):
            if whole <= EPS:
                yield unmeasurable(measure.name, "customer_silent" if measure.name == "talk_ratio" else "no_duration")
            else:
                yield heard.say(measure.name, rep / whole, rep + customer, moments)

    def _monologues(self, heard: Conversation) -> Iterator[Measurement]:
        reason = heard.absent("rep")
        names = ["longest_monologue", *(f"monologues_over_{s:g}" for s in self.monologues_over)]
        if reason:
            yield from (unmeasurable(name, reason) for name in names)
            return
        floors = heard.line.by("rep")
        yield heard.say("longest_monologue", longest_seconds(floors), len(floors), longest(heard, floors))
        for name, bound in zip(names[1:], self.monologues_over, strict=True):
            long = [floor for floor in floors if floor.span.duration >= bound - EPS]
            yield heard.say(name, float(len(long)), len(floors), longest(heard, long))

    def _story(self, heard: Conversation) -> Measurement:
        if reason := heard.absent("customer"):
            return unmeasurable("longest_customer_story", reason)
        told = stories(heard.line.floors, "customer", self.interjection, self.turn_pause)
        return heard.say("longest_customer_story", longest_seconds(told), len(told), longest(heard, told))


def longest_seconds(floors: Iterable[Floor]) -> Seconds:
    """0 where somebody spoke and never had the floor: that is known."""
    return max((floor.span.duration for floor in floors), default=0.0)


def longest(heard: Conversation, floors: Iterable[Floor]) -> list[Evidence]:
    """The floors as moments, the longest first."""
    return [
        Evidence(floor.start, floor.end, NOTES[heard.language].format(seconds(floor.span.duration, heard.language)))
        for floor in first(floors, key=lambda f: -round(f.span.duration, 6))
    ]


def stories(floors: Sequence[Floor], side: Side, interjection: Seconds, pause: Seconds) -> list[Floor]:
    """The side's floors, joined across the other's remarks up to ``interjection`` with no silence over ``pause``."""
    result: list[Floor] = []
    between: list[Span] = []
    for floor in floors:
        if floor.side != side:
            between.append(floor.span)
        elif result and _goes_on(result[-1].end, between, floor.start, interjection, pause):
            result[-1] = Floor(side, (*result[-1].pieces, *floor.pieces))
            between = []
        else:
            result.append(floor)
            between = []
    return result


def _goes_on(end: Seconds, between: Sequence[Span], start: Seconds, interjection: Seconds, pause: Seconds) -> bool:
    if len(between) != 1 or between[0].duration > interjection + EPS:
        return False
    return between[0].start - end <= pause + EPS and start - between[0].end <= pause + EPS
