"""Workers on a Ray cluster, or on one machine through Ray: an actor a worker, each with a GPU or a share of one."""

from __future__ import annotations

import contextlib
import logging
import os
import re
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from callqa import engines
from callqa.engines import WAIT, Done, Failed, Seconds, attempt
from callqa.engines.crew import Crew, Gone, outcome, overdue, oversized, packed, welcome
from callqa.engines.host import Host, resident, thread_limits
from callqa.engines.wire import Buffer, pack
from callqa.errors import EngineError, MissingExtra

TICK: Seconds = 0.5  # how often time and memory are looked at
PULSE: Seconds = 2.0  # an actor that says nothing for so long is judged by what it said before
KNOCK: Seconds = 5.0
Parts = list[bytes]  # Ray gives views of its own memory back for anything else


@dataclass(frozen=True, slots=True)
class RayEngine:
    """``workers`` actors of ``threads`` CPUs and ``gpus`` GPUs each (0.5: two share one).

    ``address`` is a running cluster's ("auto", "host:6379"), on whose machines callqa is installed too; without one,
    Ray is started on this machine and stopped after the run. The other fields are as in ProcessEngine.
    """

    workers: int
    threads: int = 1
    start_seconds: Seconds = 120.0
    memory_gb: float = 0.0
    load_seconds: Seconds = 600.0
    address: str = ""
    gpus: float = 0.0

    def map(
        self, make_worker: Callable[[], Callable[[Any], Any]], items: Iterable[Any]
    ) -> Iterator[Done[Any, Any] | Failed[Any]]:
        parcel = _bytes(packed(make_worker))
        with contextlib.ExitStack() as cluster:
            crew = Crew(lambda: ActorWorker(self, parcel), self.workers)
            yield from crew.run(self._connected(items, cluster))

    def _connected(self, items: Iterable[Any], cluster: contextlib.ExitStack) -> Iterator[Any]:
        """The items; Ray is there before the first one."""
        there = False
        for item in items:
            if item is not WAIT and not there:
                cluster.enter_context(connected(self.address, self.workers * self.threads))
                self._check_room()
                there = True
            yield item

    def _check_room(self) -> None:
        """An actor that asks for more than there is would be waited for for ever."""
        import ray

        there = ray.cluster_resources()
        for what, needed in (("CPU", self.threads), ("GPU", self.gpus)):
            if needed > there.get(what, 0):
                raise EngineError(
                    f"a worker asks for {needed:g} {what}, all of Ray has {there.get(what, 0):g}; ask for less a worker"
                )


@contextlib.contextmanager
def connected(address: str = "", cpus: int = 1) -> Iterator[None]:
    """Within: Ray is there. Where nobody has connected before, it ends with the block."""
    ray = _quiet_ray()
    if ray.is_initialized():
        yield
        return
    where = {"address": address} if address else {"num_cpus": cpus, "include_dashboard": False}
    try:
        _knock(address)
    except OSError as error:
        raise _silent(address, error) from error
    with _sigterm_kept() as keep:
        try:
            ray.init(**where, log_to_driver=False, configure_logging=False)
        except Exception as error:  # of every class there is, bare Exception among them
            raise _silent(address, error) from error
        keep()
        try:
            yield
        finally:
            ray.shutdown()


def _silent(address: str, error: Exception) -> EngineError:
    return EngineError(f"Ray at {address or 'this machine'} does not answer: {error}")


@contextlib.contextmanager
def _sigterm_kept() -> Iterator[Callable[[], None]]:
    """Ray answers SIGTERM in its own way from its start on, and for ever; it may so only where the run has no answer.

    Ray's answer takes its processes down; without any, its agents outlive us.
    """
    before = signal.getsignal(signal.SIGTERM)

    def restore() -> None:
        if before is not None and threading.current_thread() is threading.main_thread():
            signal.signal(signal.SIGTERM, before)

    try:
        yield (lambda: None) if before == signal.SIG_DFL else restore
    finally:
        restore()


def _knock(address: str) -> None:
    """An OSError where nobody is at home: Ray would try for minutes."""
    host, _, port = address.removeprefix("ray://").rpartition(":")
    if port.isdecimal():
        socket.create_connection((host, int(port)), KNOCK).close()


def _quiet_ray() -> Any:
    """The package, told to print nothing and to tell nobody of its use."""
    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    os.environ["RAY_ENABLE_AUTO_CONNECT"] = "0"  # a thread that is late would start a Ray of its own after the end
    try:
        import ray
        from ray._private import worker
    except ImportError:
        raise MissingExtra("ray", "the engine ray") from None
    logging.getLogger("ray").setLevel(logging.ERROR)
    worker._worker_logs_enabled = False  # deaths of workers, on stdout of all places; each comes to us as an error too
    return ray


class Actor:
    """A host that says, while it works, how it is."""

    def __init__(self) -> None:
        self._host = Host()
        self._ticket, self._bound, self._until = 0, 0.0, 0.0

    def begin(self, make_worker: Parts, paths: Sequence[str], threads: int) -> Parts:
        sys.path += [path for path in paths if path not in sys.path]
        os.environ.update(thread_limits(threads))
        engines.allowed_by(self._allow)
        return _bytes(self._host.begin(make_worker))

    def do(self, ticket: int, item: Parts, seconds: Seconds) -> Parts:
        self._allow(seconds)
        self._ticket = ticket
        return _bytes(self._host.do(ticket, _writable(item)))

    def pulse(self) -> tuple[int, Seconds, Seconds, int]:
        """The item at work, the time it was given, what is left of it, and bytes of memory held."""
        return self._ticket, self._bound, self._until - time.monotonic(), resident(os.getpid())

    def _allow(self, seconds: Seconds) -> None:
        self._bound, self._until = seconds, time.monotonic() + seconds


class ActorWorker:
    """One actor as its thread sees it."""

    def __init__(self, engine: RayEngine, make_worker: Parts) -> None:
        self._engine, self._make_worker = engine, make_worker
        self._gate = threading.Lock()  # kill comes from other threads
        self._actor: Any = None
        self._killed = False
        self._ticket = self._held = 0
        self._bound, self._until = 0.0, 0.0

    def begin(self) -> None:
        import ray

        engine = self._engine
        self._allow(engine.load_seconds)
        hired = ray.remote(num_cpus=engine.threads, num_gpus=engine.gpus, concurrency_groups={"watch": 1})(Actor)
        with self._gate:
            if self._killed:
                raise Gone("worker_lost", "stopped")
            self._actor = hired.remote()
        welcome(self._answer(self._actor.begin.remote(self._make_worker, sys.path, engine.threads)))
        self._watch()

    def do(self, item: Any) -> Done[Any, Any] | Failed[Any]:
        parts = attempt(pack, item)
        if isinstance(parts, Failed):
            return replace(parts, item=item)
        self._ticket += 1
        seconds = self._engine.start_seconds
        self._allow(seconds)
        return outcome(item, *self._answer(self._actor.do.remote(self._ticket, _bytes(parts.value), seconds)))

    def fit(self) -> bool:
        if self._engine.memory_gb:
            self._ask()
        return self._within()

    def kill(self) -> None:
        import ray

        with self._gate:
            self._killed = True
            if self._actor is not None:
                ray.kill(self._actor)

    def leave(self) -> None:
        self.kill()  # an actor's process goes at once, there is nothing for it to take apart

    def _allow(self, seconds: Seconds) -> None:
        self._bound, self._until = seconds, time.monotonic() + seconds

    def _answer(self, call: Any) -> list[bytearray]:
        import ray

        try:
            while not ray.wait([call], timeout=TICK)[0]:
                self._watch()
            return _writable(ray.get(call))
        except ray.exceptions.RayError as error:
            raise Gone("worker_lost", _ending(error)) from None

    def _watch(self) -> None:
        self._ask()
        if time.monotonic() > self._until:
            self.kill()
            raise overdue(self._bound)
        if not self._within():
            self.kill()
            raise oversized(self._engine.memory_gb)

    def _within(self) -> bool:
        limit = self._engine.memory_gb
        return not limit or self._held <= limit * 2**30

    def _ask(self) -> None:
        """How the actor is; one that is dead or does not answer is as it was."""
        import ray

        with contextlib.suppress(ray.exceptions.RayError):
            pulse = self._actor.pulse.options(concurrency_group="watch").remote()
            ticket, bound, left, self._held = ray.get(pulse, timeout=PULSE)
            if ticket == self._ticket > 0:
                self._bound, self._until = bound, time.monotonic() + left


def _bytes(parts: Iterable[Buffer]) -> Parts:
    return [bytes(part) for part in parts]


def _writable(parts: Parts) -> list[bytearray]:
    return [bytearray(part) for part in parts]


def _ending(error: Exception) -> str:
    code = re.search(r"exit code \d+", str(error))
    if code:
        return f"the Ray actor ended with {code[0]}"
    return f"the Ray actor was killed, crashed, or its machine went away ({type(error).__name__}; Ray's logs say more)"
