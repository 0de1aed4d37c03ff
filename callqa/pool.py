"""Calls on their way through the process that holds the GPU: workers make them ready ahead of it and measure behind it.

A thread of its own hands windows of many calls to that process, so that its batches are full whatever a call's length.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from callqa.engines import WAIT, Done, Engine, Failed
from callqa.speech.listen import Prepared
from callqa.tasks import MakeWorker, Together
from callqa.types import Seconds, covered

WINDOWS = 3  # that may lie ready, or be in work, before no more is prepared
MOST_CALLS = 256


@dataclass(slots=True)
class Waiting:
    """A call that is ready, with its seconds of speech over all channels."""

    sha: str
    call: Prepared
    speech: Seconds


class Pool:
    """Windows of at least ``window`` seconds of speech; the last ones of a run may be shorter."""

    def __init__(self, engine: Engine, made: MakeWorker, window: Seconds) -> None:
        self.engine, self.made, self.window = engine, made, window
        self.ready: deque[Waiting] = deque()
        self.alone: deque[Waiting] = deque()
        self.outcomes: deque[Done[Any, Any] | Failed[Any]] = deque()
        self.within: dict[str, Waiting] = {}
        self.more, self.closed = True, False
        self.error: BaseException | None = None
        self.thread = threading.Thread(target=self._run, name="pool", daemon=True)
        self.thread.start()

    def put(self, sha: str, call: Prepared) -> None:
        speech = sum(covered(channel.speech) for channel in call.channels)
        self.within[sha] = Waiting(sha, call, speech)
        self.ready.append(self.within[sha])

    def room(self) -> bool:
        """Whether another call may be prepared: what lies ready is bounded."""
        held = list(self.within.values())
        return sum(one.speech for one in held) < WINDOWS * self.window and len(held) < WINDOWS * MOST_CALLS

    def taken(self) -> Iterator[tuple[str, Any]]:
        """What came back: the call's hash with what was said, or a Failed. Raises what stopped the thread."""
        if self.error is not None:
            raise self.error
        while self.outcomes:
            outcome = self.outcomes.popleft()
            shas = [sha for sha, _ in outcome.item.calls]
            if isinstance(outcome, Failed) and len(shas) > 1:
                # one of these calls hangs or kills: each by itself tells which
                self.alone.extend(self.within[sha] for sha in shas)
                continue
            for sha, answer in zip(shas, [outcome] if isinstance(outcome, Failed) else outcome.value, strict=True):
                del self.within[sha]
                yield sha, answer

    def close(self) -> None:
        """Nothing more comes; waits until the process is gone."""
        self.closed = True
        self.thread.join(30.0)

    def _run(self) -> None:
        try:
            for outcome in self.engine.map(self.made, self._windows()):
                self.outcomes.append(outcome)
        except BaseException as error:
            self.error = error

    def _windows(self) -> Iterator[Any]:
        while not self.closed:
            if self.alone:
                yield _together([self.alone.popleft()])
                continue
            held = sum(one.speech for one in list(self.ready))
            if self.ready and (held >= self.window or len(self.ready) >= MOST_CALLS or not self.more):
                yield _together(list(self._next()))
            else:
                yield WAIT

    def _next(self) -> Iterator[Waiting]:
        held = 0.0
        for _ in range(MOST_CALLS):
            if not self.ready or held >= self.window:
                return
            one = self.ready.popleft()
            held += one.speech
            yield one


def _together(waiting: list[Waiting]) -> Together:
    return Together(tuple((one.sha, one.call) for one in waiting))
