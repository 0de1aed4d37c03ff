"""What the errors of hearing leave of a scored call: its analysers and scorecard on the call as it may have been."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from callqa import scoring
from callqa.analysers import Analyser, Cleaner
from callqa.intervals import HEADLINES, Errors, doubts
from callqa.types import Call, Doubt, Measurement, Scorecard


def measures(analysers: Sequence[Analyser], call: Call) -> dict[str, Measurement]:
    """Every analyser's measurements; what words said for the score alone would earn is taken without them."""
    found = {m.name: m for analyser in analysers for m in analyser.analyse(call)}
    for cleaner in analysers:
        if isinstance(cleaner, Cleaner) and (clean := cleaner.cleaned(call)) is not None:
            again = {m.name: m for one in analysers if one is not cleaner for m in one.analyse(clean)}
            found = {name: again[name] if name in again and cleaner.withholds(name) else m for name, m in found.items()}
    return found


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
    """The intervals of a call and its unsteady evidence."""
    cleaned = [clean for one in analysers if isinstance(one, Cleaner) and (clean := one.cleaned(call)) is not None]
    heard, asked = replace(cleaned[0] if cleaned else call, tracks={}), headline(analysers)

    def again(drawn: Call) -> Mapping[str, Measurement]:
        return {m.name: m for analyser in asked for m in analyser.analyse(drawn)}

    def scored(drawn: Call, found: Mapping[str, Measurement]) -> float | None:
        return scoring.score(drawn, found, card).score

    return doubts(heard, measured, scorecard.score, errors, again, scored)
