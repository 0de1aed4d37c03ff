"""Who talks how much, for how long, how fast and over whom: all that needs no word list but listening signals."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from callqa.analysers import lexicon
from callqa.analysers.balance import Balance
from callqa.analysers.conversation import Conversation
from callqa.analysers.handovers import Handovers
from callqa.analysers.interruptions import Interruptions
from callqa.analysers.lexicon import Lexicons
from callqa.analysers.rates import Rates
from callqa.analysers.silences import Silences
from callqa.analysers.timeline import Rules
from callqa.types import Call, Measure, Measurement, Seconds


@dataclass(frozen=True)
class Dynamics:
    """The conversation dynamics of DEFINITIONS.md, section 1; the fields are its parameters.

    ``reference`` is the number of switches a minute that gives full ``interactivity``, ``references`` the same by call
    type. ``rate_speech`` is the speech a rate needs, ``drift_speech`` that of each third for ``rate_drift``.
    """

    lexicons: Lexicons = field(default_factory=dict)
    min_speech: Seconds = 0.12
    bridge_gap: Seconds = 0.30
    turn_pause: Seconds = 3.0
    backchannel_overlap: Seconds = 0.5
    backchannel_words: int = 3
    interjection: Seconds = 2.0
    overlap_min: Seconds = 0.5
    silences_over: tuple[Seconds, ...] = (3.0, 4.0, 10.0)
    monologues_over: tuple[Seconds, ...] = (60.0, 120.0)
    reference: float = 8.0
    references: Mapping[str, float] = field(default_factory=dict)
    rate_speech: Seconds = 15.0
    drift_speech: Seconds = 5.0
    phrase_words: int = 5

    def __post_init__(self) -> None:
        if not self.silences_over or min(self.silences_over) <= self.bridge_gap:
            raise ValueError("silences_over: one or more lengths, each longer than bridge_gap")
        if min(self.reference, *self.references.values(), self.rate_speech, self.drift_speech) <= 0:
            raise ValueError("reference, references, rate_speech and drift_speech are more than 0")

    @cached_property
    def _backchannels(self) -> Mapping[str, frozenset[str]]:
        return {code: read["backchannels"] for code, read in lexicon.parsed("dynamics", self.lexicons, {}).items()}

    @property
    def _parts(self) -> tuple[Balance, Handovers, Interruptions, Silences, Rates]:
        return (
            Balance(self.turn_pause, self.interjection, self.monologues_over),
            Handovers(self.reference, self.references),
            Interruptions(self.overlap_min),
            Silences(self.silences_over),
            Rates(self.rate_speech, self.drift_speech, self.phrase_words, self.bridge_gap),
        )

    @property
    def measures(self) -> tuple[Measure, ...]:
        return tuple(measure for part in self._parts for measure in part.measures)

    def analyse(self, call: Call) -> Iterator[Measurement]:
        heard = Conversation.of(call, self._rules(call.transcript.language))
        for part in self._parts:
            yield from part.measured(heard)

    def _rules(self, language: str) -> Rules:
        return Rules(
            min_speech=self.min_speech,
            bridge_gap=self.bridge_gap,
            turn_pause=self.turn_pause,
            backchannel_overlap=self.backchannel_overlap,
            backchannel_words=self.backchannel_words,
            backchannels=self._backchannels.get(language, frozenset()),
        )
