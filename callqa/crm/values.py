"""One cell of an export as a value of callqa: times in UTC, money in hundredths, phones by their digits.

Every reader takes what the file held (text, or a number, date or truth where the format has such) and gives None for an
empty cell; what cannot be read is a ValueError whose text says what was expected.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Any
from zoneinfo import ZoneInfo

from callqa.crm.entities import CHOICES

SPACES = dict.fromkeys(map(ord, " \t\n\u00a0\u2009\u202f'’"))
SIGNS = {"₽": "RUB", "руб": "RUB", "руб.": "RUB", "р": "RUB", "р.": "RUB", "RUR": "RUB", "$": "USD", "€": "EUR"}
FAILED = ("#REF!", "#N/A", "#VALUE!", "#NAME?", "#DIV/0!", "#NULL!", "#NUM!")  # formulas
SIGNED = re.compile(r"[₽$€]|(?<!\w)(?:руб|р|RUB|RUR|USD|EUR|KZT|BYN|UAH|GBP|CNY)(?!\w)", re.IGNORECASE)
NOTHING = frozenset(("", "-", "–", "—", "NULL", "null", "NaN", "nan", *FAILED))
YES, NO = ("y", "yes", "true", "1", "да", "истина"), ("n", "no", "false", "0", "нет", "ложь")
RUSSIAN_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.(\d{4}|\d{2})(?:[ ,T]+(\d{1,2}):(\d{2})(?::(\d{2}))?)?")
PLAIN_MONEY = re.compile(r"(\d{1,13})(?:\.(\d{1,2}))?", re.ASCII)  # most of it: these need no more thought
DURATION = re.compile(r"(?:(\d+) days?,? )?(\d+):(\d{2})(?::(\d{2}))?(?:\.\d+)?")
LONGEST_ID = 128  # what the store's columns hold
FIRST, LAST = 1990, 2100  # a year outside is a slip of the pen or another unit


@dataclass(frozen=True, slots=True)
class Reading:
    """How a source writes its values: its zone, its own forms of times, its decimal sign ("": told from the number)."""

    zone: tzinfo = field(default_factory=lambda: ZoneInfo("UTC"))
    times: tuple[str, ...] = ()
    decimal: str = ""

    def reader(self, kind: str) -> Callable[[Any], Any]:
        """What turns a cell into a value of that kind."""
        if kind in CHOICES:
            return lambda cell: choice(cell, CHOICES[kind])
        known: dict[str, Callable[[Any], Any]] = {
            "text": text,
            "id": identity,
            "person": identity,
            "phone": phone,
            "currency": currency,
            "truth": truth,
            "whole": whole,
            "number": lambda cell: number(cell, self.decimal),
            "lasting": lambda cell: lasting(cell, self.decimal),
            "money": lambda cell: money(cell, self.decimal),
            "time": lambda cell: moment(cell, self.zone, self.times),
            "day": lambda cell: day(cell, self.zone, self.times),
            "month": lambda cell: month(cell, self.zone, self.times),
        }
        return known[kind]


def text(cell: Any) -> str | None:
    """
    >>> text(" Курс "), text(42.0), text("")
    ('Курс', '42', None)
    """
    if isinstance(cell, str):
        said = cell.strip()
        return None if said in NOTHING else said
    if cell is None or (isinstance(cell, float) and cell != cell):
        return None
    if isinstance(cell, float) and cell.is_integer():
        return str(int(cell))  # spreadsheets make a float of a long id
    return str(cell)


def identity(cell: Any) -> str | None:
    said = text(cell)
    if said is not None and len(said) > LONGEST_ID:
        raise ValueError(f"{len(said)} letters are no id")
    return said


def choice(cell: Any, known: Sequence[str]) -> str | None:
    said = text(cell)
    if said is None or said.lower() in known:
        return said and said.lower()
    raise ValueError(f"'{said}' is none of {', '.join(known)}; `values` in the mapping tells what means what")


def truth(cell: Any) -> bool | None:
    said = (text(cell) or "").lower()
    if said in YES or said in NO:
        return said in YES
    if not said:
        return None
    raise ValueError(f"'{said}' is neither yes nor no")


def currency(cell: Any) -> str | None:
    """
    >>> currency("руб."), currency("usd")
    ('RUB', 'USD')
    """
    said = text(cell)
    if said is None:
        return None
    code = SIGNS.get(said, SIGNS.get(said.lower(), SIGNS.get(said.upper(), said.upper())))
    if not re.fullmatch("[A-Z]{3}", code):
        raise ValueError(f"'{said}' is no currency; a code such as RUB is")
    return code


def sign(cell: Any) -> str | None:
    """The currency that stands with an amount: a sign or a code.

    >>> sign("$3,000.25"), sign("1 234,56 ₽"), sign("EUR 5"), sign("1 234,56"), sign("5 шт")
    ('USD', 'RUB', 'EUR', None, None)
    """
    if not isinstance(cell, str) or not (found := SIGNED.search(cell)):
        return None
    said = found[0].strip(" .").lower()
    return next((code for known, code in SIGNS.items() if known.strip(".").lower() == said), said.upper())


def phone(cell: Any) -> str | None:
    """The number with its country's code; a Russian one may begin with 8 or without any.

    >>> phone("8 (912) 345-67-89"), phone("+49 30 1234567"), phone("912 345 67 89"), phone("доб. 12")
    ('+79123456789', '+49301234567', '+79123456789', '12')
    """
    said = text(cell) or ""
    digits = re.sub(r"\D", "", re.split(r"(?i)доб|ext|[,;]", said)[0]) or re.sub(r"\D", "", said)
    if len(digits) == 11 and digits[0] in "78":
        return "+7" + digits[1:]
    if len(digits) == 10 and not said.startswith("+"):
        return "+7" + digits
    return ("+" if len(digits) > 10 else "") + digits if digits else None


def number(cell: Any, sign: str = "") -> float | None:
    """A lone comma or dot is the decimal sign here: 94.728 is a rate, 94 thousand are money."""
    said = text(cell) or ""
    lone = next((s for s in ",." if said.count(s) == 1 and not set(said) & set(",.") - {s}), "")
    found = _decimal(cell, sign or lone)
    return None if found is None else float(found)


def lasting(cell: Any, sign: str = "") -> float | None:
    """Seconds, as a number, h:mm:ss or m:ss.

    >>> lasting("75"), lasting("0:01:15"), lasting("1:15"), lasting(time(0, 1, 15))
    (75.0, 75.0, 75.0, 75.0)
    """
    said = text(cell) or ""
    if found := re.fullmatch(r"(\d+):(\d{2})", said):
        return float(60 * int(found[1]) + int(found[2]))
    if isinstance(cell, time | timedelta) or DURATION.fullmatch(said):
        return _duration(cell).total_seconds()
    return number(cell, sign)


def whole(cell: Any) -> int | None:
    found = _decimal(cell, "")
    if found is not None and found != int(found):
        raise ValueError(f"'{text(cell)}' is no whole number")
    return None if found is None else int(found)


def money(cell: Any, sign: str = "") -> int | None:
    """Hundredths, halves rounded up.

    >>> [money(v) for v in ("1 234,56 ₽", "€ 3.500,00", "1,234,567.8", "12,345", "0.125", 99.995, "-5")]
    [123456, 350000, 123456780, 1234500, 13, 10000, -500]
    """
    if isinstance(cell, str) and (plain := PLAIN_MONEY.fullmatch(cell)) and sign != ",":
        return int(plain[1] + (plain[2] or "").ljust(2, "0"))
    found = _decimal(cell, sign)
    return None if found is None else int((found * 100).quantize(Decimal(1), ROUND_HALF_UP))


def _decimal(cell: Any, sign: str) -> Decimal | None:
    said = text(cell)
    if said is None:
        return None
    if isinstance(cell, int | float | Decimal) and not isinstance(cell, bool):
        return _finite(Decimal(str(cell)), said)
    bare = said.translate(SPACES)
    bare = re.sub(r"^([-−]?)[^\d\-−.,]+|[^\d]+$", r"\1", bare).replace("−", "-")
    sign = sign or _decimal_sign(bare)
    whole, _, part = bare.partition(sign)
    groups = re.split(r"[,.]", whole)
    if any(len(group) != 3 for group in groups[1:]):
        raise ValueError(f"'{said}' is no number whose decimal sign is '{sign}'")
    bare = "".join(groups) + sign + part
    try:
        return _finite(Decimal(bare.replace(",", ".")), said)
    except InvalidOperation as error:
        raise ValueError(f"'{said}' is no number") from error


def _finite(found: Decimal, said: str) -> Decimal:
    if not found.is_finite() or abs(found) >= Decimal(10) ** 15:
        raise ValueError(f"'{said}' is no number that money can be")
    return found


def _decimal_sign(bare: str) -> str:
    """The later of two different signs; a single one, unless three digits behind it make groups of it: 12,345."""
    last = max(bare.rfind(","), bare.rfind("."))
    if last < 0:
        return "."
    other = "." if bare[last] == "," else ","
    if other in bare:
        return bare[last]
    before, behind = bare[:last].lstrip("-"), bare[last + 1 :]
    groups = bare.count(bare[last]) > 1 or (len(behind) == 3 and 1 <= len(before) <= 3 and before != "0")
    return other if groups else bare[last]


def moment(cell: Any, zone: tzinfo, times: Sequence[str] = ()) -> str | None:
    """A time in UTC, to the second: dd.mm.yyyy, ISO 8601, unix seconds or milliseconds, a date of the format's own.

    >>> moment("05.10.2026 12:30", ZoneInfo("Europe/Moscow")), moment("1790000000", UTC)
    ('2026-10-05T09:30:00Z', '2026-09-21T14:13:20Z')
    """
    found = when(cell, zone, times)
    return None if found is None else _utc(found)


def day(cell: Any, zone: tzinfo, times: Sequence[str] = ()) -> str | None:
    """The day as the source's own clock has it."""
    found = when(cell, zone, times)
    return None if found is None else found.astimezone(zone).date().isoformat()


def month(cell: Any, zone: tzinfo, times: Sequence[str] = ()) -> str | None:
    """
    >>> month("2026-10", UTC), month("10.2026", UTC), month("01.10.2026", UTC)
    ('2026-10', '2026-10', '2026-10')
    """
    said = text(cell) or ""
    if found := re.fullmatch(r"(\d{4})-(\d{2})|(\d{2})[./](\d{4})", said):
        year, of_year, other, other_year = found.groups()
        cell = date(int(year or other_year), int(of_year or other), 1)
    told = day(cell, zone, times)
    return told and told[:7]


def since(start: Any, found: str | None, zone: tzinfo, times: Sequence[str] = ()) -> str | None:
    """A day's midnight in UTC, or the start where that is later on the same day.

    >>> since("05.10.2026 15:30", "2026-10-05T00:00:00Z", UTC), since("05.10.2026 15:30", "2026-10-06T00:00:00Z", UTC)
    ('2026-10-05T15:30:00Z', '2026-10-06T00:00:00Z')
    """
    began = when(start, zone, times)
    if found is None or began is None:
        return found
    told = datetime.fromisoformat(found).astimezone(zone)
    return _utc(began) if told.time() == time() and told.date() == began.astimezone(zone).date() else found


def after(start: str | None, lasted: Any) -> str | None:
    """The time that lies so long after ``start``: "0:26:43", seconds, or a duration of the format's own.

    >>> after("2026-10-05T09:30:00Z", "1 day, 0:00:05")
    '2026-10-06T09:30:05Z'
    """
    if start is None or text(lasted) is None:
        return None
    return _utc(datetime.fromisoformat(start) + _duration(lasted))


def when(cell: Any, zone: tzinfo, times: Sequence[str] = ()) -> datetime | None:
    """The moment a cell names; without an offset of its own it is one of the zone's clock."""
    found = _when(cell, times)
    if found is None:
        return None
    if not FIRST <= found.year <= LAST:
        raise ValueError(f"'{text(cell)}' is in the year {found.year}")
    return found if found.tzinfo else found.replace(tzinfo=zone)


def _when(cell: Any, times: Sequence[str]) -> datetime | None:
    if isinstance(cell, datetime):
        return cell
    if isinstance(cell, date):
        return datetime.combine(cell, time())
    said = text(cell)
    if said is None:
        return None
    for form in times:
        try:
            return datetime.strptime(said, form)
        except ValueError:
            continue
    if found := RUSSIAN_DAY.fullmatch(said):
        of_month, of_year, year, hour, minute, second = (int(part or 0) for part in found.groups())
        return datetime(year + (2000 if year < 100 else 0), of_year, of_month, hour, minute, second)
    if re.fullmatch(r"\d{9,10}(\.\d+)?", said):
        return datetime.fromtimestamp(int(float(said)), UTC)
    if re.fullmatch(r"\d{12,13}", said):
        return datetime.fromtimestamp(int(said) // 1000, UTC)
    try:
        return datetime.fromisoformat(said)
    except ValueError as error:
        raise ValueError(f"'{said}' is no time that callqa reads; `times` in the mapping tells the form") from error


def _duration(lasted: Any) -> timedelta:
    if isinstance(lasted, timedelta):
        return lasted
    if isinstance(lasted, time):
        return timedelta(hours=lasted.hour, minutes=lasted.minute, seconds=lasted.second)
    if found := DURATION.fullmatch(text(lasted) or ""):
        days, hours, minutes, seconds = (int(part or 0) for part in found.groups())
        return timedelta(days, seconds, minutes=minutes, hours=hours)
    return timedelta(seconds=number(lasted) or 0)


def _utc(found: datetime) -> str:
    return found.astimezone(UTC).isoformat(timespec="seconds")[:19] + "Z"
