"""Whether the call ends with an agreement: who does what, by when, and the customer says yes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from callqa.analysers import lexicon
from callqa.analysers.heard import Heard, Moment, tables, unheard
from callqa.analysers.lexicon import NO_LEXICON, Lexicons, Window
from callqa.analysers.timeline import PARTIES
from callqa.types import Call, Evidence, Language, Measure, Measurement, Seconds, Span

PARTS = ("commitment", "when", "yes")
NOTES: dict[Language, dict[str, str]] = {
    "ru": {
        "commitment": "Договорённость",
        "when": "Срок",
        "yes": "Согласие клиента",
        "without": "Договорённость без",
        "no_when": "срока",
        "no_yes": "согласия клиента",
        "nothing": "Конец без договорённости",
    },
    "en": {
        "commitment": "Commitment",
        "when": "Date or time",
        "yes": "Customer agrees",
        "without": "Commitment without",
        "no_when": "a date or time",
        "no_yes": "the customer's yes",
        "nothing": "Ends without a commitment",
    },
}


@dataclass(frozen=True)
class Lists:
    """``commitment``, ``when`` of either side; ``yes`` and ``no`` of the customer ("no" takes a yes beside it back)."""

    commitment: tuple[str, ...]
    when: tuple[str, ...]
    yes: tuple[str, ...]
    no: tuple[str, ...] = ()


@dataclass(frozen=True)
class Step:
    """One commitment and what goes with it; None is what was not heard."""

    commitment: Moment
    when: Moment | None
    yes: Moment | None

    @property
    def parts(self) -> int:
        return 1 + (self.when is not None) + (self.yes is not None)


@dataclass(frozen=True)
class NextStep:
    """``window``: where in the call the commitment counts; its date within ``turns`` turns and ``seconds`` of it.

    The customer's yes comes within ``turns`` of their turns.
    """

    window: Window = field(default_factory=lambda: Window(0.75))
    turns: int = 2
    seconds: Seconds = 20.0
    lexicons: Lexicons = field(default_factory=dict)

    def __post_init__(self) -> None:
        _ = self._tables

    @cached_property
    def _tables(self) -> dict[str, dict[str, Any]]:
        return tables("next_step", self.lexicons, {"next_step": Lists})

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (Measure("next_step", "bool", "Next step agreed", "Следующий шаг назначен"),)

    def analyse(self, call: Call) -> Iterator[Measurement]:
        language = call.transcript.language
        reason = unheard(call, "rep", "customer") if language in self._tables else NO_LEXICON
        if reason:
            yield from lexicon.unmeasured(self.measures, reason)
            return
        heard = Heard.of(call, self._tables[language]["backchannels"])
        steps = self._steps(heard)
        # of equal ones the last: what was said at the very end stands
        best = max(enumerate(steps), key=lambda pair: (pair[1].parts, pair[0]))[1] if steps else None
        agreed = best is not None and best.parts == len(PARTS)
        yield Measurement("next_step", float(agreed), len(steps), evidence=_evidence(heard, best))

    def _steps(self, heard: Heard) -> list[Step]:
        lists: Lists = self._tables[heard.language]["next_step"]
        dates = [m for m in heard.hits(lists.when, *PARTIES) if not self._refused(heard, lists, m)]
        return [
            self._step(heard, lists, commitment, dates)
            for commitment in heard.hits(lists.commitment, *PARTIES, affirmed=True)
            if self.window.holds(commitment.start, heard.active) and not self._refused(heard, lists, commitment)
        ]

    def _step(self, heard: Heard, lists: Lists, commitment: Moment, dates: Sequence[Moment]) -> Step:
        turn = heard.turn(commitment.start)
        near = sorted(
            (date for date in dates if abs(heard.turn(date.start) - turn) <= self.turns),
            key=lambda date: (abs(date.start - commitment.start), date),
        )
        near = [date for date in near if abs(date.start - commitment.start) <= self.seconds]
        # who names the day, or the step itself, has said yes to it
        own = next((m for m in (commitment, *near) if m.side == "customer"), None)
        last = max([commitment, *near[:1]], key=lambda m: m.start)
        return Step(commitment, near[0] if near else None, own or self._yes(heard, lists, last))

    def _yes(self, heard: Heard, lists: Lists, after: Moment) -> Moment | None:
        """The customer's first yes within the next turns, listening signals among them."""
        following = heard.following(heard.turn(after.start), "customer", self.turns)
        end = (
            heard.floors[following[-1]].end
            if following
            else max((span.end for span in heard.active), default=after.end)
        )
        said = heard.hits(lists.yes, "customer", within=Span(after.end, max(after.end, end)), affirmed=True)
        return next((yes for yes in said if not self._refused(heard, lists, yes)), None)

    def _refused(self, heard: Heard, lists: Lists, moment: Moment) -> bool:
        """Whether the customer says no in the turn of that moment."""
        turn = max(0, heard.turn(moment.start))
        return moment.side == heard.floors[turn].side == "customer" and heard.says(lists.no, turn)


def _evidence(heard: Heard, best: Step | None) -> tuple[Evidence, ...]:
    notes = NOTES[heard.language]
    if best is None:
        last = [Moment(floor.span, "rep") for floor in heard.floors if floor.side == "rep"][-1:]
        return tuple(heard.cited(moment, notes["nothing"], 0) for moment in last)
    found = {"commitment": best.commitment, "when": best.when, "yes": best.yes}
    missing = [notes[f"no_{part}"] for part in PARTS if found[part] is None]
    lead = f"{notes['without']} {', '.join(missing)}" if missing else notes["commitment"]
    rest = [heard.cited(moment, notes[part]) for part, moment in found.items() if moment and part != "commitment"]
    return (heard.cited(best.commitment, lead), *sorted(rest, key=lambda e: (e.start, e.end)))
