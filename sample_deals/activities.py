"""Calls, meetings, messages and tasks of the demo company, by people and by automation."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from people import END, Rep
from world import MINUTE, Company, Row, lognormal, working


def act(company: Company, kind: str, at: datetime, rep: Rep, **what: Any) -> Row:
    """One activity; ``deal`` and ``lead`` are rows, the rest columns."""
    deal, lead = what.pop("deal", None), what.pop("lead", None)
    told = deal or lead or {}
    return company.add(
        "activities",
        activity_id=f"A-{company.number('activities'):06}",
        kind=kind,
        at=at,
        seconds=what.get("seconds"),
        connected=what.get("connected"),
        held=what.get("held"),
        direction=what.get("direction"),
        owner_id=rep.id,
        customer_id=told.get("customer_id"),
        deal_id=deal and deal["deal_id"],
        lead_id=lead and lead["lead_id"],
        phone=None,
        next_step_agreed=what.get("next_step_agreed"),
        actor=what.get("actor", "person"),
        action=what.get("action"),
    )


def _call(company: Company, rep: Rep, at: datetime, answered: float, **what: Any) -> Row:
    rng = company.rng
    connected = rng.random() < answered
    seconds = max(6, round(lognormal(rng, 150, 0.9))) if connected else 0
    return act(company, "call", at, rep, seconds=seconds, connected=connected, direction="outbound", **what)


def attempts(company: Company, lead: Row, rep: Rep, touched: datetime) -> None:
    """Calls to a lead until somebody answers."""
    at = touched
    for _ in range(4):
        call = _call(company, rep, at, 0.62, lead=lead)
        at = working(at + MINUTE * company.rng.randrange(90, 2880))
        if call["connected"] or at >= END:
            return


def touch(company: Company, deal: Row, rep: Rep, until: datetime, stage: str, moved: bool = False) -> None:
    """What was done for a deal on a stage, in the days before it left it."""
    rng = company.rng
    for days in range(rng.choice((0, 1, 1, 2, 3))):
        at = working(until - timedelta(days=days, hours=rng.randrange(1, 20)))
        if deal["created_at"] < at < until:
            _call(company, rep, at, 0.72, deal=deal, next_step_agreed=rng.random() < 0.35 * rep.skill)
    at = working(until - timedelta(days=1, hours=rng.randrange(4)))
    if stage in ("Демонстрация", "Переговоры") and deal["created_at"] < at < until:
        kind = "demo" if stage == "Демонстрация" else "meeting"
        held = moved or rng.random() < 0.6
        agreed = held and rng.random() < 0.5
        act(company, kind, at, rep, seconds=2700 if held else 0, held=held, deal=deal, next_step_agreed=agreed)
    actor = "automation" if rng.random() < 0.55 else "person"
    act(company, "message", until - 3 * MINUTE, rep, deal=deal, actor=actor, action="send_message")


def automatic(company: Company, rep: Rep, at: datetime, lead: Row) -> None:
    """What the CRM does with a lead, or a person where it was not set up to."""
    rng = company.rng
    for share, kind, action in (
        (0.9, "task", "assign_lead"),
        (0.7, "message", "first_reply"),
        (0.4, "task", "create_task"),
    ):
        actor = "automation" if rng.random() < share else "person"
        act(company, kind, min(at + 2 * MINUTE, END - MINUTE), rep, lead=lead, actor=actor, action=action)
