"""Why there is no figure, in the reader's language: reasons are English in the data and are known by their form."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

from callqa.config import read_toml
from callqa.types import Language


def reason(said: str, language: Language) -> str:
    """One that a metric of the team's own gives stands as it was written.

    >>> reason("no rate of USD to RUB by 2026-10-05", "ru"), reason("нет данных", "ru")
    ('нет курса USD к RUB на 2026-10-05', 'нет данных')
    """
    if language == "en":
        return said.replace("stage_history", "stage history")
    for form, told in _forms():
        if found := form.fullmatch(said):
            return told.format(**found.groupdict())
    return said


@cache
def _forms() -> tuple[tuple[re.Pattern[str], str], ...]:
    """The forms as patterns; those that carry least come first, for they are the surest."""
    known: dict[str, str] = read_toml(Path(__file__).with_suffix(".toml"))
    ordered = sorted(known.items(), key=lambda pair: (pair[0].count("{"), -len(pair[0])))
    return tuple((re.compile(_pattern(form)), told) for form, told in ordered)


def _pattern(form: str) -> str:
    return re.sub(r"\\\{(\w+)\\\}", r"(?P<\1>.+)", re.escape(form))
