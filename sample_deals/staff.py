"""People, costs, targets and the dollar of the demo company: what does not depend on its deals."""

from __future__ import annotations

from datetime import date

from people import CHANNELS, END, LEADS, REPS, TEAMS, Rep
from world import DAY, Company


def staff(company: Company) -> None:
    for id, name, team, hired in LEADS:
        company.add(
            "people", person_id=id, name=name, team=team, manager_id=None, role="lead", hired_at=hired, left_at=None
        )
    for rep in REPS:
        company.add(
            "people",
            person_id=rep.id,
            name=rep.name,
            team=rep.team,
            manager_id=TEAMS[rep.team],
            role="rep",
            hired_at=rep.hired,
            left_at=rep.left,
        )


def money(company: Company) -> None:
    """Costs and targets by month, the dollar by week."""
    rng = company.rng
    for month in months():
        first = month.isoformat()
        for channel in CHANNELS:
            if channel.cost:
                amount = round(channel.cost * rng.uniform(0.85, 1.15)) * 100
                _cost(company, first, "marketing", amount, channel=channel.name)
        for team in TEAMS:
            staff = sum(_employed(rep, month) for rep in REPS if rep.team == team)
            _cost(company, first, "department", (staff * 165_000 + 190_000) * 100, team=team)
        for rep in REPS:
            if _employed(rep, month):
                weeks = (month - date.fromisoformat(rep.hired)).days / 7
                amount = 550_000 if weeks >= 26 else 200_000 if weeks < 9 else 380_000
                company.add(
                    "targets",
                    target_id=f"t-{rep.id}-{first[:7]}",
                    person_id=rep.id,
                    team=rep.team,
                    month=first[:7],
                    metric="won_revenue",
                    amount=amount * 100,
                    currency="RUB",
                )
    day, dollar = date(2024, 3, 25), 92.0
    while day <= END.date():
        company.add("rates", currency="USD", day=day.isoformat(), rate=round(dollar, 4))
        day, dollar = day + 7 * DAY, min(102.0, max(78.0, dollar + rng.gauss(-0.1, 0.9)))


def _cost(
    company: Company, day: str, kind: str, amount: int, channel: str | None = None, team: str | None = None
) -> None:
    id = f"k-{company.number('costs'):04}"
    company.add("costs", cost_id=id, day=day, kind=kind, channel=channel, team=team, amount=amount, currency="RUB")


def months() -> list[date]:
    """The first days of the eighteen months."""
    return [date(2024 + (3 + n) // 12, (3 + n) % 12 + 1, 1) for n in range(18)]


def _employed(rep: Rep, month: date) -> bool:
    """On the payroll in some part of the month."""
    return rep.hired < (month + 31 * DAY).replace(day=1).isoformat() and (
        rep.left is None or rep.left >= month.isoformat()
    )
