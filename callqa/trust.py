"""What the errors of hearing leave of a scored call: its analysers and scorecard on the call as it may have been."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from callqa import scoring
from callqa.analysers import Analyser
from callqa.intervals import HEADLINES, Errors, doubts
from callqa.types import Call, Doubt, Measurement, Scorecard


def headline(analysers: Iterable[Analyser]) -> tuple[Analyser, ...]:
    """The analysers that give a headline measure: only these are asked again."""
    return tuple(one for one in analysers if any(m.name in HEADLINES for m in one.measures))


def doubted(
    call: Call,
    measured: Mapping[str, Measurement],
    scorecard: Scorecard,
    card: scoring.Card,
    analysers: Sequence[Analyser],
    errors: Errors,
) -> Doubt:
    """The intervals of a call and its unsteady evidence. ``analysers``: those of ``headline``."""
    heard = replace(call, tracks={})

    def again(drawn: Call) -> Mapping[str, Measurement]:
        return {m.name: m for analyser in analysers for m in analyser.analyse(drawn)}

    def scored(drawn: Call, found: Mapping[str, Measurement]) -> float | None:
        return scoring.score(drawn, found, card).score

    return doubts(heard, measured, scorecard.score, errors, again, scored)
