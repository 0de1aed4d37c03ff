"""Who works in the demo company and what it sells: the fixed facts that everything else is drawn around."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta, timezone

MOSCOW = timezone(timedelta(hours=3))
START = datetime(2024, 4, 1, tzinfo=MOSCOW)
END = datetime(2025, 10, 1, tzinfo=MOSCOW)  # nothing is known from here on: what goes on then is open

NEW, REPEAT = "Новые клиенты", "Повторные продажи"
WON, LOST = "Успешно реализовано", "Закрыто и не реализовано"
STAGES = {
    NEW: ("Квалификация", "Демонстрация", "Коммерческое предложение", "Переговоры", "Договор"),
    REPEAT: ("Запрос", "Предложение", "Договор"),
}
PRODUCTS = ("Подписка на год", "Внедрение", "Обучение команды", "Расширенная поддержка", "Дополнительные места")
LOSS_REASONS = ("Дорого", "Выбрали конкурента", "Не сейчас", "Нет бюджета", "Не отвечает", "Нет потребности")
REJECT_REASONS = ("Не целевой", "Не дозвонились", "Дубль", "Спам", "Нет потребности")


@dataclass(frozen=True, slots=True)
class Rep:
    """One seller. ``skill`` multiplies the odds to win; ``ramp`` weeks until all of it shows, None: never.

    ``speed`` is the median of minutes to a first touch.
    """

    id: str
    name: str
    team: str
    hired: str
    left: str | None
    skill: float
    ramp: int | None
    speed: float
    dollars: float = 0.05

    def strength(self, at: datetime) -> float:
        """Skill at that moment, from 35 % on the first day to all of it at the end of the ramp."""
        weeks = (at.date() - datetime.fromisoformat(self.hired).date()).days / 7
        grown = 0.0 if self.ramp is None else min(1.0, max(0.0, weeks / self.ramp))
        return self.skill * (0.35 + 0.65 * grown)

    def works(self, at: datetime) -> bool:
        day = at.date().isoformat()
        return self.hired <= day and (self.left is None or day <= self.left)


CORE, REGIONS, ABROAD = "Новый бизнес", "Регионы", "Международные"
TEAMS = {CORE: "s-l01", REGIONS: "s-l02", ABROAD: "s-l03"}
LEADS = (
    ("s-l01", "Павел Никитин", CORE, "2020-02-03"),
    ("s-l02", "Ирина Крылова", REGIONS, "2019-09-16"),
    ("s-l03", "Андрей Фомин", ABROAD, "2021-06-01"),
)
# the first ten are those who speak in sample_audio
REPS = (
    Rep("s-r01", "Елена Соколова", CORE, "2022-03-14", None, 1.45, 10, 14),
    Rep("s-r02", "Игорь Зуев", CORE, "2021-11-01", None, 0.80, 10, 55),
    Rep("s-r03", "Виктор Громов", CORE, "2023-05-22", None, 0.90, 12, 32),
    Rep("s-r04", "Марина Белкина", REGIONS, "2022-09-05", None, 0.95, 12, 26),
    Rep("s-r05", "Олег Смирнов", REGIONS, "2020-08-17", None, 1.05, 10, 40),
    Rep("s-r06", "Анна Лебедева", REGIONS, "2023-02-06", None, 1.15, 12, 18),
    Rep("s-r07", "Светлана Орлова", ABROAD, "2024-10-14", None, 1.25, 14, 11),
    Rep("s-r08", "Денис Жуков", ABROAD, "2025-01-13", None, 0.80, None, 90),
    Rep("s-r09", "Emily Carter", ABROAD, "2023-08-28", None, 1.20, 12, 20, 0.85),
    Rep("s-r10", "Mark Olson", ABROAD, "2025-04-07", None, 0.95, 26, 45, 0.85),
    Rep("s-r11", "Тимур Ахметов", CORE, "2022-12-12", "2025-02-28", 1.00, 12, 30),
    Rep("s-r12", "Ксения Рыбакова", REGIONS, "2024-11-04", "2025-02-14", 0.60, 20, 70),
)


@dataclass(frozen=True, slots=True)
class Channel:
    """Where leads come from: its share of them, how good they are, what a month of it costs in roubles."""

    name: str
    share: float
    quality: float
    cost: int
    campaigns: tuple[str, ...] = ()


CHANNELS = (
    Channel("Яндекс Директ", 0.30, 0.85, 380_000, ("search_brand", "search_generic", "rsya")),
    Channel("ВКонтакте", 0.16, 0.65, 160_000, ("lead_form", "retargeting")),
    Channel("Сайт", 0.22, 1.10, 120_000),
    Channel("Выставки", 0.08, 1.05, 210_000, ("expo_spring", "expo_autumn")),
    Channel("Рекомендации", 0.12, 1.60, 0),
    Channel("Холодные звонки", 0.12, 0.60, 0),
)

# the ten recordings: call, rep, minutes after midnight in Moscow, seconds, what the customer is called
CALLS = (
    ("S-101", "s-r01", "2025-09-09T11:04:00+03:00", 147, "discovery", "Ольга Миронова"),
    ("S-102", "s-r02", "2025-09-09T15:20:00+03:00", 108, "discovery", "Сергей Власов"),
    ("S-103", "s-r03", "2025-09-10T09:40:00+03:00", 93, "discovery", "Наталья Ершова"),
    ("S-104", "s-r04", "2025-09-10T12:15:00+03:00", 91, "discovery", "Артём Гусев"),
    ("S-105", "s-r05", "2025-09-11T10:30:00+03:00", 94, "negotiation", "Юлия Панова"),
    ("S-106", "s-r06", "2025-09-11T16:45:00+03:00", 61, "follow-up", "Роман Тихонов"),
    ("S-107", "s-r07", "2025-09-12T13:10:00+03:00", 104, "inbound", "Вера Ильина"),
    ("S-108", "s-r08", "2025-09-12T17:30:00+03:00", 80, "follow-up", "Максим Носов"),
    ("S-201", "s-r09", "2025-09-16T17:05:00+03:00", 121, "discovery", "Susan Miller"),
    ("S-202", "s-r10", "2025-09-17T16:30:00+03:00", 85, "cold", "Brian Cooper"),
)

WOMEN = "Анна Мария Елена Ольга Ирина Татьяна Наталья Светлана Юлия Дарья Алина Ксения Вера Полина Галина".split()
MEN = "Алексей Дмитрий Сергей Андрей Иван Максим Павел Роман Артём Николай Михаил Егор Кирилл Олег Илья".split()
FAMILIES = (
    "Иванов Петров Сидоров Кузнецов Попов Васильев Соколов Михайлов Новиков Фёдоров Морозов Волков Алексеев Лебедев "
    "Семёнов Егоров Павлов Козлов Степанов Николаев Орлов Андреев Макаров Никитин Захаров Зайцев Соловьёв Борисов "
    "Яковлев Григорьев Романов Воробьёв Сергеев Кузьмин Фролов Александров Дмитриев Королёв Гусев Киселёв"
).split()
