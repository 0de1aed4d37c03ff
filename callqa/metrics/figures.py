"""From the rows of a definition to figures: the value, what it rests on, how sure it is, or why there is none."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from callqa.metrics import sureness, survival
from callqa.metrics.grouping import Group, Rows
from callqa.metrics.registry import Definition
from callqa.metrics.settings import Period
from callqa.metrics.warehouse import Warehouse

DIMENSIONS = ("team", "rep", "source", "pipeline", "month")
SHARE_OF = {"median": 0.5, "p90": 0.9}  # which quantile
# what a definition reads that wants to know when deals ended
ENDED = re.compile(r"\b(from|join) (closed|outcomes|wins|first_wins)\b|\bwon_at\b")


@dataclass(frozen=True, slots=True)
class Figure:
    """A value in the metric's unit, or None with the reason.

    ``n``: records it rests on; ``open``: records that may still change it; ``unknown``: records left out because the
    data lack their value. ``interval``: 95 %; an upper end of None has not been reached yet.
    """

    value: float | None
    reason: str | None = None
    numerator: float | None = None
    denominator: float | None = None
    n: int = 0
    open: int = 0
    unknown: int = 0
    interval: tuple[float, float | None] | None = None
    target: float | None = None
    previous: float | None = None


@dataclass(frozen=True, slots=True)
class Cut:
    """The figure of one part: ``by`` "rep", ``key`` the rep's id (None: not known), ``name`` to be shown."""

    by: str
    key: str | None
    name: str
    figure: Figure


@dataclass(frozen=True, slots=True)
class Metric:
    """One metric in one period, whole and by parts."""

    definition: Definition
    figure: Figure
    cuts: tuple[Cut, ...] = ()


def metrics(
    warehouse: Warehouse, definitions: Iterable[Definition], period: Period, by: Sequence[str] = DIMENSIONS
) -> list[Metric]:
    """Every definition for the period, beside the period before and the targets."""
    chosen = list(definitions)
    before = {m.definition.id: m for m in _measured(warehouse, chosen, period.previous, by, sure=False)}
    names = warehouse.names()
    targets = _targets(warehouse, chosen, period)
    found = []
    for metric in _measured(warehouse, chosen, period, by):
        aims, old = targets.get(metric.definition.id, {}), before[metric.definition.id]
        past = {(cut.by, cut.key): cut.figure.value for cut in old.cuts}
        cuts = tuple(
            replace(
                cut,
                name=names.get(cut.key or "", cut.key or "—") if cut.by == "rep" else cut.key or "—",
                figure=replace(cut.figure, target=aims.get((cut.by, cut.key)), previous=past.get((cut.by, cut.key))),
            )
            for cut in metric.cuts
        )
        figure = replace(metric.figure, target=aims.get(("company", None)), previous=old.figure.value)
        found.append(Metric(metric.definition, figure, cuts))
    return found


def values(warehouse: Warehouse, definitions: Iterable[Definition], period: Period) -> dict[str, float | None]:
    """The company's figures of a period alone."""
    return {m.definition.id: m.figure.value for m in _measured(warehouse, definitions, period, (), sure=False)}


def rows(warehouse: Warehouse, definition: Definition, period: Period, most: int) -> tuple[list[str], list[Any], int]:
    """The records behind a figure: column names, the first ``most`` of them, and how many there are."""
    _prepare(warehouse, period)
    found = Rows.of(warehouse.duck, definition, warehouse.values(period))
    total = found.run(f"select count(*) from ({definition.sql})").fetchall()[0][0]
    first = found.run(f"select * from ({definition.sql}) order by moment, record, num limit {most}").fetchall()
    return list(found.columns), first, total


def _measured(
    warehouse: Warehouse, definitions: Iterable[Definition], period: Period, by: Sequence[str], sure: bool = True
) -> Iterable[Metric]:
    """Not ``sure``: values alone, means without their intervals."""
    _prepare(warehouse, period)
    undated = _undated(warehouse)
    for definition in definitions:
        if reason := _without_data(warehouse, definition, period) or (
            undated if ENDED.search(definition.sql) else None
        ):
            yield Metric(definition, Figure(None, reason))
            continue
        found = Rows.of(warehouse.duck, definition, warehouse.values(period))
        listed = definition.kind in (*SHARE_OF, "survival") or (sure and definition.kind == "mean")
        groups = found.groups((*by, *definition.cuts), listed)
        whole = groups.pop("") or [Group(lacks=next(iter(definition.needs), None))]
        cuts = [
            Cut(name, group.key, group.key or "", _figure(definition, group, warehouse, period, sure))
            for name, parts in groups.items()
            for group in parts
        ]
        cuts += [cut for name in definition.splits for cut in _split(found, name, whole[0])]
        yield Metric(definition, _figure(definition, whole[0], warehouse, period, sure), tuple(cuts))


def _prepare(warehouse: Warehouse, period: Period) -> None:
    """``closed``: the deals of the period by their first final state in it."""
    t0, t1 = (f"timestamp '{day} 00:00:00'" for day in (period.start, period.end))
    warehouse.duck.execute(
        "create or replace temp view closed as select * exclude (before_at) from outcomes "
        f"where moment >= {t0} and moment < {t1} and (before_at is null or before_at < {t0})"
    )


def _without_data(warehouse: Warehouse, definition: Definition, period: Period) -> str | None:
    """Why no figure of the period can be had at all."""
    begun = {table: warehouse.begun[table] for table in definition.tables}
    for table, (count, _) in begun.items():
        if not count:
            return f"no {table} in the store"
    if warehouse.as_of is None or warehouse.begins is None:
        return "no leads, deals or calls in the store"
    if warehouse.as_of.date() < period.start:
        return f"the data end on {warehouse.as_of.date()}"
    if warehouse.begins.date() >= period.end:
        return f"the data begin on {warehouse.begins.date()}"
    for table, (_, first) in begun.items():
        if first is not None and first.date() >= period.end:
            return f"the {table} begin on {first.date()}"
    return None


def _undated(warehouse: Warehouse) -> str | None:
    """Deals have ended, and of none is it known when: no figure of won or lost deals can be had."""
    ended = "select exists (from deal_facts where final in ('won', 'lost')) and not exists (from finals)"
    if warehouse.duck.execute(ended).fetchall()[0][0]:
        return "nobody knows when deals ended; import the stage history"
    return None


def _split(rows: Rows, name: str, whole: Group) -> Iterable[Cut]:
    """Parts of the numerator over the whole denominator."""
    query = (
        f"select {name}, sum(num), count(*) from ({rows.definition.sql}) "
        f"where num > 0 and {name} is not null group by 1 order by 1"
    )
    for key, part, n in rows.run(query).fetchall():
        interval = sureness.wilson(float(part), whole.den or 0)
        shown = None if interval is None else (_round(100 * interval[0]), _round(100 * interval[1]))
        value = _round(100 * float(part) / whole.den) if whole.den else None
        yield Cut(name, str(key), str(key), Figure(value, None, float(part), whole.den, n, 0, 0, shown))


def _figure(definition: Definition, g: Group, warehouse: Warehouse, period: Period, sure: bool) -> Figure:
    if definition.kind == "survival":
        return _survival(definition, g, warehouse, period)
    num, den = (
        value / 100 if value is not None and part in definition.money else value
        for value, part in ((g.num, "num"), (g.den, "den"))
    )
    n = {"return": g.above, "mean": g.known, "median": g.known, "p90": g.known, "total": g.known}
    bare = Figure(None, None, num, den, n.get(definition.kind, g.below), g.open, g.unknown)
    if reason := _missing(definition, g, den, warehouse, period):
        return replace(bare, reason=reason)
    assert num is not None, "told by _missing"
    assert den is not None, "told by _missing"
    cents = 100 if "num" in definition.money else 1
    if definition.kind == "share":
        # rows of unequal weight are worth fewer rows (Kish 1965); of weight 1 they are worth themselves
        worth = (g.den or 0) ** 2 / g.den2
        interval = sureness.wilson(num / den * worth, worth)
        value, scale = 100 * num / den, 100.0
    elif definition.kind in ("percent", "ratio", "return"):
        part = num - den if definition.kind == "return" else num
        value, scale, interval = part / den * (1 if definition.kind == "ratio" else 100), 1.0, None
    elif definition.kind == "total":
        value, scale, interval = num, 1.0, None
    elif definition.kind == "mean":
        value, scale = num / g.known, 1 / cents
        interval = sureness.bootstrap_mean(g.values) if sure else None
    else:
        share = SHARE_OF[definition.kind]
        value, scale = sureness.quantile(g.values, share) / cents, 1 / cents
        interval = sureness.bootstrap_quantile(g.values, share) if sure else None
    ends = None if interval is None else (_round(interval[0] * scale), _round(interval[1] * scale))
    return replace(bare, value=_round(value), interval=ends)


def _missing(definition: Definition, g: Group, den: float | None, warehouse: Warehouse, period: Period) -> str | None:
    """Why these rows give no figure."""
    if g.reason is not None:
        return g.reason
    if g.lacks is not None:
        return _told(definition.needs[g.lacks], warehouse, period)
    if definition.kind == "total":
        # nothing closed is a true 0; deals without an amount are not
        return None if g.known or not g.unknown else _told(definition.empty, warehouse, period)
    # of records that may all still turn out well nothing is known, least of all that none did
    if definition.kind == "share" and (g.pending == g.below > 0 or (not g.known and g.open == g.total > 0)):
        return "all of them are still open"
    return None if den and g.known else _told(definition.empty, warehouse, period)


def _survival(definition: Definition, g: Group, warehouse: Warehouse, period: Period) -> Figure:
    if not g.total:
        return Figure(None, _told(definition.empty, warehouse, period), 0.0, 0.0)
    value, interval = survival.median(g.values, ~g.opens)
    reason = g.reason
    if value is None and reason is None:
        reason = "fewer than half have got there" if g.known else _told(definition.empty, warehouse, period)
    still = int(g.opens.sum())
    return Figure(value, None if value is not None else reason, g.known - still, g.known, g.known, still, 0, interval)


def _targets(
    warehouse: Warehouse, definitions: Iterable[Definition], period: Period
) -> dict[str, dict[tuple[str, str | None], float]]:
    """What was aimed at, by metric and part: sums of the months for a total, else their mean; one that no rate brings
    into base money is none."""
    kinds = {d.id: d.kind for d in definitions}
    found = warehouse.duck.execute(
        "select metric, person_id, team, sum(amount) / 100.0, avg(amount) / 100.0, min(no_rate) is null "
        "from target_facts where list_contains($months, month) group by all order by all",
        {"months": list(period.months)},
    ).fetchall()
    result: dict[str, dict[tuple[str, str | None], float]] = {}
    unrated = {metric for metric, person, *_, rated in found if person and not rated}
    for metric, person, team, total, mean, rated in found:
        place = ("rep", person) if person else ("team", team) if team else ("company", None)
        if rated:
            result.setdefault(metric, {})[place] = _round(total if kinds.get(metric) == "total" else mean)
    for metric, aims in result.items():
        people = [amount for (by, _), amount in aims.items() if by == "rep"]
        if kinds.get(metric) == "total" and people and metric not in unrated:
            aims.setdefault(("company", None), _round(sum(people)))
    return result


def _told(reason: str, warehouse: Warehouse, period: Period) -> str:
    settings = warehouse.settings
    return reason.format(
        period=period.name, **{name: getattr(settings, name) for name in settings.__dataclass_fields__}
    )


def _round(value: float) -> float:
    return round(float(value), 6)
