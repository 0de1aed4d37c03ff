"""Measurements in, points out, by bands a head of sales wrote down; every point lost names its rule and its moment."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from callqa.checks import PASS, Check, judged, known_measure, read_check
from callqa.config import convert, placed, read_toml
from callqa.errors import ConfigError
from callqa.types import (
    Block,
    Call,
    Evidence,
    Measure,
    Measurement,
    PointsLost,
    Scorecard,
    Seconds,
    Side,
    Span,
    Trust,
    covered,
)

Band = tuple[float, float, float, float]
BLOCKS = ("balance", "listening", "discovery", "structure", "objections", "delivery", "compliance")
TRUST_ORDER: tuple[Trust, ...] = ("low", "medium", "high")
QUOTE_LENGTH = 160
GAMING = "gaming."  # measures of what was said for the score alone: a flag where there is any
WRONG_NUMBER = "tracker.wrong_number"  # its hits are where somebody says so


@dataclass(frozen=True, slots=True)
class Rule:
    """One line of a scorecard: a measure, its weight, its bands. ``bands`` by call type go before ``band``."""

    name: str
    block: str
    measure: str
    weight: float
    band: Band
    bands: Mapping[str, Band] = field(default_factory=dict)
    advice: str = ""

    def band_for(self, call_type: str) -> Band:
        return self.bands.get(call_type, self.band)


@dataclass(frozen=True, slots=True)
class Fatal:
    """A criterion that caps the score: the measure went ``above`` or ``below`` a bound."""

    name: str
    measure: str
    cap: float
    above: float = math.inf
    below: float = -math.inf


@dataclass(frozen=True, slots=True)
class Eligibility:
    """What makes a recording a conversation that can be scored.

    Where somebody says that the number is wrong (``WRONG_NUMBER``) and no more speech than ``wrong_number_seconds``
    follows, it is none.
    """

    min_seconds: Seconds = 30.0
    min_side_seconds: Seconds = 4.0
    wrong_number_seconds: Seconds = 10.0


@dataclass(frozen=True, slots=True)
class Card:
    """A scorecard file: what a good call is for one team. ``rules`` hold those that its checks make."""

    name: str
    version: str
    default_call_type: str
    rules: tuple[Rule, ...]
    coverage_gate: float = 0.6
    eligibility: Eligibility = field(default_factory=Eligibility)
    fatal: tuple[Fatal, ...] = ()
    checks: tuple[Check, ...] = ()


def load_card(path: Path, measures: Mapping[str, Measure] | None = None) -> Card:
    """A scorecard from TOML, checked: known keys, blocks and measures, bands in order; an error names the line.

    ``measures`` are those that analysers can give; None leaves them unchecked.
    """
    try:
        return _checked(str(path), convert(str(path), "scorecard", read_toml(path), Card), measures)
    except ConfigError as error:
        raise placed(error, path) from error


def _checked(path: str, card: Card, measures: Mapping[str, Measure] | None) -> Card:
    checks = tuple(read_check(path, f"checks[{i}] {c.name}", c, measures) for i, c in enumerate(card.checks))
    known = None if measures is None else (*measures, *(check.measure_name for check in checks))
    for i, rule in enumerate(card.rules):
        _check_rule(path, f"rules[{i}] {rule.name}", rule, known)
    for i, check in enumerate(checks):
        if check.weight:
            _check_rule(path, f"checks[{i}] {check.name}", _rule(check), None)
    for i, fatal in enumerate(card.fatal):
        known_measure(path, f"fatal[{i}] {fatal.name}.measure", fatal.measure, known)
    rules = (*card.rules, *(_rule(check) for check in checks if check.weight))
    named = [(f"rules[{i}]", rule.name) for i, rule in enumerate(card.rules)]
    named += [(f"checks[{i}]", check.name) for i, check in enumerate(checks)]
    named += [(f"fatal[{i}]", fatal.name) for i, fatal in enumerate(card.fatal)]
    for n, (key, name) in enumerate(named):
        if any(name == before for _, before in named[:n]):
            raise ConfigError(path, f"{key} {name}.name", "taken; a point lost must name one rule")
    return dataclasses.replace(card, rules=rules, checks=checks)


def _rule(check: Check) -> Rule:
    band = PASS if check.band is None else check.band
    return Rule(check.name, check.block, check.measure_name, check.weight, band, check.bands, check.advice)


def points(value: float, band: Band) -> float:
    """0 to 100 by a trapezoid: 0 up to a, 100 from b to c, 0 from d on.

    >>> [points(v, (0.1, 0.3, 0.5, 0.9)) for v in (0.1, 0.2, 0.3, 0.5, 0.7, 1.0)]
    [0.0, 50.0, 100.0, 100.0, 50.0, 0.0]
    """
    a, b, c, d = band
    if b <= value <= c:
        return 100.0
    if value <= a or value >= d:
        return 0.0
    share = (value - a) / (b - a) if value < b else (d - value) / (d - c)
    return round(100.0 * share, 9)


def score(call: Call, measured: Mapping[str, Measurement], card: Card, lists: str = "", engine: str = "") -> Scorecard:
    """The negotiation-quality score of one call (DEFINITIONS.md, section 2).

    ``lists`` and ``engine`` name the versions of the word lists and of callqa; they become part of the version.
    """
    call_type = call.metadata.call_type or card.default_call_type
    version = "+".join(
        part for part in (card.version, lists and f"lists.{lists}", engine and f"callqa.{engine}") if part
    )
    # a caller who shows the checks has judged them already
    measured = {**judged(call, measured, [c for c in card.checks if c.measure_name not in measured]), **measured}
    counted = [(r, m) for r in card.rules if (m := measured.get(r.measure)) is not None and m.value is not None]
    whole = sum(rule.weight for rule in card.rules)
    weight = sum(rule.weight for rule, _ in counted)
    coverage = round(weight / whole, 4) if whole else 0.0
    reason = ineligible(call, card.eligibility, measured)
    result = Scorecard(
        version=version,
        name=card.name,
        call_type=call_type,
        score=None,
        coverage=coverage,
        trust=_trust(call, [m for _, m in counted]),
        eligible=reason is None,
        reason=reason,
        blocks={} if reason else _blocks(card, counted, call_type),
        points_lost=(),
        flags=(),
    )
    if reason:
        return result
    if coverage < card.coverage_gate - 1e-9 or not weight:
        return _replaced(result, reason="not_enough_evidence")
    return _with_points(result, call, card, counted, measured, weight)


def ineligible(call: Call, rules: Eligibility, measured: Mapping[str, Measurement] | None = None) -> str | None:
    """Why this call cannot be scored, as a reason code; None when it can."""
    seconds: dict[Side, float] = {
        side: covered(t.span for t in call.transcript.by(side)) for side in ("rep", "customer", "ivr", "unknown")
    }
    spoken = seconds["rep"] + seconds["customer"] + seconds["unknown"]
    if spoken + seconds["ivr"] == 0:
        return "no_speech"
    if spoken < rules.min_side_seconds and seconds["ivr"] > 0:
        return "ivr_only"
    if seconds["customer"] < rules.min_side_seconds and seconds["ivr"] > 0 and seconds["unknown"] == 0:
        return "voicemail"
    turns = [t for t in call.transcript.turns if t.side != "ivr"]
    if (wrong := (measured or {}).get(WRONG_NUMBER)) and wrong.evidence:
        said = wrong.evidence[0].end
        if covered(Span(max(t.start, said), t.end) for t in turns if t.end > said) <= rules.wrong_number_seconds:
            return "wrong_number"
    if max(t.end for t in turns) - min(t.start for t in turns) < rules.min_seconds:
        return "too_short"
    if seconds["unknown"] > 0.5 * spoken:
        return None  # sides are not known: coverage decides
    quiet = [side for side in ("rep", "customer") if seconds[side] < rules.min_side_seconds]
    return f"{quiet[0]}_silent" if quiet else None


def _with_points(
    result: Scorecard,
    call: Call,
    card: Card,
    counted: Sequence[tuple[Rule, Measurement]],
    measured: Mapping[str, Measurement],
    weight: float,
) -> Scorecard:
    exact = [
        (_lost(call, rule, m, result.call_type), rule.weight * (100 - _rule_points(rule, m, result.call_type)) / weight)
        for rule, m in counted
    ]
    total = 100 - sum(cost for _, cost in exact)
    caps = [(fatal, m) for fatal in card.fatal if (m := measured.get(fatal.measure)) and _hit(fatal, m)]
    for fatal, m in sorted(caps, key=lambda pair: pair[0].cap):
        if fatal.cap < total:
            exact.append((_capped(call, fatal, m), total - fatal.cap))
            total = fatal.cap
    rounded = _hundredths([cost for _, cost in exact], 100 - total)
    lost = [
        PointsLost(p.rule, p.measure, p.value, p.band, cents / 100, p.quote, p.start, p.end)
        for (p, _), cents in zip(exact, rounded, strict=True)
        if cents > 0
    ]
    lost.sort(key=lambda p: (-p.points, p.rule))
    cents = 10_000 - sum(rounded)
    gamed = (name for name, m in measured.items() if name.startswith(GAMING) and m.value)
    flags = (*sorted(fatal.name for fatal, _ in caps), *sorted(gamed))
    return _replaced(result, score=cents / 100, points_lost=tuple(lost), flags=flags)


def _replaced(card: Scorecard, **changes: object) -> Scorecard:
    return dataclasses.replace(card, **changes)  # type: ignore[arg-type]


def _hundredths(costs: Sequence[float], total: float) -> list[int]:
    """Whole hundredths of a point that sum to the rounded total: largest remainders get what rounding left over.

    >>> _hundredths([1.006, 1.006, 1.006], 3.018)
    [101, 101, 100]
    """
    goal = round(total * 100)
    floors = [math.floor(round(cost * 100, 6)) for cost in costs]
    by_remainder = sorted(range(len(costs)), key=lambda i: (floors[i] - round(costs[i] * 100, 6), i))
    for i in by_remainder[: goal - sum(floors)]:
        floors[i] += 1
    return floors


def _rule_points(rule: Rule, measurement: Measurement, call_type: str) -> float:
    assert measurement.value is not None
    return points(measurement.value, rule.band_for(call_type))


def _lost(call: Call, rule: Rule, m: Measurement, call_type: str) -> PointsLost:
    first = m.evidence[0] if m.evidence else None
    return PointsLost(
        rule=rule.name,
        measure=rule.measure,
        value=m.value or 0.0,
        band=rule.band_for(call_type),
        points=0.0,
        quote=quote(call, first) if first else "",
        start=first.start if first else None,
        end=first.end if first else None,
    )


def _capped(call: Call, fatal: Fatal, m: Measurement) -> PointsLost:
    first = m.evidence[0] if m.evidence else None
    above = fatal.above if fatal.above < math.inf else None
    below = fatal.below if fatal.below > -math.inf else None
    return PointsLost(
        rule=fatal.name,
        measure=fatal.measure,
        value=m.value or 0.0,
        band=(below, below, above, above),
        points=0.0,
        quote=quote(call, first) if first else "",
        start=first.start if first else None,
        end=first.end if first else None,
    )


def quote(call: Call, evidence: Evidence) -> str:
    """The words said in that moment, cut to a readable length."""
    if evidence.start == evidence.end:
        return ""  # a point in time stands for what was not said: a step left out
    words = [
        word.text
        for turn in call.transcript.turns
        for word in turn.words
        if evidence.start - 0.05 <= (word.start + word.end) / 2 <= evidence.end + 0.05
    ]
    text = " ".join(words)
    return text if len(text) <= QUOTE_LENGTH else text[:QUOTE_LENGTH].rsplit(" ", 1)[0] + " …"


def _hit(fatal: Fatal, m: Measurement) -> bool:
    return m.value is not None and (m.value > fatal.above or m.value < fatal.below)


def _blocks(card: Card, counted: Sequence[tuple[Rule, Measurement]], call_type: str) -> dict[str, Block]:
    whole = sum(rule.weight for rule in card.rules)
    result: dict[str, Block] = {}
    for name in BLOCKS:
        rules = [rule for rule in card.rules if rule.block == name]
        if not rules:
            continue
        mine = [(rule, m) for rule, m in counted if rule.block == name]
        weight = sum(rule.weight for rule, _ in mine)
        got = sum(rule.weight * _rule_points(rule, m, call_type) for rule, m in mine)
        share = sum(rule.weight for rule in rules)
        result[name] = Block(
            round(got / weight, 2) if weight else None, round(share / whole, 4), round(weight / share, 4)
        )
    return result


def _trust(call: Call, used: Sequence[Measurement]) -> Trust:
    return min([call.trust, *(m.trust for m in used if m.trust)], key=TRUST_ORDER.index)


def _check_rule(path: str, key: str, rule: Rule, measures: Sequence[str] | None) -> None:
    if rule.block not in BLOCKS:
        raise ConfigError(path, f"{key}.block", f"'{rule.block}' is no block; choose from {', '.join(BLOCKS)}")
    if rule.weight <= 0:
        raise ConfigError(path, f"{key}.weight", f"{rule.weight:g}; a weight is above 0, leave the rule out instead")
    for band in (rule.band, *rule.bands.values()):
        a, b, c, d = band
        if not (-math.inf < a < b <= c < d < math.inf):
            raise ConfigError(path, f"{key}.band", f"{list(band)}; a band is [a, b, c, d] with a < b <= c < d")
    known_measure(path, f"{key}.measure", rule.measure, measures)
