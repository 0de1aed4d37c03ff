"""The page that lists the calls of a run, and the files that were set aside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from callqa.reports.charts import level
from callqa.reports.render import render
from callqa.types import Language, Trust


@dataclass(frozen=True, slots=True)
class Row:
    """A call's line: with a score, or without and why (``reason``); or a file set aside (``problem``, ``code``).

    ``top_loss`` is what cost most points, in words.
    """

    file: str
    href: str = ""
    started_at: str | None = None
    rep: str | None = None
    customer: str | None = None
    call_type: str | None = None
    duration: float | None = None
    score: float | None = None
    coverage: float | None = None
    trust: Trust | None = None
    reason: str | None = None
    top_loss: str | None = None
    problem: str | None = None
    code: str | None = None


def index(rows: Sequence[Row], language: Language) -> str:
    """One self-contained page; calls in the order given, files set aside below them."""
    calls = [row for row in rows if row.problem is None]
    return render(
        "index.html",
        language,
        calls=calls,
        scored=sum(row.score is not None for row in calls),
        aside=[(row, detail(row)) for row in rows if row.problem is not None],
        level=level,
    )


def detail(row: Row) -> str:
    """The problem without the path before it: the page says the file's name, not where it lies.

    >>> detail(Row("b.wav", problem="/srv/calls/b.wav: 9 bytes of text"))
    '9 bytes of text'
    """
    before, found, after = (row.problem or "").partition(f"{row.file}: ")
    return after if found else before
