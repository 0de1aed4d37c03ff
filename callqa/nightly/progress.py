"""How a run gets on, on stderr: one line that is drawn anew on a terminal, a plain line now and then elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any

from callqa.events import Event
from callqa.nightly.summary import Summary, clock
from callqa.nightly.tally import Seen, Tally
from callqa.types import Seconds

if TYPE_CHECKING:
    from rich.live import Live

EVERY: Seconds = 30.0
FIRST: Seconds = 2.0
WIDTH = 79


@dataclass(slots=True)
class Plain:
    """A line every half minute, for logs of cron and systemd."""

    tally: Tally
    note: Callable[[str], None]
    every: Seconds = EVERY
    _next: float = field(default_factory=lambda: time.monotonic() + FIRST)

    def started(self, run: int, **told: Any) -> None:
        """The first line waits until there is something to tell."""

    def heard(self, event: Event) -> None:
        """The tally counts."""

    def tick(self) -> None:
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + self.every
            self.note(line(self.tally.seen()))

    def ended(self, told: Summary) -> None:
        """The summary follows."""


@dataclass(slots=True)
class Drawn:
    """The same line on a terminal, drawn anew twice a second and gone at the end."""

    tally: Tally
    _live: Live | None = None

    def started(self, run: int, **told: Any) -> None:
        from rich.console import Console
        from rich.live import Live
        from rich.text import Text

        def drawn() -> Text:
            return Text(line(self.tally.seen()), no_wrap=True, overflow="ellipsis")

        console = Console(stderr=True)
        self._live = Live(console=console, get_renderable=drawn, refresh_per_second=2, transient=True)
        self._live.start()

    def heard(self, event: Event) -> None:
        """The tally counts."""

    def tick(self) -> None:
        """The line draws itself."""

    def ended(self, told: Summary) -> None:
        if self._live:
            self._live.stop()


@dataclass(slots=True)
class Told:
    """A line a recording, for a watch: there is no end to be near to."""

    note: Callable[[str], None]

    def started(self, run: int, **told: Any) -> None:
        """The command says where it looks."""

    def heard(self, event: Event) -> None:
        at, name = f"{datetime.now():%H:%M:%S}", event.path.name
        if event.kind == "scored":
            score = "no score" if event.score is None else f"{event.score:.1f}"
            self.note(f"{at} {name}: {score} ({clock(event.seconds)})")
        elif event.kind == "failed":
            self.note(f"{at} {name}: set aside ({event.code})")

    def tick(self) -> None:
        """Every recording has its line."""

    def ended(self, told: Summary) -> None:
        """The summary follows."""


def progress(tally: Tally, note: Callable[[str], None]) -> Plain | Drawn:
    """The one that fits where stderr leads."""
    return Drawn(tally) if sys.stderr.isatty() else Plain(tally, note)


def line(seen: Seen) -> str:
    """Count, time left, rates, and the commonest reasons for setting aside as far as WIDTH letters go."""
    when = f"at work for {left(seen.passed)}" if seen.left is None else f"{left(seen.left)} left"
    told = f"{seen.done:,}/{seen.total:,}  {when}"
    if seen.calls_per_hour:
        told += f"  {seen.calls_per_hour:,.0f} calls/h  {seen.call_hours_per_hour:,.1f} call-h/h"
    if failed := sum(seen.failed.values()):
        told += f"  aside {failed:,}"
    join = ": "
    for code, count in sorted(seen.failed.items(), key=lambda row: (-row[1], row[0])):
        if len(told) + len(join) + len(f"{code} {count:,}") > WIDTH:
            break
        told += f"{join}{code} {count:,}"
        join = ", "
    return told


def left(seconds: Seconds) -> str:
    """
    >>> left(9661), left(125), left(12)
    ('2 h 41 min', '2 min', '12 s')
    """
    minutes = round(seconds / 60)
    if minutes >= 60:
        return f"{minutes // 60} h {minutes % 60:02d} min"
    return f"{minutes} min" if seconds >= 60 else f"{seconds:.0f} s"
