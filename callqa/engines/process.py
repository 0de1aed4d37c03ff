"""Worker processes on this machine: each loads its models once, and none can harm the others."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from callqa.engines import Done, Failed, Seconds, attempt
from callqa.engines.crew import Crew, Gone, outcome, overdue, oversized, packed, welcome
from callqa.engines.host import resident, thread_limits
from callqa.engines.wire import Buffer, Wire, pack, unpack

TICK: Seconds = 0.25  # how often time and memory are looked at
ASLEEP: Seconds = 10.0  # a gap like this between two looks: we were stopped, and no item pays for it
FAREWELL: Seconds = 2.0
# glibc: what models take and give back with every item stays with the worker, instead of being zeroed each time anew
MALLOC = {"MALLOC_TRIM_THRESHOLD_": str(1 << 32), "MALLOC_MMAP_MAX_": "0"}
KEPT_OUTPUT, LAST_WORDS = 1 << 20, 8192
BOOT = "import sys; sys.path[:] = sys.argv[3:]; from callqa.engines.host import serve; serve(*map(int, sys.argv[1:3]))"
# what Python writes as it dies; what native libraries write may hold values and is not passed on
DEATH = re.compile(r'^(?:Fatal Python error: .*|terminate called .*|  File ".*", line \d+ in .*)$', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class ProcessEngine:
    """``workers`` processes of ``threads`` threads each.

    An item has ``start_seconds``, and from inside the work `engines.allow` gives it other bounds; a worker has
    ``load_seconds`` to be made and may hold ``memory_gb`` (resident, files it has mapped included; 0: no bound).
    """

    workers: int
    threads: int = 1
    start_seconds: Seconds = 120.0
    memory_gb: float = 0.0
    load_seconds: Seconds = 600.0

    def map(
        self, make_worker: Callable[[], Callable[[Any], Any]], items: Iterable[Any]
    ) -> Iterator[Done[Any, Any] | Failed[Any]]:
        parcel = packed(make_worker)
        return Crew(lambda: WorkerProcess(self, parcel), self.workers).run(items)


class WorkerProcess:
    """One worker process as its thread sees it."""

    def __init__(self, engine: ProcessEngine, make_worker: Sequence[Buffer]) -> None:
        self._engine, self._make_worker = engine, make_worker
        self._gate = threading.Lock()  # kill comes from other threads
        self._process: subprocess.Popen[bytes] | None = None
        self._killed = False
        self._ticket = 0
        self._deadline = self._looked = 0.0
        self._bound: Seconds = 0.0

    def begin(self) -> None:
        self._allow(self._engine.load_seconds)
        with self._gate:
            if self._killed:
                raise Gone("worker_lost", "stopped")
            try:
                self._launch()
            except OSError as error:
                raise Gone(
                    "worker_lost", f"no process can be started: {error.strerror}; fewer workers need less"
                ) from None
        try:
            self._wire.send(self._make_worker)
            answer = self._wire.receive()
        except (EOFError, OSError):
            raise self._gone() from None
        welcome(answer)
        self._watch()

    def do(self, item: Any) -> Done[Any, Any] | Failed[Any]:
        parts = attempt(pack, item)
        if isinstance(parts, Failed):
            return replace(parts, item=item)
        self._ticket += 1
        self._allow(self._engine.start_seconds)
        try:
            self._wire.send([*pack(self._ticket), *parts.value])
            return self._outcome(item)
        except (EOFError, OSError):
            raise self._gone() from None

    def _outcome(self, item: Any) -> Done[Any, Any] | Failed[Any]:
        while True:
            head, *result = self._wire.receive()
            kind, ticket, *rest = unpack([head])
            if kind != "allow":
                return outcome(item, head, *result)
            if ticket == self._ticket:  # not a thread that the item before has left behind
                self._allow(*rest)
            self._watch()

    def fit(self) -> bool:
        limit = self._engine.memory_gb
        return not limit or self._process is None or resident(self._process.pid) <= limit * 2**30

    def kill(self) -> None:
        with self._gate:
            self._killed = True
            if self._process is not None and self._process.returncode is None:
                with contextlib.suppress(ProcessLookupError):
                    os.killpg(self._process.pid, signal.SIGKILL)  # and what it has started itself

    def leave(self) -> None:
        if self._process is None:
            return
        self._wire.end.close()  # the worker reads the end of its work and goes
        if self._reaped() is None:
            self.kill()
            self._reaped()
        os.close(self._output)

    def _launch(self) -> None:
        ours, theirs = socket.socketpair()
        ours.settimeout(TICK)
        self._wire = Wire(ours, self._watch)
        self._output = _kept_output()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-c", BOOT, str(theirs.fileno()), str(os.getpid()), *sys.path],
                stdin=subprocess.DEVNULL,
                stdout=self._output,
                stderr=self._output,
                pass_fds=[theirs.fileno()],
                env={**MALLOC, **os.environ, **thread_limits(self._engine.threads)},
                start_new_session=True,  # Ctrl-C in the terminal is the parent's to act on
            )
        except OSError:
            ours.close()
            os.close(self._output)
            raise
        finally:
            theirs.close()

    def _allow(self, seconds: Seconds) -> None:
        self._bound, self._looked = seconds, time.monotonic()
        self._deadline = self._looked + seconds

    def _watch(self) -> None:
        """Called at every TICK of waiting for the worker."""
        now = time.monotonic()
        if now - self._looked > ASLEEP:
            self._deadline += now - self._looked
        self._looked = now
        if now > self._deadline:
            self.kill()
            raise overdue(self._bound)
        if not self.fit():
            self.kill()
            raise oversized(self._engine.memory_gb)
        if os.fstat(self._output).st_size > KEPT_OUTPUT:
            os.ftruncate(self._output, 0)

    def _gone(self) -> Gone:
        """How the worker ended, in words."""
        self.kill()
        code = self._reaped()
        size = os.fstat(self._output).st_size
        written = os.pread(self._output, LAST_WORDS, max(0, size - LAST_WORDS)).decode(errors="replace")
        return Gone("worker_lost", f"the worker process ended with {_ending(code)}", "\n".join(DEATH.findall(written)))

    def _reaped(self) -> int | None:
        """The exit code; None: a read that the kernel does not interrupt holds it."""
        assert self._process is not None
        with contextlib.suppress(subprocess.TimeoutExpired):
            return self._process.wait(FAREWELL)
        return None


def _kept_output() -> int:
    """A file for what a worker prints; not on a disk, which may be full. Whoever writes appends."""
    import fcntl

    if hasattr(os, "memfd_create"):
        end = os.memfd_create("callqa-worker")
    else:
        with tempfile.TemporaryFile() as file:
            end = os.dup(file.fileno())
    fcntl.fcntl(end, fcntl.F_SETFL, os.O_APPEND)
    return end


def _ending(code: int | None) -> str:
    if code is None:
        return "no answer to being stopped"
    if code >= 0:
        return f"exit code {code}"
    name = signal.Signals(-code).name
    return f"{name} (most often memory is short: fewer workers need less)" if name == "SIGKILL" else name
