"""The onboarding page: every new rep's way beside the tenured, for a head of sales and for the rep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

from callqa.config import read_toml
from callqa.insight.ramp import Cohort, Ramp, Rules, Week
from callqa.reports.numbers import NBSP, Numbers
from callqa.reports.ramp_chart import chart
from callqa.reports.render import render
from callqa.reports.texts import Texts
from callqa.types import Language


def html(
    ramps: Sequence[Ramp],
    cohort: Cohort,
    rules: Rules,
    as_of: date,
    currency: str,
    unpriced: int,
    language: Language,
) -> str:
    """One self-contained page. Money is in hundredths of ``currency``; ``cohort`` may hold more reps than ``ramps``."""
    return render(
        "onboarding.html", language, v=View(language, rules, currency), **_facts(ramps, cohort, as_of, unpriced)
    )


def _facts(ramps: Sequence[Ramp], cohort: Cohort, as_of: date, unpriced: int) -> dict[str, object]:
    return {"ramps": ramps, "cohort": cohort, "as_of": as_of, "unpriced": unpriced}


@dataclass(frozen=True, slots=True)
class View:
    """Words and figures of the page in its language."""

    language: Language
    rules: Rules
    currency: str

    @property
    def numbers(self) -> Numbers:
        return Numbers(self.language)

    @property
    def share(self) -> str:
        return self.numbers.percent(self.rules.share)

    @property
    def window(self) -> str:
        return self.counted("weeks_of", self.rules.window_weeks)

    def say(self, key: str, **values: object) -> str:
        """A text of the page; an unknown key is a bug and raises KeyError."""
        known = {"share": self.share, "weeks": self.window, "currency": self.currency}
        text: str = catalogue()[key][self.language]
        return text.format(**known | values)

    def told(self, section: str, code: str) -> str:
        text: str = catalogue()[section][code][self.language]
        return text

    def counted(self, forms: str, number: float) -> str:
        """A number with the form of its noun: 42 дня."""
        noun = Texts(self.language).counted(catalogue()[forms][self.language], number)
        return f"{self.numbers.number(number)}{NBSP}{noun}"

    def days(self, days: int | float | None, seen: int) -> str:
        """Days, or that it did not happen while the rep could be watched."""
        return self.say("not_yet", days=self.counted("days", seen)) if days is None else self.counted("days", days)

    def score_days(self, ramp: Ramp) -> str:
        """The same of the call score; a rep without scored calls is not told to be late."""
        if any(week.score is not None for week in ramp.weeks) or ramp.score_days is not None:
            return self.days(ramp.score_days, ramp.seen_days)
        return self.say("no_calls")

    def money(self, hundredths: float) -> str:
        return self.numbers.number(hundredths / 100)

    def axis(self, hundredths: float) -> str:
        """Money on an axis, short: 1,2 млн, 350 тыс., 80."""
        amount = hundredths / 100
        for size, ru, en in ((1e6, "млн", "m"), (1e3, "тыс.", "k")):
            if amount >= size:
                digits = 1 if amount < 10 * size else 0
                word = ru if self.language == "ru" else en
                return f"{self.numbers.number(amount / size, digits)}{NBSP}{word}"
        return self.numbers.number(amount)

    def chart(self, weeks: Sequence[Week], width: int) -> str:
        return chart(weeks, self.rules.share, self.axis, width)

    def lag(self, ramp: Ramp) -> str:
        """The block that lags with both figures, or why none is named."""
        if ramp.lag is None:
            return self.told("reasons", ramp.lag_reason or "")
        one = self.numbers.number
        block = Texts(self.language).told("block", ramp.lag.block)
        return self.say("lag_said", block=block, value=one(ramp.lag.value), tenured=one(ramp.lag.tenured))


@cache
def catalogue() -> Mapping[str, Any]:
    return read_toml(Path(__file__).with_suffix(".toml"))
