"""How often the floor changes hands, and how long the rep waits before taking it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median

from callqa.analysers.conversation import SHOWN, Conversation, first, seconds, suffix, unmeasurable
from callqa.analysers.timeline import EPS, PARTIES, Floor
from callqa.types import Evidence, Language, Measure, Measurement, Seconds, Side, Span, covered, overlaps

AROUND: Seconds = 2.0  # heard on either side of a change, so that it can be judged
NOTES: dict[Language, dict[str, str]] = {
    "ru": {
        "waited": "{} до слов: {}",
        "early": "на {} раньше конца: {}",
        "run": "{} без перехода слова",
    },
    "en": {
        "waited": "{} before the {} speaks",
        "early": "{} before the end: {}",
        "run": "{} without a change of floor",
    },
}
MEASURES = (
    Measure("switches_per_minute", "1/min", "Changes of floor a minute", "Переходов слова в минуту"),
    Measure("interactivity", "0-10", "Interactivity", "Интерактивность"),
    Measure("patience", "s", "Rep's pause after the customer", "Пауза менеджера после слов клиента"),
    Measure("patience_negative_share", "0-1", "Rep's early starts", "Доля вступлений менеджера раньше конца"),
    Measure("patience_customer", "s", "Customer's pause after the rep", "Пауза клиента после слов менеджера"),
    Measure(
        "patience_negative_share_customer", "0-1", "Customer's early starts", "Доля вступлений клиента раньше конца"
    ),
)


@dataclass(frozen=True)
class Change:
    """The floor passes to ``after``. ``gap`` < 0: it was taken before the other had finished."""

    before: Floor
    after: Floor

    @property
    def gap(self) -> Seconds:
        return round(self.after.start - self.before.end, 6)

    def moment(self, heard: Conversation) -> Evidence:
        start, end = sorted((self.before.end, self.after.start))
        key = "waited" if self.gap >= 0 else "early"
        note = NOTES[heard.language][key].format(seconds(abs(self.gap), heard.language), heard.name(self.after.side))
        return Evidence(max(self.before.start, start - AROUND), min(max(end, self.after.end), end + AROUND), note)


@dataclass(frozen=True)
class Handovers:
    """``reference``: switches a minute for full interactivity, ``references`` the same by call type."""

    reference: float
    references: Mapping[str, float]

    @property
    def measures(self) -> tuple[Measure, ...]:
        return MEASURES

    def measured(self, heard: Conversation) -> Iterator[Measurement]:
        if reason := heard.absent(*PARTIES):
            yield from (unmeasurable(measure.name, reason) for measure in MEASURES)
            return
        yield from self._switches(heard)
        for side in PARTIES:
            yield from _patience(heard, side)

    def _switches(self, heard: Conversation) -> Iterator[Measurement]:
        count = len(changes(heard.line.floors))
        rate = count / heard.minutes
        reference = self.references.get(heard.call.metadata.call_type or "", self.reference)
        moments = _runs(heard)
        yield heard.say("switches_per_minute", rate, count, moments)
        yield heard.say("interactivity", 10 * min(1.0, rate / reference), count, moments)


def changes(floors: Sequence[Floor]) -> list[Change]:
    return [Change(before, after) for before, after in pairwise(floors) if before.side != after.side]


def _patience(heard: Conversation, side: Side) -> Iterator[Measurement]:
    names = (f"patience{suffix(side)}", f"patience_negative_share{suffix(side)}")
    mine = [c for c in changes(heard.line.floors) if c.after.side == side and _unbroken(c, heard.line.active)]
    waits = first((c for c in mine if c.gap >= 0), key=lambda c: c.gap, most=len(mine))
    early = first((c for c in mine if c.gap < 0), key=lambda c: c.gap)
    if waits:
        moments = [change.moment(heard) for change in waits[:SHOWN]]
        yield heard.say(names[0], median(c.gap for c in waits), len(waits), moments)
    else:
        yield unmeasurable(names[0], "no_changes")
    if mine:
        share = sum(c.gap < 0 for c in mine) / len(mine)
        yield heard.say(names[1], share, len(mine), [change.moment(heard) for change in early])
    else:
        yield unmeasurable(names[1], "no_changes")


def _unbroken(change: Change, active: Sequence[Span]) -> bool:
    """Hold music or a menu between the two says nothing of patience."""
    if change.gap <= 0:
        return True
    return covered(overlaps([Span(change.before.end, change.after.start)], active)) > change.gap - EPS


def _runs(heard: Conversation) -> list[Evidence]:
    """The longest stretches without a change of floor."""
    runs: list[Span] = []
    last = None
    for floor in heard.line.floors:
        if floor.side == last:
            runs[-1] = Span(runs[-1].start, max(runs[-1].end, floor.end))
        else:
            runs.append(floor.span)
        last = floor.side
    return [
        Evidence(run.start, run.end, NOTES[heard.language]["run"].format(seconds(run.duration, heard.language)))
        for run in first(runs, key=lambda r: -round(r.duration, 6))
    ]
