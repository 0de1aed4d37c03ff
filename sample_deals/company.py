"""The demo company's eighteen months, drawn lead by lead from a fixed seed."""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from activities import act, attempts, automatic
from funnel import deal_of
from people import (
    CALLS,
    CHANNELS,
    END,
    FAMILIES,
    MEN,
    NEW,
    REJECT_REASONS,
    REPEAT,
    REPS,
    STAGES,
    START,
    WOMEN,
    Channel,
    Rep,
)
from staff import money, staff
from world import DAY, MINUTE, Company, Row, lognormal, past, working

LEAD_COUNT = 4000
SEED = 20250930


def build(seed: int = SEED) -> dict[str, list[Row]]:
    """The whole company; the same seed gives the same rows. Nothing in it is later than END."""
    company = Company(random.Random(seed))
    staff(company)
    money(company)
    for day in _lead_days(company.rng):
        _lead(company, day)
    for told in CALLS:
        _recorded(company, *told)
    _templates(company)
    return company.tables


def _lead_days(rng: random.Random) -> list[datetime]:
    """When the leads come: growing, fewer at weekends, in January, May and August."""
    days = [START + n * DAY for n in range((END - START).days)]
    weights = [
        (0.8 + 0.4 * n / len(days))
        * (1, 1, 1, 1, 0.9, 0.35, 0.25)[day.weekday()]
        * {1: 0.7, 5: 0.8, 8: 0.85}.get(day.month, 1)
        for n, day in enumerate(days)
    ]
    drawn = rng.choices(days, weights, k=LEAD_COUNT - len(CALLS))
    hours = rng.choices(range(24), [1, 1, 1, 1, 1, 1, 2, 5, 9, *[14] * 9, 10, 8, 7, 6, 4, 2], k=len(drawn))
    return sorted(
        day + timedelta(hours=hour, minutes=rng.randrange(60)) for day, hour in zip(drawn, hours, strict=True)
    )


def _lead(company: Company, at: datetime) -> None:
    """One lead, and all that comes of it until END."""
    rng = company.rng
    channel = rng.choices(CHANNELS, [c.share for c in CHANNELS])[0]
    staff = [rep for rep in REPS if rep.works(at)]
    rep = rng.choices(staff, [0.4 + 0.6 * rep.strength(at) / rep.skill for rep in staff])[0]
    touched = None if rng.random() < 0.05 else working(at + MINUTE * round(lognormal(rng, rep.speed, 1.1)))
    customer = _customer(company, at, channel.name) if touched else None
    lead = _lead_row(company, f"L-{company.number('leads'):05}", at, channel, rep, customer, past(touched))
    if touched is None or touched >= END:
        return
    attempts(company, lead, rep, touched)
    hurry = 1.15 if touched - at <= 30 * MINUTE else 0.9
    if rng.random() < min(0.9, 0.43 * channel.quality * hurry):
        agreed = working(touched + MINUTE * round(lognormal(rng, 900, 1.2)))
        if agreed < END:
            lead |= {"sql_at": agreed, "status": "sql"}
            deal_of(company, NEW, rep, agreed, channel.name, customer, lead, channel.quality)
    elif touched + 20 * DAY < END:
        lead |= {"status": "rejected", "reject_reason": rng.choices(REJECT_REASONS, (5, 4, 1, 1, 3))[0]}
    automatic(company, rep, at, lead)


def _lead_row(
    company: Company, id: str, at: datetime, channel: Channel, rep: Rep, customer: Row | None, touched: datetime | None
) -> Row:
    return company.add(
        "leads",
        lead_id=id,
        created_at=at,
        source=channel.name,
        campaign=company.rng.choice(channel.campaigns) if channel.campaigns else None,
        pipeline=NEW,
        owner_id=rep.id,
        customer_id=customer and customer["customer_id"],
        first_touch_at=touched,
        sql_at=None,
        status="in_work" if touched else "new",
        reject_reason=None,
        deal_id=None,
    )


def _customer(company: Company, at: datetime, source: str, name: str | None = None, id: str | None = None) -> Row:
    rng, n = company.rng, company.number("customers")
    woman = rng.random() < 0.5
    drawn = f"{rng.choice(WOMEN if woman else MEN)} {rng.choice(FAMILIES)}{'а' if woman else ''}"
    return company.add(
        "customers",
        customer_id=id or f"C-{n:05}",
        source_system="demo",
        name=name or drawn,
        phone=f"+7 000 {n // 10000:03}-{n // 100 % 100:02}-{n % 100:02}",  # a code that nobody has
        email=f"client{n}@example.com",
        created_at=at,
        source=source,
    )


def _recorded(company: Company, id: str, rep_id: str, said: str, seconds: int, call_type: str, name: str) -> None:
    """The lead, the deal and the call of one recording of sample_audio; the deal may end after it, never before."""
    at = datetime.fromisoformat(said)
    rep = next(rep for rep in REPS if rep.id == rep_id)
    channel = CHANNELS[5] if call_type == "cold" else CHANNELS[2]
    came = working(at - timedelta(days=3, hours=2))
    customer = _customer(company, came, channel.name, name, f"C-{id}")
    lead = _lead_row(company, f"L-{id}", came, channel, rep, customer, came + 12 * MINUTE)
    lead |= {"sql_at": at - timedelta(hours=20), "status": "sql"}
    deal = deal_of(company, NEW, rep, at - timedelta(hours=20), channel.name, customer, lead, id=id)
    act(
        company,
        "call",
        at,
        rep,
        seconds=seconds,
        connected=id != "S-106",
        direction="inbound" if call_type == "inbound" else "outbound",
        deal=deal,
        next_step_agreed=id in ("S-101", "S-107", "S-201"),
    )


def _templates(company: Company) -> None:
    """Templates of recurring deals: a CRM exports them among the deals, and they are none."""
    for n in range(8):
        at = START + timedelta(days=30 + 60 * n, hours=10)
        rep = next(rep for rep in REPS[n % 6 :] if rep.works(at))
        company.add(
            "deals",
            **dict.fromkeys(("lead_id", "customer_id", "closed_reported_at", "final", "loss_reason"))
            | {
                "deal_id": f"T-{n + 1:03}",
                "owner_id": rep.id,
                "pipeline": REPEAT,
                "source": "Сайт",
                "title": "Шаблон: ежемесячная оплата",
                "amount": 4_500_000,
                "currency": "RUB",
                "gross_cost": 1_800_000,
                "created_at": at,
                "stage": STAGES[REPEAT][0],
                "upsell": False,
                "template": True,
            },
        )
