"""The company as amoCRM exports it: the list of deals, the list of events, calls (notes of its API) and tasks.

A lead and its deal are one card. It waits in Неразобранное until somebody has qualified it; repeat sales have a
pipeline of their own. The account has fields of its own: when a lead was first touched and qualified, by whom, costs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from forms import Column, always, as_csv, as_json_lines, cells, deals_of, histories, names, nothing, russian, spaced
from people import LOST
from world import Row

UNSORTED = "Неразобранное"
EVENTS = {
    "assign_lead": "Ответственный изменен",
    "create_task": "Новая задача",
    "first_reply": "Исходящее сообщение",
    "send_message": "Исходящее сообщение",
}
TASKS = {"meeting": "Встреча", "demo": "Презентация"}
CARD = "https://demo.amocrm.ru/leads/detail/{}"


def amocrm(tables: Mapping[str, list[Row]]) -> Iterator[tuple[str, bytes]]:
    cards = _cards(tables)
    yield "amocrm_export_leads.csv", _document(_columns(), cards)
    numbers = {row["lead_id"]: card["id"] for card in cards if (row := card["lead"])}
    numbers |= {row["deal_id"]: card["id"] for card in cards if (row := card["deal"])}
    yield "amocrm_export_events.csv", _document(_EVENT, _events(tables, cards, numbers))
    yield "amocrm_call_notes.jsonl", as_json_lines(_calls(tables, numbers))
    yield "amocrm_export_tasks.csv", _document(_TASK, _tasks(tables, numbers))


def _document(columns: list[Column], rows: list[Row]) -> bytes:
    return as_csv(cells(columns, rows, russian, "Да", "Нет"), ";", "cp1251")


def _cards(tables: Mapping[str, list[Row]]) -> list[Row]:
    """A card for each lead, with its deal where there is one, and for each repeat sale."""
    deals = {deal["deal_id"]: deal for deal in deals_of(tables)}
    customers = {row["customer_id"]: row for row in tables["customers"]}
    owners, paths = names(tables), histories(tables)
    pairs = [(lead, deals.get(lead["deal_id"])) for lead in tables["leads"]]
    pairs += [(None, deal) for deal in deals.values() if not deal["lead_id"]]
    pairs.sort(key=lambda pair: (pair[0] or pair[1])["created_at"])
    cards = []
    for n, (lead, deal) in enumerate(pairs):
        end = paths[deal["deal_id"]][-1] if deal else {"final": None}
        card: Row = {"id": 28_400_001 + n, "lead": lead, "deal": deal, "seen": deal or lead}
        card["owner"] = owners[card["seen"]["owner_id"]]
        card["qualifier"] = lead and owners[lead["owner_id"]]
        card["closed"] = end["entered_at"] if end["final"] else "не закрыта"
        card["stage"] = deal["stage"] if deal else LOST if lead["status"] == "rejected" else UNSORTED
        card["contact"] = customers.get(card["seen"]["customer_id"]) or {}
        cards.append(card)
    return cards


def _columns() -> list[Column]:
    def of(part: str, key: str) -> Any:
        return lambda card: (card[part] or {}).get(key)

    def money(key: str) -> Any:
        return lambda card: spaced(card["deal"][key]) if card["deal"] else "0"

    return [
        ("ID", "id"),
        (
            "Название сделки",
            lambda card: card["deal"]["title"] if card["deal"] else f"Заявка: {card['lead']['source']}",
        ),
        ("Бюджет", money("amount")),
        ("Ответственный", "owner"),
        ("Дата создания сделки", lambda card: (card["lead"] or card["deal"])["created_at"]),
        ("Кем создана сделка", always("Робот")),
        ("Дата закрытия", "closed"),
        ("Теги", nothing),
        ("Примечание", nothing),
        ("Примечание 2", nothing),
        ("Этап сделки", "stage"),
        ("Воронка", of("seen", "pipeline")),
        ("Полное имя контакта", of("contact", "name")),
        ("Компания контакта", nothing),
        ("Ответственный за контакт", "owner"),
        ("Рабочий телефон", of("contact", "phone")),
        ("Мобильный телефон", nothing),
        ("Рабочий email", of("contact", "email")),
        # the contact's own fields come first, and nobody fills them in
        ("Источник", nothing),
        ("utm_campaign", nothing),
        ("Источник", of("seen", "source")),
        ("utm_campaign", of("lead", "campaign")),
        ("Квалифицировал", "qualifier"),
        ("Дата первого касания", of("lead", "first_touch_at")),
        ("Дата квалификации", of("deal", "created_at")),
        ("Валюта", of("deal", "currency")),
        ("Себестоимость", money("gross_cost")),
        ("Допродажа", of("deal", "upsell")),
        ("Причина отказа", lambda card: card["deal"]["loss_reason"] if card["deal"] else card["lead"]["reject_reason"]),
    ]


_EVENT: list[Column] = [
    ("Дата", "at"),
    ("Автор", "author"),
    ("Объект", lambda row: CARD.format(row["card"])),
    ("Название", nothing),
    ("Событие", "event"),
    ("Значение до", "before"),
    ("Значение после", "after"),
]


def _events(tables: Mapping[str, list[Row]], cards: list[Row], numbers: Mapping[str, int]) -> list[Row]:
    owners, found = names(tables), []

    def add(at: datetime, author: str, card: int, event: str, before: str = "", after: str = "") -> None:
        found.append({"at": at, "author": author, "card": card, "event": event, "before": before, "after": after})

    for card in cards:
        add((card["lead"] or card["deal"])["created_at"], "Робот", card["id"], "Новая сделка")
    movers = {(a["deal_id"], a["at"]): a["owner_id"] for a in tables["activities"] if a["action"] == "move_stage"}
    for deal_id, path in histories(tables).items():
        for n, row in enumerate(path):
            author = "Робот" if row["actor"] == "automation" else owners[movers[deal_id, row["entered_at"]]]
            before = path[n - 1]["stage"] if n else UNSORTED
            add(row["entered_at"], author, numbers[deal_id], "Изменение этапа продажи", before, row["stage"])
    for row in tables["activities"]:
        if event := EVENTS.get(row["action"]):
            author = "Робот" if row["actor"] == "automation" else owners[row["owner_id"]]
            add(row["at"], author, numbers[row["deal_id"] or row["lead_id"]], event)
    return sorted(found, key=lambda row: (row["at"], row["card"]))


def _calls(tables: Mapping[str, list[Row]], numbers: Mapping[str, int]) -> Iterator[Row]:
    owners = names(tables)
    for n, row in enumerate(row for row in tables["activities"] if row["kind"] == "call"):
        params = {
            "duration": row["seconds"],
            "call_status": 4 if row["connected"] else 6,
            "call_responsible": owners[row["owner_id"]],
            "call_result": "Следующий шаг согласован" if row["next_step_agreed"] else "",
        }
        yield {
            "id": 91_000_001 + n,
            "entity_id": numbers[row["deal_id"] or row["lead_id"]],
            "created_at": int(row["at"].timestamp()),
            "note_type": "call_in" if row["direction"] == "inbound" else "call_out",
            "params": params,
        }


_TASK: list[Column] = [
    ("Дата создания", "at"),
    ("Ответственный", "owner"),
    ("Объект", lambda row: CARD.format(row["card"])),
    ("Тип задачи", lambda row: TASKS[row["kind"]]),
    ("Текст задачи", nothing),
    ("Срок", "at"),
    ("Выполнена", "held"),
    ("Результат", lambda row: "Следующий шаг согласован" if row["next_step_agreed"] else ""),
]


def _tasks(tables: Mapping[str, list[Row]], numbers: Mapping[str, int]) -> list[Row]:
    owners = names(tables)
    return [
        row | {"card": numbers[row["deal_id"] or row["lead_id"]], "owner": owners[row["owner_id"]]}
        for row in tables["activities"]
        if row["kind"] in TASKS
    ]
