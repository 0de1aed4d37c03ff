"""What engines with workers of their own have in common: hand out items, replace workers, give up when none starts."""

from __future__ import annotations

import logging
import queue
import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from callqa.engines import PAUSE, STARTS, WAIT, Done, Failed, Seconds, attempt, lost
from callqa.engines.wire import Buffer, pack, unpack
from callqa.errors import EngineError, UsageError

GOODBYE: Seconds = 5.0
log = logging.getLogger(__name__)
_END = object()


class Gone(Exception):
    """The worker is no more: "worker_lost" may go better in another one, "timeout" and "memory" would not."""

    def __init__(self, code: str, problem: str, trace: str = "") -> None:
        self.code, self.problem, self.trace = code, problem, trace
        super().__init__(code, problem, trace)


def overdue(seconds: Seconds) -> Gone:
    return Gone(
        "timeout",
        f"not done within the {seconds:.0f} s it was given and stopped; "
        "on a machine that was busy with other things `callqa retry` may go better",
    )


def oversized(gigabytes: float) -> Gone:
    return Gone(
        "memory",
        f"stopped: its worker held more than the {gigabytes:g} GB a worker may hold; "
        "what needs so much is most often broken, for what is not the limit can be raised",
    )


class Worker(Protocol):
    """One worker as its thread sees it. ``begin`` and ``do`` raise Gone; ``kill`` may come from another thread."""

    def begin(self) -> None: ...

    def do(self, item: Any) -> Done[Any, Any] | Failed[Any]: ...

    def fit(self) -> bool:
        """Whether it may take another item."""
        ...

    def leave(self) -> None:
        """Let it end by itself if it still lives, and give back all that it held."""
        ...

    def kill(self) -> None: ...


def packed(make_worker: Callable[[], Callable[[Any], Any]]) -> list[Buffer]:
    """What makes a worker, ready to travel; EngineError where it cannot."""
    parcel = attempt(pack, make_worker)
    if isinstance(parcel, Failed):
        raise EngineError("what makes the worker cannot travel to another process: give a function of a module")
    return parcel.value


def welcome(answer: Sequence[Buffer]) -> None:
    """What a new worker says of itself (``Host.begin``): nothing when it is ready, else its error or Gone."""
    kind, detail = unpack(answer)
    if kind == "error":
        raise unpack([detail])
    if kind == "crash":
        raise Gone("worker_lost", detail)


def outcome(item: Any, head: Buffer, *result: Buffer) -> Done[Any, Any] | Failed[Any]:
    """What a host's answer says of the item."""
    kind, _, *reasons = unpack([head])
    if kind == "failed":
        return Failed(item, *reasons)
    value = attempt(unpack, result)
    return Done(item, value.value) if isinstance(value, Done) else replace(value, item=item)


@dataclass(slots=True)
class Task:
    """An item and how often a worker was lost with it."""

    item: Any
    losses: int = 0

    def after(self, gone: Gone) -> Failed[Any] | None:
        """Its outcome now that its worker is gone; None: once more."""
        self.losses += 1
        if gone.code != "worker_lost":
            return Failed(self.item, gone.code, gone.problem, trace=gone.trace)
        if self.losses == 1:
            return None
        return Failed(self.item, gone.code, f"two workers were lost with it: {gone.problem}", True, gone.trace)


class Crew:
    """One thread a worker, each with one item at a time; threads and workers come as there are items for them.

    ``hire`` makes a Worker object and starts nothing yet.
    """

    def __init__(self, hire: Callable[[], Worker], size: int) -> None:
        if size < 1:
            raise UsageError(f"{size} workers do no work; ask for 1 or more")
        self._hire, self._size = hire, size
        self._state = threading.Condition()  # guards all below but the outcomes
        self._waiting: deque[Task] = deque()
        self._threads: list[threading.Thread] = []
        self._workers: set[Worker] = set()
        self._ready: set[Worker] = set()
        self._free = self._failed_starts = self._given_up = 0
        self._closed = False
        self._outcomes: queue.SimpleQueue[Done[Any, Any] | Failed[Any] | BaseException] = queue.SimpleQueue()

    def run(self, items: Iterable[Any]) -> Iterator[Done[Any, Any] | Failed[Any]]:
        """Every outcome as it comes. Closing the iterator ends the workers."""
        source = iter(items)
        held, more = 0, True
        try:
            while True:
                item = None
                while more and held < 2 * self._size and (item := next(source, _END)) is not WAIT:
                    more = item is not _END
                    if more:
                        self._add(Task(item))
                        held += 1
                if not (more or held):
                    return
                outcome = self._next(PAUSE if item is WAIT else None)
                if outcome is not None:
                    held -= 1
                    yield outcome
        finally:
            self._close(at_once=held > 0)

    def _next(self, patience: Seconds | None) -> Done[Any, Any] | Failed[Any] | None:
        try:
            outcome = self._outcomes.get(timeout=patience)
        except queue.Empty:
            return None
        if isinstance(outcome, BaseException):
            raise outcome
        return outcome

    def _add(self, task: Task) -> None:
        with self._state:
            self._waiting.append(task)
            if len(self._waiting) > self._free and len(self._threads) < self._size:
                # a daemon: a caller that never closes the iterator can still exit, and its workers with it
                thread = threading.Thread(target=self._keep, name=f"callqa-crew-{len(self._threads)}", daemon=True)
                thread.start()
                self._threads.append(thread)
            self._state.notify()

    def _due(self) -> bool:
        """Waits until there is an item. False: the crew is closed."""
        with self._state:
            self._free += 1
            self._state.wait_for(lambda: self._waiting or self._closed)
            self._free -= 1
            return not self._closed

    def _take(self) -> Task | None:
        """The next item if nobody else was faster."""
        with self._state:
            return self._waiting.popleft() if self._waiting else None

    def _keep(self) -> None:
        """What each thread does: keep one worker at work."""
        worker: Worker | None = None
        task: Task | None = None  # in hand while it is tried again
        try:
            while task is not None or self._due():
                worker = worker or self._start()
                if worker is None:
                    return self._give_back(task)
                # taken only now: others may do it while a worker is made
                task = task or self._take()
                if task is not None:
                    outcome, worker = self._done(worker, task)
                    if outcome is not None:
                        task = None
                        self._outcomes.put(outcome)
        except BaseException as error:  # a thread has nobody else to tell
            self._outcomes.put(error)
        finally:
            if worker is not None:
                worker.leave()

    def _done(self, worker: Worker, task: Task) -> tuple[Done[Any, Any] | Failed[Any] | None, Worker | None]:
        """What became of the item (None: to be tried again), and the worker if it is still one."""
        try:
            outcome = worker.do(task.item)
        except Gone as gone:
            self._dismiss(worker)
            return task.after(gone), None
        if lost(outcome):
            self._dismiss(worker)
            return task.after(Gone(outcome.code, outcome.problem)), None
        self._failed_starts = 0
        if not worker.fit():
            self._dismiss(worker)
            return outcome, None
        return outcome, worker

    def _start(self) -> Worker | None:
        """A worker that is ready. None: the crew is closed, or nothing starts and this thread gives up."""
        problem = ""
        for _ in range(STARTS):
            worker = self._hire()
            with self._state:
                if self._closed:
                    return None
                self._workers.add(worker)
                self._free += 1
                self._state.notify()  # another may have a worker at hand for the item that woke this thread
            try:
                worker.begin()
            except Gone as gone:
                problem = gone.problem
            else:
                return self._welcome(worker)
            finally:
                with self._state:
                    self._free -= 1
                if worker not in self._ready:
                    self._dismiss(worker)
            self._failed_starts += 1
            if self._failed_starts >= STARTS and not self._ready:
                break
        self._give_up(problem)
        return None

    def _welcome(self, worker: Worker) -> Worker:
        with self._state:
            self._ready.add(worker)
            self._failed_starts = 0
        return worker

    def _dismiss(self, worker: Worker) -> None:
        worker.kill()
        worker.leave()
        with self._state:
            self._workers.discard(worker)
            self._ready.discard(worker)

    def _give_back(self, task: Task | None) -> None:
        with self._state:
            if task is not None:
                self._waiting.appendleft(task)
            self._state.notify()

    def _give_up(self, problem: str) -> None:
        """This thread ends; the last one says that nobody can work."""
        with self._state:
            self._given_up += 1
            others = len(self._threads) - self._given_up
            closed = self._closed
        if not others:
            self._outcomes.put(EngineError(f"no worker starts, {STARTS} tries in a row: {problem}"))
        elif not closed:
            log.warning("a worker does not start, %d go on without it: %s", others, problem)

    def _close(self, at_once: bool) -> None:
        with self._state:
            self._closed = True
            self._waiting.clear()
            self._state.notify_all()
            workers = self._workers.copy() if at_once else self._workers - self._ready
        for worker in workers:
            worker.kill()
        patience = time.monotonic() + GOODBYE
        for thread in self._threads:
            thread.join(max(0.0, patience - time.monotonic()))
