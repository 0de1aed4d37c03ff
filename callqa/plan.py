"""How a batch is to work, and what it holds of each recording."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median

from callqa.pipeline import Job
from callqa.store.many import KnownFile
from callqa.store.recent import began
from callqa.types import Language, Recording, Seconds

LONG = 4.0  # times the usual length
# bytes a second that telephony writes, for the order of work alone: the longest first
RATES = {".wav": 16_000, ".flac": 14_000, ".mp3": 4_000, ".m4a": 4_000, ".opus": 3_000, ".ogg": 3_000, ".amr": 1_600}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a run works. ``workers`` 0: one a core. ``out``: the folder for pages, None for none.

    ``under`` is noted beside a failure: what it hangs on beside the file. ``note`` hears of what is no one recording's.
    ``listed``: whether the page that lists the calls is this run's, and ``aside`` what else it lists: files that failed
    before and are no jobs of this run. ``pooled``: chunks of many calls go to one recogniser together, ``window``
    seconds of speech at a time (0: as suits the machine), while the workers prepare and measure (None: where there is a
    GPU).
    """

    engine: str = "local"
    workers: int = 0
    address: str = ""
    out: Path | None = None
    language: Language | None = None
    embed: bool = False
    memory_gb: float = 0.0
    start_seconds: Seconds = 120.0
    under: str = ""
    note: Callable[[str], None] = field(default=lambda line: None)
    listed: bool = True
    aside: frozenset[str] = frozenset()
    pooled: bool | None = None
    window: Seconds = 0.0


@dataclass(slots=True)
class Case:
    """One recording of the run. ``settled`` is what the store says it was settled under."""

    job: Job
    file: KnownFile
    recording: Recording | None = None
    settled: str = ""
    stale: bool = True
    wall: Seconds = 0.0
    tried: bool = False


def ordered(cases: Mapping[str, Case]) -> list[str]:
    """The order of work: what is far longer than the rest first, so that it does not hold up the end; then as the calls
    were, for a rep's call is judged after those before it; those without a time before them, the longest first."""
    if not cases:
        return []
    long = LONG * median(guessed(case) for case in cases.values())

    def place(sha: str) -> tuple[bool, str, float, str]:
        case = cases[sha]
        told = case.job.metadata.started_at
        when = "" if guessed(case) > long or not told else began(told)
        return guessed(case) <= long, when, -guessed(case), str(case.job.path)

    return sorted(cases, key=place)


def guessed(case: Case) -> float:
    """Seconds of a call, as far as its size tells."""
    return case.file.size / RATES.get(case.job.path.suffix.lower(), 8_000)
