"""The nouns of callqa: immutable values, no I/O, no third-party imports."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

Seconds = float
Side = Literal["rep", "customer", "ivr", "unknown"]
Trust = Literal["high", "medium", "low"]
Language = Literal["ru", "en"]


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """A stretch of call time, in seconds from the first sample.

    >>> Span(0, 10) & Span(8, 12)
    Span(start=8, end=10)
    >>> Span(0, 1) & Span(1, 2) is None
    True
    """

    start: Seconds
    end: Seconds

    def __post_init__(self) -> None:
        if not 0 <= self.start <= self.end:
            raise ValueError(f"span must satisfy 0 <= start <= end, got {self.start}..{self.end}")

    @property
    def duration(self) -> Seconds:
        return self.end - self.start

    def __and__(self, other: Span) -> Span | None:
        start, end = max(self.start, other.start), min(self.end, other.end)
        return Span(start, end) if start < end else None


def joined(spans: Iterable[Span], bridge: Seconds = 0.0) -> tuple[Span, ...]:
    """The union of the spans in order, gaps up to ``bridge`` seconds closed.

    >>> joined([Span(0, 2), Span(2.2, 3), Span(5, 6)], bridge=0.3)
    (Span(start=0, end=3), Span(start=5, end=6))
    """
    result: list[Span] = []
    for span in sorted(spans):
        # 1e-9: a gap of exactly `bridge` must not depend on where in the call it lies
        if result and span.start - result[-1].end <= bridge + 1e-9:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return tuple(result)


def covered(spans: Iterable[Span]) -> Seconds:
    """Seconds covered by at least one span.

    >>> covered([Span(0, 4), Span(2, 6), Span(9, 10)])
    7
    """
    return sum(span.duration for span in joined(spans))


def overlaps(left: Iterable[Span], right: Iterable[Span]) -> tuple[Span, ...]:
    """Where both sets of spans hold, in order.

    >>> overlaps([Span(0, 5)], [Span(1, 2), Span(4, 9)])
    (Span(start=1, end=2), Span(start=4, end=5))
    """
    ours, theirs = joined(left), joined(right)
    result: list[Span] = []
    i = j = 0
    while i < len(ours) and j < len(theirs):
        if both := ours[i] & theirs[j]:
            result.append(both)
        if ours[i].end < theirs[j].end:
            i += 1
        else:
            j += 1
    return tuple(result)


def without(spans: Iterable[Span], holes: Iterable[Span]) -> tuple[Span, ...]:
    """The spans with the holes cut out.

    >>> without([Span(0, 5)], [Span(1, 2)])
    (Span(start=0, end=1), Span(start=2, end=5))
    """
    result: list[Span] = []
    gaps = joined(holes)
    for span in joined(spans):
        start = span.start
        for gap in gaps:
            if gap.end <= start or gap.start >= span.end:
                continue
            if gap.start > start:
                result.append(Span(start, gap.start))
            start = gap.end
        if start < span.end:
            result.append(Span(start, span.end))
    return tuple(result)


@dataclass(frozen=True, slots=True)
class Recording:
    """A call's audio file and what its header says; the samples stay on disk.

    ``id`` is the first 12 hex digits of ``sha256``, the hash of the file's bytes: one recording under two names is
    one call. ``codec`` is PyAV's name of it ("pcm_mulaw", "opus").
    """

    id: str
    path: str
    sha256: str
    duration: Seconds
    sample_rate: int
    channels: int
    codec: str


@dataclass(frozen=True, slots=True)
class Metadata:
    """What the telephone system knows of a call: a row of calls.csv. Missing is None, never guessed."""

    file: str
    started_at: str | None = None
    direction: Literal["inbound", "outbound"] | None = None
    call_type: str | None = None
    rep_id: str | None = None
    rep_name: str | None = None
    customer_phone: str | None = None
    customer_id: str | None = None
    deal_id: str | None = None
    rep_channel: int | None = None


@dataclass(frozen=True, slots=True)
class Word:
    """One recognised word as written, with its punctuation; confidence 0 to 1."""

    text: str
    start: Seconds
    end: Seconds
    confidence: float = 1.0

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Turn:
    """A stretch of speech by one side: its edges come from speech activity, its words from the recogniser.

    A turn may be a piece of what a person would call a turn: ``analysers.timeline`` joins pieces into floors.
    ``words`` may be empty (speech that the recogniser could not read). ``speaker`` tells several reps of one call
    apart ("rep 1", "rep 2"); it is empty where a side is one person.
    """

    side: Side
    start: Seconds
    end: Seconds
    words: tuple[Word, ...] = ()
    speaker: str = ""

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)

    @property
    def text(self) -> str:
        return " ".join(word.text for word in self.words)


@dataclass(frozen=True, slots=True)
class Dropped:
    """Text the recogniser gave that nobody said, and the rule that caught it."""

    text: str
    start: Seconds
    end: Seconds
    reason: str


@dataclass(frozen=True, slots=True)
class Sounds:
    """What is besides the conversation: ring-back, hold music, tones (``kind``), on which channel.

    "transfer" is the part of another rep, where the measures of this one do not count.
    """

    kind: Literal["ringback", "hold_music", "dtmf", "beep", "busy", "transfer"]
    start: Seconds
    end: Seconds
    channel: int = 0

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Transcript:
    """Who said what, when, and how far the sides and the words can be trusted.

    ``layout``: "stereo" (one party a channel) or "mono" (diarized). ``separation`` 0..1 is how clearly the speakers
    are apart (1 for two channels). ``roles_by`` names what decided the sides ("calls.csv", "config", "opening",
    "whole call", "undecided", "file"), ``roles_confidence`` 0..1 how surely. ``events`` are sounds that are no
    conversation. ``word_times`` "spread": an imported transcript had none, its words fill their turns evenly.
    """

    language: Language
    turns: tuple[Turn, ...]
    layout: Literal["stereo", "mono"] = "stereo"
    separation: float = 1.0
    roles_by: str = "calls.csv"
    roles_confidence: float = 1.0
    dropped: tuple[Dropped, ...] = ()
    events: tuple[Sounds, ...] = ()
    word_times: Literal["heard", "spread"] = "heard"

    def by(self, side: Side) -> tuple[Turn, ...]:
        return tuple(turn for turn in self.turns if turn.side == side)


@dataclass(frozen=True, slots=True)
class Track:
    """Pitch and level of one side's sound, one value every ``step`` seconds from the first sample.

    ``f0`` in Hz, 0.0 where unvoiced; ``level`` is RMS in dB re full scale, at least -120. Arrays or tuples.
    On a mono call both sides share one track; a measure reads it only where its side speaks alone.
    """

    step: Seconds
    f0: Sequence[float]
    level: Sequence[float]


@dataclass(frozen=True, slots=True)
class Call:
    """What an analyser sees. ``tracks`` is empty when the sound was not at hand (imported transcripts)."""

    recording: Recording
    metadata: Metadata
    transcript: Transcript
    tracks: Mapping[Side, Track] = field(default_factory=dict)

    @property
    def trust(self) -> Trust:
        """High for two real channels, medium for clear mono, low for weak separation, roles or words.

        Words whose times were not heard cost a step.
        """
        words = [w.confidence for turn in self.transcript.turns for w in turn.words]
        mean = sum(words) / len(words) if words else 1.0
        # floors met by the labelled calls: below them one word in three is wrong, one speaker in five mixed up
        if self.transcript.separation < 0.3 or self.transcript.roles_confidence < 0.6 or mean < 0.6:
            return "low"
        if self.transcript.word_times == "spread":
            return "medium" if self.transcript.layout == "stereo" else "low"
        return "high" if self.transcript.layout == "stereo" else "medium"


@dataclass(frozen=True, slots=True)
class Evidence:
    """A moment a coach can jump to, and why it matters."""

    start: Seconds
    end: Seconds
    note: str

    @property
    def span(self) -> Span:
        return Span(self.start, self.end)


@dataclass(frozen=True, slots=True)
class Measure:
    """What an analyser can tell: DEFINITIONS.md's name, a unit, labels people read, the product a dialect is from.

    A name without suffix speaks of the rep; ``_customer`` says the same of the customer.
    """

    name: str
    unit: str
    en: str
    ru: str
    dialect: str = ""


@dataclass(frozen=True, slots=True)
class Measurement:
    """One number about a call. ``value`` None means not measurable, never zero, and ``reason`` says why (a code).

    ``n`` counts the events or seconds the value rests on. ``trust`` None: the call's own trust applies.
    """

    name: str
    value: float | None
    n: float = 0
    reason: str | None = None
    evidence: tuple[Evidence, ...] = ()
    trust: Trust | None = None

    def __post_init__(self) -> None:
        if (self.value is None) == (self.reason is None):
            raise ValueError(
                f"{self.name}: a measurement has either a value or a reason, got {self.value}, {self.reason}"
            )


@dataclass(frozen=True, slots=True)
class PointsLost:
    """Points a rule took, and the moment that shows it. ``value`` and ``band`` as the rule saw them.

    None in a band means no bound on that side (a fatal criterion has one bound).
    """

    rule: str
    measure: str
    value: float
    band: tuple[float | None, float | None, float | None, float | None]
    points: float
    quote: str
    start: Seconds | None
    end: Seconds | None


@dataclass(frozen=True, slots=True)
class Block:
    """One block of the score: 0-100 or None, its share of the whole weight, and how much of it could be measured."""

    score: float | None
    weight: float
    coverage: float


@dataclass(frozen=True, slots=True)
class Scorecard:
    """The negotiation-quality score of one call and everything it rests on.

    ``score`` is None when the call is ineligible (``eligible`` False, ``reason`` says why) or evidence covers less
    than the scorecard's gate. ``points_lost`` sums to 100 - score exactly. ``flags`` names fatal criteria hit and the
    measures of gaming that found something.
    """

    version: str
    name: str
    call_type: str
    score: float | None
    coverage: float
    trust: Trust
    eligible: bool
    reason: str | None
    blocks: Mapping[str, Block]
    points_lost: tuple[PointsLost, ...]
    flags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Doubt:
    """How far figures and moments can be trusted, given how often recogniser and diarizer err.

    ``intervals``: the 90 % interval (low, high) of each headline measure and of "score". ``steady``: for a measure some
    of whose evidence would not survive those errors, whether each piece of it would, in its order; every piece of a
    measure that is not named is steady.
    """

    intervals: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    steady: Mapping[str, tuple[bool, ...]] = field(default_factory=dict)

    def holds(self, measure: str, index: int) -> bool:
        """Whether that piece of a measure's evidence is steady."""
        known = self.steady.get(measure, ())
        return known[index] if index < len(known) else True


@dataclass(frozen=True, slots=True)
class Scored:
    """All that is known of one call: what reports and ``--json`` show."""

    call: Call
    measures: Mapping[str, Measurement]
    scorecard: Scorecard
    doubt: Doubt = field(default_factory=Doubt)
