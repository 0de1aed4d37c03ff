"""Who cut in on whom, and how long both talked at once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from callqa.analysers.conversation import Conversation, first, seconds, suffix, unmeasurable
from callqa.analysers.timeline import EPS, PARTIES, Piece
from callqa.types import Evidence, Language, Measure, Measurement, Seconds, Side, covered

LISTEN: Seconds = 3.0  # of what was said over the other, enough to hear who gave way
MIITEL: Seconds = 1.0
NOTES: dict[Language, dict[str, str]] = {
    "ru": {"rep": "менеджер перебивает, {} вместе", "customer": "клиент перебивает, {} вместе", "both": "{} вместе"},
    "en": {"rep": "rep cuts in, {} together", "customer": "customer cuts in, {} together", "both": "{} together"},
}
LABELS = {
    "rep": ("by the rep", "менеджера"),
    "customer": ("by the customer", "клиента"),
}


@dataclass(frozen=True)
class Cut:
    """A piece that begins while the other side is speaking. ``overlap``: how long both went on from there."""

    piece: Piece
    overlap: Seconds

    def moment(self, language: Language) -> Evidence:
        end = min(self.piece.end, self.piece.start + max(self.overlap, LISTEN))
        note = NOTES[language][self.piece.side].format(seconds(self.overlap, language))
        return Evidence(self.piece.start, end, note)


@dataclass(frozen=True)
class Interruptions:
    """``overlap_min``: talking at once for longer than this, by one who then has the floor, is cutting in."""

    overlap_min: Seconds

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (
            *(measure for side in PARTIES for measure in _declared(side)),
            Measure("overtalk_share", "0-1", "Share of talking at once", "Доля одновременной речи"),
        )

    def measured(self, heard: Conversation) -> Iterator[Measurement]:
        if reason := heard.absent(*PARTIES):
            yield from (unmeasurable(measure.name, reason) for measure in self.measures)
            return
        for side in PARTIES:
            yield from self._side(heard, side)
        both = heard.line.overlap
        moments = [
            Evidence(span.start, span.end, NOTES[heard.language]["both"].format(seconds(span.duration, heard.language)))
            for span in first(both, key=lambda s: -round(s.duration, 6))
        ]
        yield heard.say("overtalk_share", covered(both) / heard.line.active_seconds, len(both), moments)

    def _side(self, heard: Conversation, side: Side) -> Iterator[Measurement]:
        found = cuts(heard, side)
        taken = [c for c in found if c.overlap > self.overlap_min + EPS and c.piece.takes_floor]
        taken = [c for c in taken if not c.piece.backchannel]
        long = [c for c in found if c.overlap > MIITEL + EPS]
        counted = (taken, taken, found, long)
        for measure, some in zip(_declared(side), counted, strict=True):
            value = len(some) / heard.minutes if measure.unit == "1/min" else float(len(some))
            moments = first(some, key=lambda c: -round(c.overlap, 6), most=len(some))
            yield heard.say(measure.name, value, len(some), [cut.moment(heard.language) for cut in moments])


def cuts(heard: Conversation, side: Side) -> list[Cut]:
    """The side's pieces that begin inside the other's speech, listening signals among them."""
    others = [piece for piece in heard.line.pieces if piece.side != side]
    found = []
    for piece in heard.line.pieces:
        over = [o for o in others if o.start < piece.start - EPS and o.end > piece.start + EPS]
        if piece.side == side and over:
            found.append(Cut(piece, min(piece.end, over[0].end) - piece.start))
    return found


def _declared(side: Side) -> tuple[Measure, ...]:
    en, ru = LABELS[side]
    end = suffix(side)
    return (
        Measure(f"interruptions{end}", "count", f"Interruptions {en}", f"Перебивания {ru}"),
        Measure(
            f"interruptions_per_minute{end}", "1/min", f"Interruptions a minute {en}", f"Перебивания {ru} в минуту"
        ),
        Measure(
            f"interruptions_any_overlap{end}",
            "count",
            f"Starts over the other {en}",
            f"Наложения речи {ru}",
            "VoiceBase",
        ),
        Measure(
            f"interruptions_over_1{end}",
            "count",
            f"Overlaps over 1 s {en}",
            f"Наложения речи {ru} дольше 1 с",
            "MiiTel",
        ),
    )
