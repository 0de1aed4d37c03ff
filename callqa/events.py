"""What became of one recording of a run: what the runner tells and progress, logs, summary and Prometheus listen to."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from callqa.types import Seconds

Kind = Literal["scored", "unchanged", "copy", "failed", "retrying"]


@dataclass(frozen=True, slots=True)
class Event:
    """What became of one recording.

    ``seconds`` of the call, ``wall`` seconds of work on it. ``code`` (for counting) and ``problem`` (what and the cure,
    no text of the call) only of what failed; ``retrying``: it failed and stays in this run.
    """

    path: Path
    kind: Kind
    seconds: Seconds = 0.0
    score: float | None = None
    code: str = ""
    problem: str = ""
    retryable: bool = False
    language: str = ""
    layout: str = ""
    wall: float = 0.0
