"""A deal of the demo company from its first stage to its end, and what was done for it."""

from __future__ import annotations

from datetime import datetime, timedelta

from activities import act, touch
from people import END, LOSS_REASONS, LOST, NEW, PRODUCTS, REPEAT, REPS, STAGES, WON, Rep
from world import DAY, MINUTE, Company, Row, lognormal, month_end, odds, working


def deal_of(
    company: Company,
    pipeline: str,
    rep: Rep,
    at: datetime,
    source: str,
    customer: Row | None,
    lead: Row | None,
    quality: float = 1.0,
    id: str | None = None,
) -> Row:
    """A deal with its stages, products, activities and what the customer buys later."""
    rng = company.rng
    dollars = rng.random() < rep.dollars
    amount = round(lognormal(rng, 1_900 if dollars else 165_000, 0.55) * (0.8 if pipeline == REPEAT else 1), 2)
    name = customer["name"].split()[-1] if customer else "без контакта"
    deal = company.add(
        "deals",
        deal_id=id or f"D-{company.number('deals'):05}",
        lead_id=lead and lead["lead_id"],
        customer_id=customer and customer["customer_id"],
        owner_id=rep.id,
        pipeline=pipeline,
        source=source,
        title=f"{'Продление' if pipeline == REPEAT else 'Подписка'}: {name}",
        amount=round(amount * 100),
        currency="USD" if dollars else "RUB",
        gross_cost=round(amount * 100 * rng.uniform(0.34, 0.52)),
        created_at=at,
        closed_reported_at=None,
        stage=None,
        final=None,
        loss_reason=None,
        upsell=pipeline == REPEAT and rng.random() < 0.4,
        template=False,
    )
    if lead:
        lead["deal_id"] = deal["deal_id"]
    _products(company, deal)
    closed = _walk(company, deal, rep, at, quality)
    planned = at.replace(hour=18, minute=0) + timedelta(days=rng.randrange(20, 60))
    # one deal in eight still shows the date somebody hoped for, as CRMs do
    deal["closed_reported_at"] = closed if closed and rng.random() > 0.12 else planned
    if deal["final"] == "won" and customer and rng.random() < 0.42:
        again = working(closed + timedelta(days=max(14, round(lognormal(rng, 95, 0.6)))))
        owner = rep if rep.works(again) else rng.choice([other for other in REPS if other.works(again)])
        if again < END:
            deal_of(company, REPEAT, owner, again, source, customer, None)
    return deal


def _walk(company: Company, deal: Row, rep: Rep, at: datetime, quality: float) -> datetime | None:
    """The deal through its stages until it ends or END comes; gives when it ended, None where it is open."""
    rng, stages = company.rng, STAGES[deal["pipeline"]]
    base = 0.76 if deal["pipeline"] == NEW else 0.87
    _enter(company, deal, at, stages[0], rep)
    place = 0
    while True:
        on = odds(base, rep.strength(at) * (0.7 + 0.3 * quality))
        here, moved = stages[place], rng.random() < on
        stay = lognormal(rng, 5.0 if moved else 12.0, 0.7)
        at = working(at + MINUTE * max(30, round(stay * 1440)))
        if not moved and rng.random() < 0.2:
            at = month_end(at)
        rep = _holder(company, deal, rep, at)
        if at >= END:
            touch(company, deal, rep, END - DAY, here)
            return None
        touch(company, deal, rep, at, here, moved)
        if not moved:
            return _lose(company, deal, rep, at, place)
        place += 2 if rng.random() < 0.06 else 1
        if place >= len(stages):
            return _win(company, deal, rep, at)
        _enter(company, deal, at, stages[place], rep)


def _holder(company: Company, deal: Row, rep: Rep, at: datetime) -> Rep:
    """Who works on the deal at that moment: what a leaver left goes to a colleague."""
    if rep.works(min(at, END - DAY)):
        return rep
    rep = company.rng.choice([other for other in REPS if other.works(min(at, END - DAY)) and other.team == rep.team])
    deal["owner_id"] = rep.id
    return rep


def _win(company: Company, deal: Row, rep: Rep, at: datetime) -> datetime:
    _enter(company, deal, at, WON, rep, "won")
    back = working(at + timedelta(days=9))
    if company.rng.random() < 0.012 and back + 3 * DAY < END:  # paid back
        _enter(company, deal, back, STAGES[deal["pipeline"]][-1], rep)
        at = working(back + 2 * DAY)
        deal["loss_reason"] = "Нет бюджета"
        _enter(company, deal, at, LOST, rep, "lost")
    return at


def _lose(company: Company, deal: Row, rep: Rep, at: datetime, place: int) -> datetime | None:
    rng, stages = company.rng, STAGES[deal["pipeline"]]
    deal["loss_reason"] = rng.choices(LOSS_REASONS, (6, 4, 4, 3, 4, 2))[0]
    _enter(company, deal, at, LOST, rep, "lost")
    back = working(at + timedelta(days=rng.randrange(8, 45)))
    if rng.random() >= 0.05 or back >= END:
        return at
    deal["loss_reason"] = None
    rep = _holder(company, deal, rep, back)
    _enter(company, deal, back, stages[max(place, 1)], rep)
    ended = working(back + timedelta(days=rng.randrange(3, 60)))
    if ended >= END:
        return None
    if rng.random() < 0.5:
        _enter(company, deal, ended, WON, rep, "won")
    else:
        deal["loss_reason"] = "Не сейчас"
        _enter(company, deal, ended, LOST, rep, "lost")
    return ended


def _enter(company: Company, deal: Row, at: datetime, stage: str, rep: Rep, final: str | None = None) -> None:
    order = len(STAGES[deal["pipeline"]]) + 1 if final else STAGES[deal["pipeline"]].index(stage) + 1
    actor = "automation" if final is None and company.rng.random() < 0.3 else "person"
    company.add(
        "stage_history",
        deal_id=deal["deal_id"],
        entered_at=at,
        stage=stage,
        stage_order=order,
        final=final,
        actor=actor,
    )
    deal |= {"stage": stage, "final": final}
    act(company, "task", at, rep, deal=deal, actor=actor, action="move_stage")


def _products(company: Company, deal: Row) -> None:
    """Rows that add up to the deal's amount."""
    rng = company.rng
    chosen = [PRODUCTS[4] if deal["upsell"] else PRODUCTS[0], *rng.sample(PRODUCTS[1:4], rng.choice((0, 0, 1, 2)))]
    left = deal["amount"]
    for n, product in enumerate(chosen):
        amount = left if n == len(chosen) - 1 else round(left * 0.7)
        left -= amount
        quantity = rng.choice((1, 1, 2, 5))
        row = {"deal_id": deal["deal_id"], "product": product, "line": n + 1, "quantity": quantity, "amount": amount}
        company.add("products", **row, currency=deal["currency"])
