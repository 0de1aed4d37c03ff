"""How fast a new rep comes up to the tenured: weeks since the hire, deals and call scores against their band.

All times are the company's own (local, without a zone), money is whole hundredths of its base currency. A week and a
window of four weeks are counted from the day of the hire, so that reps hired at different times can be compared.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import Literal

State = Literal["ramped", "on_the_way", "left", "too_early"]
WEEK = timedelta(days=7)
MAX_WEEKS = 104  # later weeks are no onboarding


@dataclass(frozen=True, slots=True)
class Rules:
    """What counts as new, tenured and there. ``min_calls``: a mean of fewer calls is not compared."""

    tenured_days: int = 180
    newcomer_days: int = 365
    share: float = 0.8
    window_weeks: int = 4
    held: int = 2
    min_calls: int = 3


@dataclass(frozen=True, slots=True)
class Rep:
    """A seller; ``left`` is the day from which the rep is gone."""

    id: str
    name: str
    team: str | None
    hired: date
    left: date | None = None


@dataclass(frozen=True, slots=True)
class Win:
    """A deal won; ``amount`` None: the CRM did not say, or there is no rate for its currency."""

    rep: str
    at: datetime
    amount: int | None


@dataclass(frozen=True, slots=True)
class CallScore:
    """A call that could be scored. ``blocks``: 0-100 or None by block; ``file``: the recording's name."""

    id: str
    rep: str
    at: datetime
    score: float | None
    blocks: Mapping[str, float | None] = field(default_factory=dict)
    file: str = ""


@dataclass(frozen=True, slots=True)
class Band:
    """The tenured over the same days: quartiles of their figures, and how many they are."""

    low: float
    median: float
    high: float
    n: int


@dataclass(frozen=True, slots=True)
class Week:
    """One whole week since the hire, ``number`` from 1. Bands None: nobody tenured has the figure.

    ``rolling`` and ``rolling_band``: the won amount of the window of weeks that ends with this one (hundredths), None
    before the first whole window.
    """

    number: int
    start: date
    won_amount: int
    won_count: int
    amount_band: Band | None
    count_band: Band | None
    rolling: int | None
    rolling_band: Band | None
    calls: int
    score: float | None
    score_band: Band | None
    blocks: Mapping[str, float]

    @property
    def holds(self) -> float | None:
        """The window's amount as a share of the tenured median; None where there is none to hold."""
        if self.rolling is None or self.rolling_band is None or self.rolling_band.median <= 0:
            return None
        return self.rolling / self.rolling_band.median


@dataclass(frozen=True, slots=True)
class Lag:
    """The block furthest under the tenured in the last window, and calls that show it, the weakest first."""

    block: str
    value: float
    tenured: float
    calls: tuple[CallScore, ...]


@dataclass(frozen=True, slots=True)
class Ramp:
    """One rep's way. Days are counted from the hire; None: not yet, or not before the rep left (``state`` says).

    ``seen_days``: how long the rep could be watched. ``lag_reason``: why no block is named, a code.
    """

    rep: Rep
    state: State
    seen_days: int
    weeks: tuple[Week, ...]
    ramped_days: int | None
    first_win_days: int | None
    score_days: int | None
    lag: Lag | None
    lag_reason: str | None


@dataclass(frozen=True, slots=True)
class Cohort:
    """Medians over the new reps with those not there yet, leavers among them, censored (Kaplan and Meier)."""

    n: int
    ramped: int
    left: int
    ramped_days: float | None
    first_win_days: float | None


@dataclass(frozen=True, slots=True)
class Team:
    """What all questions are asked of."""

    reps: Sequence[Rep]
    wins: Mapping[str, Sequence[Win]]
    calls: Mapping[str, Sequence[CallScore]]
    today: date
    rules: Rules

    @classmethod
    def of(
        cls,
        reps: Iterable[Rep],
        wins: Iterable[Win],
        calls: Iterable[CallScore],
        today: date,
        rules: Rules | None = None,
    ) -> Team:
        """Rows in any order; what nobody among ``reps`` did is left out."""
        known = sorted(reps, key=lambda rep: rep.id)
        by_rep: dict[str, list[Win]] = {rep.id: [] for rep in known}
        heard: dict[str, list[CallScore]] = {rep.id: [] for rep in known}
        for win in wins:
            by_rep.get(win.rep, []).append(win)
        for call in calls:
            heard.get(call.rep, []).append(call)
        return cls(known, by_rep, heard, today, rules or Rules())

    @property
    def unpriced(self) -> int:
        """Wins that count as won and bring no money here, because their amount is not known."""
        return sum(win.amount is None for wins in self.wins.values() for win in wins)

    def newcomers(self) -> list[Rep]:
        """Those hired within ``newcomer_days`` of today, the newest first."""
        since = self.today - timedelta(days=self.rules.newcomer_days)
        return sorted(
            (r for r in self.reps if since <= r.hired < self.today), key=lambda r: (r.hired, r.id), reverse=True
        )

    def tenured(self, start: date, end: date, but: Rep) -> list[Rep]:
        """Those who were tenured when the days began and still there when they ended."""
        hired_by = start - timedelta(days=self.rules.tenured_days)
        return [r for r in self.reps if r is not but and r.hired <= hired_by and (r.left is None or r.left >= end)]

    def won(self, rep: Rep, start: date, end: date) -> list[Win]:
        return [win for win in self.wins[rep.id] if start <= win.at.date() < end]

    def heard(self, rep: Rep, start: date, end: date) -> list[CallScore]:
        return [call for call in self.calls[rep.id] if start <= call.at.date() < end]


def ramp(team: Team, rep: Rep) -> Ramp:
    """One rep's way from the hire to today, or to the day the rep left."""
    until = min(rep.left or team.today, team.today)
    weeks = tuple(_weeks(team, rep, until))
    ramped = _ramped(team.rules, weeks)
    first = min((w.at for w in team.wins[rep.id] if rep.hired <= w.at.date() < until), default=None)
    lag = _lag(team, rep, until)
    return Ramp(
        rep=rep,
        state=_state(team, rep, weeks, ramped),
        seen_days=max(0, (until - rep.hired).days),
        weeks=weeks,
        ramped_days=ramped,
        first_win_days=(first - datetime.combine(rep.hired, time())).days if first else None,
        score_days=_score_days(team, rep, len(weeks)),
        lag=lag if isinstance(lag, Lag) else None,
        lag_reason=None if isinstance(lag, Lag) else lag,
    )


def cohort(ramps: Sequence[Ramp]) -> Cohort:
    """All new reps as one: half of them are there after that many days."""

    def typical(days: Sequence[int | None]) -> float | None:
        return median_time([(r.seen_days if d is None else d, d is not None) for r, d in zip(ramps, days, strict=True)])

    return Cohort(
        n=len(ramps),
        ramped=sum(r.ramped_days is not None for r in ramps),
        left=sum(r.rep.left is not None for r in ramps),
        ramped_days=typical([r.ramped_days for r in ramps]),
        first_win_days=typical([r.first_win_days for r in ramps]),
    )


def median_time(times: Iterable[tuple[float, bool]]) -> float | None:
    """The time by which half have got there; (time, False) was watched so long and had not. None: half never did.

    >>> median_time([(10, True), (20, False), (30, True)])
    30
    >>> median_time([(10, True), (20, False), (30, False)]) is None
    True
    """
    left, alive = sorted(times, key=lambda t: (t[0], not t[1])), 1.0
    for n, (at, there) in enumerate(left):
        if there:
            alive *= 1 - 1 / (len(left) - n)
            if alive <= 0.5 + 1e-12:
                return at
    return None


def _weeks(team: Team, rep: Rep, until: date) -> Iterable[Week]:
    for number in range(1, MAX_WEEKS + 1):
        start = rep.hired + WEEK * (number - 1)
        if start + WEEK > until:
            return
        yield _week(team, rep, number, start)


def _week(team: Team, rep: Rep, number: int, start: date) -> Week:
    end = start + WEEK
    others, span = team.tenured(start, end, rep), team.rules.window_weeks
    opened = end - WEEK * span
    heard = team.heard(rep, start, end)
    rolling = _amount(team.won(rep, opened, end)) if number >= span else None
    return Week(
        number=number,
        start=start,
        won_amount=_amount(team.won(rep, start, end)),
        won_count=len(team.won(rep, start, end)),
        amount_band=_band([_amount(team.won(r, start, end)) for r in others]),
        count_band=_band([len(team.won(r, start, end)) for r in others]),
        rolling=rolling,
        rolling_band=None
        if rolling is None
        else _band([_amount(team.won(r, opened, end)) for r in team.tenured(opened, end, rep)]),
        calls=len(heard),
        score=_mean([call.score for call in heard]),
        score_band=_band(_known(_mean([c.score for c in team.heard(r, start, end)]) for r in others)),
        blocks=_blocks(heard),
    )


def _ramped(rules: Rules, weeks: Sequence[Week]) -> int | None:
    """Days until the end of the first of the windows in a row that hold the share."""
    held = 0
    for week in weeks:
        held = held + 1 if week.holds is not None and week.holds >= rules.share else 0
        if held == rules.held:
            return 7 * (week.number - rules.held + 1)
    return None


def _state(team: Team, rep: Rep, weeks: Sequence[Week], ramped: int | None) -> State:
    if ramped is not None:
        return "ramped"
    if rep.left is not None and rep.left <= team.today:
        return "left"
    return "on_the_way" if len(weeks) >= team.rules.window_weeks + team.rules.held - 1 else "too_early"


def _score_days(team: Team, rep: Rep, weeks: int) -> int | None:
    """Days until the mean score of a window reached the tenured middle half; windows with too few calls are passed."""
    least = team.rules.min_calls
    for number in range(team.rules.window_weeks, weeks + 1):
        end = rep.hired + WEEK * number
        start = end - WEEK * team.rules.window_weeks
        mine = _scores(team.heard(rep, start, end))
        others = [_scores(team.heard(r, start, end)) for r in team.tenured(start, end, rep)]
        band = _band([_mean(scores) or 0.0 for scores in others if len(scores) >= least])
        if len(mine) >= least and band and sum(mine) / len(mine) >= band.low:
            return 7 * number
    return None


def _lag(team: Team, rep: Rep, until: date) -> Lag | str:
    """The block furthest under the tenured median in the last window, the day it ends on too, or why there is none."""
    start, until = max(rep.hired, until - WEEK * team.rules.window_weeks), until + timedelta(days=1)
    heard = team.heard(rep, start, until)
    mine = _blocks(heard)
    if not mine:
        return "no_scored_calls"
    others = [_blocks(team.heard(r, start, until)) for r in team.tenured(start, until, rep)]
    tenured = {b: median(known) for b in mine if (known := [o[b] for o in others if b in o])}
    if not tenured:
        return "no_tenured_calls"
    block = min(tenured, key=lambda b: (mine[b] - tenured[b], b))
    if mine[block] >= tenured[block]:
        return "no_block_lags"
    shown = sorted(
        (call for call in heard if call.blocks.get(block) is not None), key=lambda c: (c.blocks[block], c.id)
    )
    return Lag(block, mine[block], tenured[block], tuple(shown[:3]))


def _amount(wins: Iterable[Win]) -> int:
    # those without an amount are counted by Team.unpriced
    return sum(win.amount or 0 for win in wins)


def _scores(calls: Iterable[CallScore]) -> list[float]:
    return _known(call.score for call in calls)


def _known(values: Iterable[float | None]) -> list[float]:
    return [value for value in values if value is not None]


def _mean(values: Iterable[float | None]) -> float | None:
    known = _known(values)
    return sum(known) / len(known) if known else None


def _blocks(calls: Sequence[CallScore]) -> dict[str, float]:
    """The mean of every block that some call has, in the order of the blocks' names."""
    names = sorted({name for call in calls for name in call.blocks})
    means = {name: _mean(call.blocks.get(name) for call in calls) for name in names}
    return {name: mean for name, mean in means.items() if mean is not None}


def _band(values: Sequence[float]) -> Band | None:
    """Quartiles by linear interpolation; None of nobody.

    >>> _band([1, 2, 3, 4])
    Band(low=1.75, median=2.5, high=3.25, n=4)
    """
    if not values:
        return None
    ordered = sorted(values)

    def quantile(share: float) -> float:
        place = share * (len(ordered) - 1)
        low = int(place)
        high = min(low + 1, len(ordered) - 1)
        return ordered[low] + (ordered[high] - ordered[low]) * (place - low)

    return Band(quantile(0.25), quantile(0.5), quantile(0.75), len(ordered))
