"""From the rows of a definition to figures: the value, what it rests on, how sure it is, or why there is none."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from callqa.errors import ConfigError
from callqa.metrics import sureness, survival
from callqa.metrics.registry import REQUIRED, Definition
from callqa.metrics.settings import Period
from callqa.metrics.warehouse import Warehouse

DIMENSIONS = ("team", "rep", "source", "pipeline", "month")
SHARE_OF = {"median": 0.5, "p90": 0.9}  # which quantile
LISTED = ("mean", "median", "p90")  # kinds whose interval needs the values

# when the rows of a table begin, where that says since when they were kept
FIRST = {
    "people": "null::timestamp",
    "leads": "created_at",
    "deals": "created_at",
    "stage_history": "entered_at",
    "activities": "moment",
}
COUNTS = ("known", "below", "above", "open", "unknown", "num", "den")
NO_ROWS: Mapping[str, Any] = {**dict.fromkeys(COUNTS, 0), "reason": None, "parts": ()}


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
    found = []
    for metric in _measured(warehouse, chosen, period, by):
        targets = _targets(warehouse, metric.definition, period)
        old = before[metric.definition.id]
        past = {(cut.by, cut.key): cut.figure.value for cut in old.cuts}
        cuts = tuple(
            replace(
                cut,
                name=names.get(cut.key or "", cut.key or "—") if cut.by == "rep" else cut.key or "—",
                figure=replace(cut.figure, target=targets.get((cut.by, cut.key)), previous=past.get((cut.by, cut.key))),
            )
            for cut in metric.cuts
        )
        figure = replace(metric.figure, target=targets.get(("company", None)), previous=old.figure.value)
        found.append(Metric(metric.definition, figure, cuts))
    return found


def values(warehouse: Warehouse, definitions: Iterable[Definition], period: Period) -> dict[str, float | None]:
    """The company's figures of a period alone."""
    return {m.definition.id: m.figure.value for m in _measured(warehouse, definitions, period, (), sure=False)}


def rows(warehouse: Warehouse, definition: Definition, period: Period, most: int) -> tuple[list[str], list[Any], int]:
    """The records behind a figure: column names, the first ``most`` of them, and how many there are."""
    _prepare(warehouse, period)
    columns = _take(warehouse, definition, period)
    total = warehouse.duck.execute("select count(*) from figure").fetchall()[0][0]
    order = "order by moment, record, num"
    return columns, warehouse.duck.execute(f"select * from figure {order} limit {most}").fetchall(), total


def _measured(
    warehouse: Warehouse, definitions: Iterable[Definition], period: Period, by: Sequence[str], sure: bool = True
) -> Iterable[Metric]:
    """Not ``sure``: values alone, means and quantiles without their intervals."""
    _prepare(warehouse, period)
    for definition in definitions:
        if reason := _without_data(warehouse, definition, period):
            yield Metric(definition, Figure(None, reason))
            continue
        _take(warehouse, definition, period)
        whole = _figures(warehouse, definition, period, "null", sure)
        figure = whole[0][1] if whole else _figure(definition, NO_ROWS, warehouse, period)
        yield Metric(definition, figure, tuple(_cuts(warehouse, definition, period, by, sure)))


def _prepare(warehouse: Warehouse, period: Period) -> None:
    """``closed``: the deals of the period by their first final state in it."""
    values = {name: value for name, value in warehouse.values(period).items() if name in ("t0", "t1")}
    warehouse.duck.execute(
        "create or replace temp table closed as select * from outcomes where moment >= $t0 and moment < $t1 "
        "qualify row_number() over (partition by deal_id order by moment, outcome) = 1",
        values,
    )


def _take(warehouse: Warehouse, definition: Definition, period: Period) -> list[str]:
    """``figure``: the rows of the definition; their columns. A query that cannot run is a ConfigError."""
    import duckdb

    asked = set(re.findall(r"\$(\w+)", definition.sql))
    values = {name: value for name, value in warehouse.values(period).items() if name in asked}
    try:
        warehouse.duck.execute(f"create or replace temp table figure as {definition.sql}", values)
    except duckdb.Error as error:
        raise ConfigError(definition.path, "query", str(error).strip().splitlines()[0]) from error
    columns = [row[0] for row in warehouse.duck.execute("describe figure").fetchall()]
    if missing := [name for name in (*REQUIRED, *definition.cuts, *definition.splits) if name not in columns]:
        raise ConfigError(definition.path, "query", f"gives no column {', '.join(missing)}")
    for name in ("part", "reason"):
        if name not in columns:
            warehouse.duck.execute(f"alter table figure add column {name} varchar")
    return columns


def _without_data(warehouse: Warehouse, definition: Definition, period: Period) -> str | None:
    """Why no figure of the period can be had at all."""
    begun = {
        t: warehouse.duck.execute(f"select count(*), min({FIRST[t]}) from {t}").fetchall() for t in definition.tables
    }
    for table, [(count, _)] in begun.items():
        if not count:
            return f"no {table} in the store"
    if warehouse.as_of is None or warehouse.begins is None:
        return "no leads, deals or calls in the store"
    if warehouse.as_of.date() < period.start:
        return f"the data end on {warehouse.as_of.date()}"
    if warehouse.begins.date() >= period.end:
        return f"the data begin on {warehouse.begins.date()}"
    for table, [(_, first)] in begun.items():
        if first is not None and first.date() >= period.end:
            return f"the {table} begin on {first.date()}"
    return None


def _cuts(warehouse: Warehouse, definition: Definition, period: Period, by: Sequence[str], sure: bool) -> Iterable[Cut]:
    for name in by:
        column = "strftime(moment, '%Y-%m')" if name == "month" else name
        for key, figure in _figures(warehouse, definition, period, column, sure):
            yield Cut(name, key, key or "", figure)
    for name in definition.cuts:
        for key, figure in _figures(warehouse, definition, period, name, sure):
            yield Cut(name, key, key or "", figure)
    for name in definition.splits:
        yield from _split(warehouse, definition, name)


def _split(warehouse: Warehouse, definition: Definition, name: str) -> Iterable[Cut]:
    """Parts of the numerator over the whole denominator."""
    whole = warehouse.duck.execute("select sum(den) filter (num is not null) from figure").fetchall()[0][0]
    query = f"select {name}, sum(num), count(*) from figure where num > 0 and {name} is not null group by 1 order by 1"
    for key, part, n in warehouse.duck.execute(query).fetchall():
        interval = sureness.wilson(float(part), float(whole))
        shown = None if interval is None else (_round(100 * interval[0]), _round(100 * interval[1]))
        value = _round(100 * float(part) / float(whole))
        yield Cut(name, str(key), str(key), Figure(value, None, float(part), float(whole), n, 0, 0, shown))


def _figures(
    warehouse: Warehouse, definition: Definition, period: Period, column: str, sure: bool
) -> list[tuple[str | None, Figure]]:
    """The figure of every value of a column ("null": of all rows), by value."""
    if definition.kind == "survival":
        return _survivals(warehouse, definition, period, column)
    share = SHARE_OF.get(definition.kind, 0.5)
    listed = sure and definition.kind in LISTED
    few = sureness.MANY if definition.kind == "mean" else sureness.MANY_FOR_QUANTILES
    middle = f"quantile_cont(num::double, {share})" if definition.kind in SHARE_OF else "null"
    half = f"{sureness.Z!r} * sqrt(known * {share * (1 - share)!r})"
    cursor = warehouse.duck.execute(
        f"""with grouped as (
            select {column}::varchar as key, min(reason) as reason, list(distinct part) as parts,
                sum(num::decimal(38, 6)) as num, sum(den::decimal(38, 6)) filter (num is not null) as den,
                sum(den::double * den) filter (num is not null) as den2, count(num) as known,
                count(*) filter (den > 0 and num is not null) as below,
                count(*) filter (part is distinct from 'cost' and num is not null) as above,
                count(*) filter (open) as open, count(*) filter (num is null and not open) as unknown,
                {middle} as middle, stddev_samp(num::double) as spread,
                {"list_sort(list(num::double) filter (num is not null))" if listed else "null::double[]"} as l
            from figure group by 1
        )
        select * exclude (l), case when known <= {few} then l end as few,
            l[greatest(1, floor(known * {share} - {half})::bigint + 1)] as low,
            l[least(known, ceil(known * {share} + {half})::bigint + 1)] as high
        from grouped order by key nulls first"""
    )
    names = [field[0] for field in cursor.description or ()]
    groups = [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
    return [(group["key"], _figure(definition, group, warehouse, period)) for group in groups]


def _figure(definition: Definition, g: Mapping[str, Any], warehouse: Warehouse, period: Period) -> Figure:
    num, den = (None if g[part] is None else float(g[part]) for part in ("num", "den"))
    num, den = (v / 100 if v is not None and p in definition.money else v for v, p in ((num, "num"), (den, "den")))
    n = {"return": g["above"], "mean": g["known"], "median": g["known"], "p90": g["known"], "total": g["known"]}
    bare = Figure(None, None, num, den, n.get(definition.kind, g["below"]), g["open"], g["unknown"])
    if reason := _missing(definition, g, den, warehouse, period):
        return replace(bare, reason=reason)
    assert num is not None, "told by _missing"
    assert den is not None, "told by _missing"
    cents = 100 if "num" in definition.money else 1
    if definition.kind == "share":
        # rows of unequal weight are worth fewer rows (Kish 1965); of weight 1 they are worth themselves
        worth = float(g["den"]) ** 2 / g["den2"]
        interval = sureness.wilson(num / den * worth, worth)
        value, scale = 100 * num / den, 100.0
    elif definition.kind in ("percent", "ratio", "return"):
        part = num - den if definition.kind == "return" else num
        value, scale, interval = part / den * (1 if definition.kind == "ratio" else 100), 1.0, None
    elif definition.kind == "total":
        value, scale, interval = num, 1.0, None
    else:
        value = num / g["known"] if definition.kind == "mean" else g["middle"] / cents
        scale, interval = 1 / cents, _interval(definition, g)
    ends = None if interval is None else (_round(interval[0] * scale), _round(interval[1] * scale))
    return replace(bare, value=_round(value), interval=ends)


def _interval(definition: Definition, g: Mapping[str, Any]) -> tuple[float, float] | None:
    if g["few"] is not None:
        if definition.kind == "mean":
            return sureness.bootstrap_mean(g["few"])
        return sureness.bootstrap_quantile(g["few"], SHARE_OF[definition.kind])
    if g["low"] is None:
        return None
    if definition.kind == "mean":
        half = sureness.Z * g["spread"] / math.sqrt(g["known"])
        mean = float(g["num"]) / g["known"]
        return mean - half, mean + half
    return g["low"], g["high"]


def _missing(
    definition: Definition, g: Mapping[str, Any], den: float | None, warehouse: Warehouse, period: Period
) -> str | None:
    """Why these rows give no figure."""
    if g["reason"] is not None:
        return str(g["reason"])
    for part, reason in definition.needs.items():
        if part not in (g["parts"] or ()):
            return _told(reason, warehouse, period)
    if definition.kind == "total":
        # nothing closed is a true 0; deals without an amount are not
        return None if g["known"] or not g["unknown"] else _told(definition.empty, warehouse, period)
    return None if den and g["known"] else _told(definition.empty, warehouse, period)


def _survivals(
    warehouse: Warehouse, definition: Definition, period: Period, column: str
) -> list[tuple[str | None, Figure]]:
    keys = warehouse.duck.execute(
        f"select {column}::varchar as key, min(reason) from figure group by 1 order by 1 nulls first"
    ).fetchall()
    flat = warehouse.duck.execute(
        f"select (dense_rank() over (order by {column}::varchar nulls first) - 1)::integer as k, num::double as num, "
        "open from figure where num is not null"
    ).fetchnumpy()
    found = []
    for k, (key, reason) in enumerate(keys):
        mine = flat["k"] == k
        times, still = flat["num"][mine], flat["open"][mine].astype(bool)
        value, interval = survival.median(times, ~still)
        if value is None and reason is None:
            reason = "fewer than half have got there" if len(times) else _told(definition.empty, warehouse, period)
        n, done = len(times), int((~still).sum())
        found.append((key, Figure(value, None if value is not None else reason, done, n, n, n - done, 0, interval)))
    return found


def _targets(warehouse: Warehouse, definition: Definition, period: Period) -> dict[tuple[str, str | None], float]:
    """What was aimed at, by part: sums of the months for a total, else their mean."""
    how = "sum" if definition.kind == "total" else "avg"
    found = warehouse.duck.execute(
        f"select person_id, team, {how}(amount) / 100.0 from targets "
        "where metric = $id and list_contains($months, month) group by 1, 2",
        {"id": definition.id, "months": list(period.months)},
    ).fetchall()
    result: dict[tuple[str, str | None], float] = {}
    for person, team, amount in found:
        place = ("rep", person) if person else ("team", team) if team else ("company", None)
        result[place] = _round(amount)
    people = [amount for (by, _), amount in result.items() if by == "rep"]
    if definition.kind == "total" and people:
        result.setdefault(("company", None), _round(sum(people)))
    return result


def _told(reason: str, warehouse: Warehouse, period: Period) -> str:
    settings = warehouse.settings
    return reason.format(
        period=period.name, **{name: getattr(settings, name) for name in settings.__dataclass_fields__}
    )


def _round(value: float) -> float:
    return round(float(value), 6)
