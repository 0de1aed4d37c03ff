"""A run from its first event to its summary: all who listen hear everything; whatever ends it, it is accounted for."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import FrameType
from typing import Any, Protocol

from callqa.errors import CallqaError, StoreError
from callqa.events import Event
from callqa.nightly import summary
from callqa.nightly.lock import Held
from callqa.nightly.summary import State, Summary
from callqa.nightly.tally import Tally
from callqa.types import Seconds

TICK: Seconds = 0.5
LOOK_AT_LOCK: Seconds = 15.0
STOPS = (KeyboardInterrupt, SystemExit)  # a library may answer a signal with the second


class Listener(Protocol):
    """Hears of a run. ``tick`` comes twice a second from another thread, also while no event does."""

    def started(self, run: int, **told: Any) -> None: ...
    def heard(self, event: Event) -> None: ...
    def tick(self) -> None: ...
    def ended(self, told: Summary) -> None: ...


@dataclass(slots=True)
class Lookout:
    """Looks now and then whether the store is still ours; the run ends where it is not."""

    lock: Held
    lost: CallqaError | None = None
    _ticks: int = 0

    def tick(self) -> None:
        self._ticks += 1
        if self._ticks % int(LOOK_AT_LOCK / TICK) == 0:
            try:
                self.lock.kept()
            except StoreError:
                return  # away: nobody can take it either
            except CallqaError as error:
                self.lost = error


@dataclass(frozen=True, slots=True)
class Night:
    """What is known of a run before it starts."""

    command: str
    run: int
    folders: tuple[str, ...]
    tally: Tally
    listeners: Sequence[Listener]
    lock: Held
    notes: list[str] = field(default_factory=list)

    def follow(self, events: Iterable[Event]) -> tuple[Summary, BaseException | None]:
        """The summary, and what ended the run before its end: a wish to stop (STOPS), or an error."""
        began, lookout = datetime.now(UTC), Lookout(self.lock)
        for listener in self.listeners:
            listener.started(self.run, command=self.command, recordings=self.tally.total)
        ended: BaseException | None = None
        try:
            with ticking([lookout.tick, *(listener.tick for listener in self.listeners)]):
                self._listen(events, lookout)
        # whatever it is: the account comes first, then it goes on its way
        except BaseException as error:
            ended = error
        with deaf():
            if isinstance(events, Generator):
                events.close()  # its workers end with it
            told = self._summary(began, ended)
            for listener in self.listeners:
                listener.ended(told)
        return told, ended

    def _listen(self, events: Iterable[Event], lookout: Lookout) -> None:
        for event in events:
            self.tally.heard(event)
            for listener in self.listeners:
                listener.heard(event)
            if lookout.lost:
                raise lookout.lost

    def _summary(self, began: datetime, ended: BaseException | None) -> Summary:
        state: State = "done" if ended is None else "stopped" if isinstance(ended, STOPS) else "died"
        known = isinstance(ended, CallqaError)
        problem = "" if state != "died" else str(ended) if known else type(ended).__name__
        seen = self.tally.seen()
        return summary.summary(
            self.command, self.run, state, seen, self.folders, began, problem=problem, notes=self.notes
        )


@contextmanager
def ticking(ticks: Sequence[Callable[[], None]]) -> Iterator[None]:
    """Calls all of them every TICK seconds, in a thread of their own, until the block ends."""
    over = threading.Event()

    def run() -> None:
        while not over.wait(TICK):
            for tick in ticks:
                tick()

    thread = threading.Thread(target=run, name="callqa-progress", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


@contextmanager
def stoppable() -> Iterator[None]:
    """SIGTERM, with which systemd stops a service, and a terminal that is closed end a run as Ctrl-C does."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    for number, handler in before.items():
        if handler == signal.SIG_DFL:  # nohup has its own wish
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def deaf() -> Iterator[None]:
    """A second Ctrl-C must not cost the summary."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    with suppress(ValueError):  # only the main thread hears signals
        for number in before:
            signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        with suppress(ValueError):
            for number, handler in before.items():
                signal.signal(number, handler)
