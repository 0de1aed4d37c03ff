"""The verb about new reps, for Python: their ramp out of the store's deals and the scores of calls."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from callqa import config
from callqa.errors import UsageError
from callqa.insight import ramp
from callqa.metrics.settings import MetricSettings, read_settings
from callqa.metrics.warehouse import Warehouse
from callqa.reports import onboarding as page
from callqa.store import Store
from callqa.store.warehouse import warehouse as loaded
from callqa.types import Language, Scored


@dataclass(frozen=True, slots=True)
class Onboarding:
    """The ramps asked for, newest rep first, and the cohort of all new reps; money in hundredths of ``currency``.

    ``as_of``: the last day that the data tell of; weeks end before it.
    """

    as_of: date
    currency: str
    rules: ramp.Rules
    ramps: tuple[ramp.Ramp, ...]
    cohort: ramp.Cohort
    unpriced: int

    def document(self) -> dict[str, Any]:
        """The result as ``--json`` shows it."""
        return {
            "as_of": self.as_of.isoformat(),
            "currency": self.currency,
            "rules": asdict(self.rules),
            "cohort": asdict(self.cohort),
            "wins_without_amount": self.unpriced,
            "reps": [_rep(found) for found in self.ramps],
        }

    def encoded(self) -> bytes:
        """That document as bytes: the same store gives the same bytes."""
        return json.dumps(self.document(), ensure_ascii=False, indent=1, default=str).encode() + b"\n"

    def html(self, language: Language) -> str:
        return page.html(self.ramps, self.cohort, self.rules, self.as_of, self.currency, self.unpriced, language)


def onboarding(store: Store, base: Path, calls: Iterable[Scored] = (), rep: str | None = None) -> Onboarding:
    """The new reps of the store, or the one whose id or name is ``rep``, new or not.

    ``base``: the folder of callqa.toml, where a metrics.toml may stand. A store without people or deals, and a name
    that is nobody's, are UsageErrors.
    """
    settings = read_settings(base)
    warehouse = loaded(store, settings)
    if warehouse.as_of is None:
        raise UsageError("no deals in the store; `callqa crm import` brings them")
    reps = _reps(warehouse)
    if not reps:
        raise UsageError("nobody in the store has a date of hire; `callqa crm import people.csv --source plain`")
    rules = ramp.Rules(tenured_days=settings.tenured_days, newcomer_days=settings.newcomer_days)
    scores = [_score(call, reps, settings) for call in calls]
    team = ramp.Team.of(reps, _wins(warehouse), [score for score in scores if score], warehouse.as_of.date(), rules)
    new = [ramp.ramp(team, who) for who in team.newcomers()]
    chosen = new if rep is None else [ramp.ramp(team, _named(reps, rep))]
    return Onboarding(team.today, warehouse.currency, rules, tuple(chosen), ramp.cohort(new), team.unpriced)


def _reps(warehouse: Warehouse) -> list[ramp.Rep]:
    names = warehouse.names()
    rows = warehouse.duck.execute(
        "select rep, team, hired_at::date, left_at::date from reps where hired_at is not null order by rep"
    ).fetchall()
    return [ramp.Rep(id, names.get(id, id), team, hired, left) for id, team, hired, left in rows]


def _wins(warehouse: Warehouse) -> list[ramp.Win]:
    query = "select rep, moment, money from wins where rep is not null order by rep, moment, deal_id"
    return [ramp.Win(*row) for row in warehouse.duck.execute(query).fetchall()]


def _score(scored: Scored, reps: Sequence[ramp.Rep], settings: MetricSettings) -> ramp.CallScore | None:
    """A call as the ramp sees it; None: no score, no date, or the rep is nobody of the store."""
    card, told = scored.scorecard, scored.call.metadata
    who = next((r.id for r in reps if r.id == told.rep_id), None) or next(
        (r.id for r in reps if told.rep_id is None and r.name == told.rep_name), None
    )
    if card.score is None or told.started_at is None or who is None:
        return None
    at = datetime.fromisoformat(told.started_at)
    local = at.astimezone(ZoneInfo(settings.timezone)).replace(tzinfo=None) if at.tzinfo else at
    blocks = {name: block.score for name, block in card.blocks.items()}
    return ramp.CallScore(
        scored.call.recording.id, who, local, card.score, blocks, Path(scored.call.recording.path).name
    )


def _named(reps: Sequence[ramp.Rep], asked: str) -> ramp.Rep:
    """The rep of that id, name or part of a name."""
    wanted = asked.casefold()
    exact = [rep for rep in reps if wanted in (rep.id.casefold(), rep.name.casefold())]
    found = exact or [rep for rep in reps if wanted in rep.name.casefold()]
    if len(found) == 1:
        return found[0]
    if found:
        raise UsageError(f"'{asked}' is more than one rep: {', '.join(f'{r.name} ({r.id})' for r in found)}")
    raise UsageError(f"no rep '{asked}' with a date of hire{config.nearest(asked, [r.name for r in reps])}")


def _rep(found: ramp.Ramp) -> dict[str, Any]:
    """One rep's part of the document; a week carries its share of the tenured median beside both."""
    return {
        **asdict(found),
        "weeks": [{**asdict(week), "holds": week.holds} for week in found.weeks],
    }
