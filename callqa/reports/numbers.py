"""Figures as people of a language write them: values with their unit, bands in words, times of a call, dates."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime

from callqa.reports.texts import Texts, catalogue
from callqa.types import Language, Seconds

NBSP = "\u00a0"
Band = tuple[float | None, float | None, float | None, float | None]
DIGITS = {"count": 0, "wpm": 0, "ratio": 2, "st/s": 1, "syl/s": 1, "1/min": 1, "1/h": 0, "0-1": 0, "words": 0}
# what a unit can be at least and at most: a bound there is no bound
LIMITS = {"0-1": (0.0, 1.0), "bool": (0.0, 1.0), "0-3": (0.0, 3.0), "0-10": (0.0, 10.0)}
SIGNED = ("z", "st/s", "-1..1", "-2..2")


@dataclass(frozen=True, slots=True)
class Numbers:
    """Figures in one language.

    >>> ru = Numbers("ru")
    >>> ru.value(0.756, "0-1"), ru.value(4.25, "s"), ru.value(1.0, "bool")
    ('76\\xa0%', '4,2\\xa0с', 'да')
    >>> ru.band((0.1, 0.35, 0.6, 0.9), "0-1"), ru.band((-1, 0, 45, 120), "s"), ru.band((0, 1, 1, 2), "bool")
    ('35–60\\xa0%', 'до 45\\xa0с', 'да')
    """

    language: Language

    @property
    def texts(self) -> Texts:
        return Texts(self.language)

    def number(self, value: float, digits: int = 0) -> str:
        """
        >>> Numbers("ru").number(12345.67, 1), Numbers("en").number(-0.04, 1)
        ('12\\xa0345,7', '0.0')
        """
        text = f"{round(value, digits) + 0.0:,.{digits}f}"
        return text.replace(",", NBSP).replace(".", ",") if self.language == "ru" else text

    def value(self, value: float, unit: str, digits: int | None = None) -> str:
        """A value with its unit; ``digits`` beyond the unit's usual ones only where they make a difference."""
        if unit == "bool":
            return self.texts.ui("yes" if value >= 0.5 else "no")
        if unit == "s" and value >= 120 and digits is None:
            minutes, rest = divmod(round(value), 60)
            return NBSP.join([str(minutes), self.unit("min", minutes), str(rest), self.unit("s", rest)])
        return self._with_unit(self._bare(value, unit, digits), value, unit)

    def differing(self, value: float, unit: str, band: Band) -> str:
        """The value with as many digits as set it apart from the bounds of its band: 60.4 % is not "up to 60 %"."""
        usual = self._digits(value, unit)
        for digits in range(usual, usual + 3):
            bounds = [self._bare(bound, unit, digits) for bound in band[1:3] if bound is not None and bound != value]
            if self._bare(value, unit, digits) not in bounds:
                return self.value(value, unit, None if digits == usual else digits)
        return self.value(value, unit)

    def range(self, low: float, high: float, unit: str) -> str:
        """Two bounds with their unit, "" where they do not differ as shown.

        >>> Numbers("ru").range(0.541, 0.61, "0-1"), Numbers("en").range(4.0, 9.0, "count")
        ('54–61\\xa0%', '4–9')
        """
        if unit == "bool":
            return "" if low == high else f"{self.value(low, unit)}–{self.value(high, unit)}"
        digits = self._digits(high, unit)
        first, last = (self._bare(bound, unit, digits) for bound in (low, high))
        return "" if first == last else self._with_unit(f"{first}–{last}", high, unit)

    def band(self, band: Band, unit: str) -> str:
        """Where a value gets all points, in words; bounds that a unit cannot pass are left out."""
        least, most = LIMITS.get(unit, (-math.inf if unit in SIGNED else 0.0, math.inf))
        low, high = (None if bound is None else float(bound) for bound in band[1:3])
        low = None if low is None or (low <= least and high != low) else low
        high = None if high is None or (high >= most and high != low) else high
        if low is None and high is None:
            return self.texts.ui("any_value")
        if low is None and high is not None:
            return self.value(high, unit) if high <= least else self._bound("up_to", high, unit)
        if high is None and low is not None:
            return self.value(low, unit) if low >= most else self._bound("from", low, unit)
        assert low is not None
        assert high is not None
        if low == high:
            return self.value(low, unit)
        digits = max(self._needed(low, unit), self._needed(high, unit))
        return self._with_unit(f"{self._bare(low, unit, digits)}–{self._bare(high, unit, digits)}", high, unit)

    def unit(self, unit: str, number: float) -> str:
        """The unit's name beside that number; one that a plugin invented stands as it is."""
        if unit in ("count", "ratio", "bool", *SIGNED[2:]):
            return ""
        return self.texts.counted(self.texts.told("unit", unit), number) if unit in catalogue()["unit"] else unit

    def clock(self, at: Seconds) -> str:
        """
        >>> Numbers("ru").clock(83.9), Numbers("ru").clock(3723)
        ('1:23', '1:02:03')
        """
        minutes, seconds = divmod(int(at + 1e-6), 60)
        hours, minutes = divmod(minutes, 60)
        return f"{hours}:{minutes:02d}:{seconds:02d}" if hours else f"{minutes}:{seconds:02d}"

    def percent(self, share: float) -> str:
        return self.value(share, "0-1")

    def date(self, text: str) -> str:
        """A date of calls.csv in words; one that is no ISO date stands as it is.

        >>> Numbers("ru").date("2026-09-07T10:04:00+03:00"), Numbers("en").date("2026-09-07")
        ('7 сентября 2026, 10:04', '7 September 2026')
        """
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return text
        day = f"{at.day} {self.texts.told('month', str(at.month))} {at.year}"
        return day if len(text) <= 10 else f"{day}, {at:%H:%M}"

    def day(self, text: str) -> str:
        """The same, short, for tables.

        >>> Numbers("ru").day("2026-09-07T10:04:00"), Numbers("en").day("2026-09-07T10:04:00")
        ('07.09.2026 10:04', '2026-09-07 10:04')
        """
        try:
            at = datetime.fromisoformat(text)
        except ValueError:
            return text
        day = f"{at:%d.%m.%Y}" if self.language == "ru" else f"{at:%Y-%m-%d}"
        return day if len(text) <= 10 else f"{day} {at:%H:%M}"

    def _bound(self, words: str, bound: float, unit: str) -> str:
        # 5: "до" and "от" ask for the genitive, "до 2 слов"
        return self.texts.ui(words, value=self._with_unit(self._bare(bound, unit, self._needed(bound, unit)), 5, unit))

    def _bare(self, value: float, unit: str, digits: int | None) -> str:
        digits = self._digits(value, unit) if digits is None else digits
        sign = "+" if unit in SIGNED and value > 0 else ""
        return sign + self.number(value * 100 if unit == "0-1" else value, digits).replace("-", "−")

    def _with_unit(self, text: str, value: float, unit: str) -> str:
        if unit == "0-1":
            return text + (f"{NBSP}%" if self.language == "ru" else "%")
        name = self.unit(unit, value)
        return f"{text}{NBSP}{name}" if name else text

    def _digits(self, value: float, unit: str) -> int:
        if unit == "words":
            return 0 if value == int(value) else 1
        if unit == "s" and value != int(value):
            return 1 if abs(value) < 10 else 0
        return DIGITS.get(unit, 0 if value == int(value) else 1)

    def _needed(self, bound: float, unit: str) -> int:
        """Digits that show a bound as it was written."""
        shown = bound * 100 if unit == "0-1" else bound
        return next((digits for digits in range(3) if abs(round(shown, digits) - shown) < 1e-9), 3)
