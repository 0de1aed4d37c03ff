"""The company as Bitrix24 exports it: .xls pages of leads, deals and contacts, activities as CSV, the BI set of stages.

Close dates are plans, templates of recurring deals stand among the deals, owners are named. The account has fields of
its own: when a lead was first touched and qualified, costs, upsell, whether a meeting was held.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import Any

from forms import Column, as_csv, as_page, cells, coded, names, nothing, numbered, russian, spaced
from people import LOST, MOSCOW, WON
from world import Row

Of = Callable[[str], Callable[[Row], Any]]  # a column of ids as this system gave them

FINAL = {WON: "Сделка успешна", LOST: "Сделка провалена"}
STATUS = {"new": "Не обработан", "in_work": "В работе", "sql": "Качественный лид", "rejected": "Некачественный лид"}
KINDS = {"call": "Звонок", "meeting": "Встреча", "demo": "Презентация", "task": "Задача", "message": "Письмо"}
DIRECTIONS = {"inbound": "Входящий", "outbound": "Исходящий"}
ACTORS = {"person": "Сотрудник", "automation": "Робот"}


def bitrix24(tables: Mapping[str, list[Row]]) -> Iterator[tuple[str, bytes]]:
    numbers = {
        "lead_id": numbered(tables["leads"], "lead_id", 1201),
        "deal_id": numbered(tables["deals"], "deal_id", 301),
        "customer_id": numbered(tables["customers"], "customer_id", 77),
        "owner_id": names(tables),
    }

    def of(key: str) -> Callable[[Row], Any]:
        return coded(key, numbers[key])

    for name, columns, table in (
        ("CONTACT_20250930.xls", _contacts(of), "customers"),
        ("LEAD_20250930.xls", _leads(of), "leads"),
        ("DEAL_20250930.xls", _deals(of), "deals"),
    ):
        yield name, as_page(cells(columns, tables[table], russian, "да", "нет"))
    acts = cells(_activities(of), tables["activities"], russian, "да", "нет")
    yield "ACTIVITY_20250930.csv", as_csv(acts, ";", "utf-8-sig")
    rows = tables["stage_history"]
    yield "crm_deal_stage_history.csv", as_csv(cells(_history(of), rows, _server_time, "Y", "N"))


def _server_time(at: datetime) -> str:
    return at.astimezone(MOSCOW).strftime("%Y-%m-%d %H:%M:%S")


def _contacts(of: Of) -> list[Column]:
    return [
        ("ID", of("customer_id")),
        ("Имя", lambda row: row["name"].partition(" ")[0]),
        ("Отчество", nothing),
        ("Фамилия", lambda row: row["name"].partition(" ")[2]),
        ("Дата создания", "created_at"),
        ("Источник", "source"),
        ("Рабочий телефон", "phone"),
        ("Рабочий e-mail", "email"),
    ]


def _leads(of: Of) -> list[Column]:
    return [
        ("ID", of("lead_id")),
        ("Статус", coded("status", STATUS)),
        ("Название лида", lambda row: f"Заявка: {row['source']}"),
        ("Дата создания", "created_at"),
        ("Источник", "source"),
        ("Ответственный", of("owner_id")),
        ("Контакт: ID", of("customer_id")),
        ("UTM Campaign", "campaign"),
        ("Дата первого касания", "first_touch_at"),
        ("Дата квалификации", "sql_at"),
        ("Причина отказа", "reject_reason"),
    ]


def _deals(of: Of) -> list[Column]:
    return [
        ("ID", of("deal_id")),
        ("Стадия сделки", coded("stage", FINAL)),
        ("Название сделки", "title"),
        ("Воронка", "pipeline"),
        ("Сумма", lambda row: spaced(row["amount"])),
        ("Валюта", "currency"),
        ("Контакт: ID", of("customer_id")),
        ("Лид", of("lead_id")),
        ("Ответственный", of("owner_id")),
        ("Дата создания", "created_at"),
        ("Предполагаемая дата закрытия", "closed_reported_at"),
        ("Сделка закрыта", lambda row: row["final"] is not None),
        ("Источник", "source"),
        ("Регулярная сделка", "template"),
        ("Себестоимость", lambda row: spaced(row["gross_cost"])),
        ("Допродажа", "upsell"),
        ("Причина отказа", "loss_reason"),
    ]


def _activities(of: Of) -> list[Column]:
    return [
        ("ID", lambda row: row["activity_id"].partition("-")[2].lstrip("0")),
        ("Тип дела", coded("kind", KINDS)),
        ("Тема", nothing),
        ("Дата начала", "at"),
        ("Длительность, с", "seconds"),
        ("Дозвон", "connected"),
        ("Состоялось", "held"),
        ("Направление", coded("direction", DIRECTIONS)),
        ("Ответственный", of("owner_id")),
        ("Контакт: ID", of("customer_id")),
        ("Сделка: ID", of("deal_id")),
        ("Лид: ID", of("lead_id")),
        ("Следующий шаг согласован", "next_step_agreed"),
        ("Исполнил", coded("actor", ACTORS)),
        ("Действие", "action"),
    ]


def _history(of: Of) -> list[Column]:
    return [
        ("TYPE_ID", lambda row: 3 if row["final"] else 1 if row["stage_order"] == 1 else 2),
        ("DATE_CREATE", "entered_at"),
        ("DEAL_ID", of("deal_id")),
        ("STAGE_SEMANTIC_ID", coded("final", {"won": "S", "lost": "F", None: "P"})),
        ("STAGE_NAME", coded("stage", FINAL)),
    ]
