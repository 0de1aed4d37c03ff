"""What every line of a scorecard finds on a call, and what differs between two scorecards on it."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

from callqa.checks import Check
from callqa.scoring import Card, Fatal, Rule, points, quote
from callqa.types import Measure, Scored, Seconds

Kind = Literal["rule", "check", "fatal"]


@dataclass(frozen=True, slots=True)
class Said:
    """A moment that a line found: when, what of it, and the words."""

    start: Seconds
    end: Seconds
    note: str
    quote: str


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of a scorecard on one call.

    ``points`` is what it gives, 0 to 100, None where it gives none: not measurable (``reason``) or no part of the
    score. ``lost`` is what it takes off the score. ``band`` as for points lost.
    """

    name: str
    kind: Kind
    block: str
    measure: str
    unit: str
    weight: float
    value: float | None
    reason: str | None
    band: tuple[float | None, float | None, float | None, float | None]
    points: float | None
    lost: float
    evidence: tuple[Said, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A line whose points lost differ, or that does; ``keys`` tells what was changed in the file, before and after.

    ``why``: "added", "removed", "changed"; "shares": the line is the same and its share of all that was measured is
    not; "rounding": not even that, but hundredths must sum to what the score lacks.
    """

    name: str
    why: Literal["added", "removed", "changed", "shares", "rounding"]
    before: float
    after: float
    keys: Mapping[str, tuple[Any, Any]]


@dataclass(frozen=True, slots=True)
class Comparison:
    """Two scorecards on one call. ``blocks`` are those whose scores differ; ``same`` counts the lines that do not."""

    before: float | None
    after: float | None
    changes: tuple[Change, ...]
    blocks: Mapping[str, tuple[float | None, float | None]]
    same: int


def findings(scored: Scored, card: Card, catalogue: Mapping[str, Measure]) -> list[Finding]:
    """Every rule, check and fatal criterion in the order of the file; a check that is scored stands once."""
    checks = {check.measure_name for check in card.checks}
    scored_checks = {rule.measure: rule for rule in card.rules}
    found = [_finding(scored, catalogue, rule, "rule") for rule in card.rules if rule.measure not in checks]
    for check in card.checks:
        rule = scored_checks.get(check.measure_name) or Rule(
            check.name, check.block, check.measure_name, 0.0, check.band or (0.0, 1.0, 1.0, 2.0), check.bands
        )
        found.append(_finding(scored, catalogue, rule, "check"))
    return [*found, *(_finding(scored, catalogue, fatal, "fatal") for fatal in card.fatal)]


def compared(old: Scored, old_card: Card, new: Scored, new_card: Card) -> Comparison:
    """What the second scorecard makes of the call that the first does not."""
    lost = [{p.rule: p.points for p in s.scorecard.points_lost} for s in (old, new)]
    lines = [_lines(card) for card in (old_card, new_card)]
    names = list(dict.fromkeys([*lines[0], *lines[1]]))
    changes = []
    for name in names:
        before, after = (each.get(name, 0.0) for each in lost)
        first, second = (each.get(name) for each in lines)
        keys = _keys(first, second) if first and second else {}
        if first and second and not keys and before == after:
            continue
        same_shares = _measured(old, old_card) == _measured(new, new_card)
        moved = "rounding" if same_shares and abs(after - before) < 0.015 else "shares"
        why = "added" if not first else "removed" if not second else "changed" if keys else moved
        changes.append(Change(name, why, before, after, keys))  # type: ignore[arg-type]
    first_blocks, second_blocks = ({n: b.score for n, b in s.scorecard.blocks.items()} for s in (old, new))
    blocks = {
        name: (first_blocks.get(name), second_blocks.get(name))
        for name in dict.fromkeys([*first_blocks, *second_blocks])
        if first_blocks.get(name) != second_blocks.get(name)
    }
    return Comparison(old.scorecard.score, new.scorecard.score, tuple(changes), blocks, len(names) - len(changes))


def _finding(scored: Scored, catalogue: Mapping[str, Measure], line: Rule | Fatal, kind: Kind) -> Finding:
    m = scored.measures.get(line.measure)
    value = m.value if m else None
    band = line.band_for(scored.scorecard.call_type) if isinstance(line, Rule) else _allowed(line)
    weight = line.weight if isinstance(line, Rule) else 0.0
    lost = sum(p.points for p in scored.scorecard.points_lost if p.rule == line.name)
    return Finding(
        name=line.name,
        kind=kind,
        block=line.block if isinstance(line, Rule) else "",
        measure=line.measure,
        unit=catalogue[line.measure].unit if line.measure in catalogue else "",
        weight=weight,
        value=value,
        reason=m.reason if m else "not_in_lexicon",
        band=band,
        points=points(value, band) if isinstance(line, Rule) and weight and value is not None else None,  # type: ignore[arg-type]
        lost=round(lost, 2),
        evidence=tuple(Said(e.start, e.end, e.note, quote(scored.call, e)) for e in (m.evidence if m else ())),
    )


def _measured(scored: Scored, card: Card) -> float:
    """The weights of all that could be measured."""
    known = {name for name, m in scored.measures.items() if m.value is not None}
    return sum(rule.weight for rule in card.rules if rule.measure in known)


def _allowed(fatal: Fatal) -> tuple[float | None, float | None, float | None, float | None]:
    below = None if fatal.below == float("-inf") else fatal.below
    above = None if fatal.above == float("inf") else fatal.above
    return below, below, above, above


def _lines(card: Card) -> dict[str, Rule | Check | Fatal]:
    """Every line by its name; a check as it was written, not the rule it makes."""
    checks = {check.name: check for check in card.checks}
    return {**{rule.name: rule for rule in card.rules}, **checks, **{fatal.name: fatal for fatal in card.fatal}}


def _keys(first: Rule | Check | Fatal, second: Rule | Check | Fatal) -> dict[str, tuple[Any, Any]]:
    before, after = (_written(dataclasses.asdict(line)) for line in (first, second))
    return {
        key: (before.get(key), after.get(key))
        for key in dict.fromkeys([*before, *after])
        if before.get(key) != after.get(key)
    }


def _written(values: Mapping[str, Any]) -> dict[str, Any]:
    """The keys that say something, as a file would hold them."""
    said = {key: _written(v) if isinstance(v, Mapping) else v for key, v in values.items()}
    return {key: v for key, v in said.items() if v is not None and v is not False and v != "" and v != {}}
