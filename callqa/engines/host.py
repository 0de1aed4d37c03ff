"""The side of a worker where the work is done: a process of its own, or a Ray actor."""

from __future__ import annotations

import contextlib
import ctypes
import faulthandler
import os
import pickle
import signal
import socket
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from callqa import engines
from callqa.engines import Done, attempt, started
from callqa.engines.wire import Buffer, Wire, pack, unpack
from callqa.errors import CallqaError, EngineError

# read when the library is loaded: set before the worker is made
THREADS = (
    "OMP_NUM_THREADS",
    "OPENBLAS_NUM_THREADS",
    "MKL_NUM_THREADS",
    "NUMEXPR_NUM_THREADS",
    "VECLIB_MAXIMUM_THREADS",
    "RAYON_NUM_THREADS",
)
PR_SET_PDEATHSIG, PR_SET_NAME = 1, 15
PAGE = os.sysconf("SC_PAGE_SIZE")


def thread_limits(threads: int) -> dict[str, str]:
    return {name: str(threads) for name in THREADS}


@dataclass(slots=True)
class Host:
    """Makes the worker and does one item after the other; packed parts in, packed parts out.

    The first part of every answer is small and says what became of it, the others are the result.
    """

    work: Callable[[Any], Any] = field(init=False)

    def begin(self, make_worker: Sequence[Buffer]) -> list[Buffer]:
        """("ready", ""), ("error", a pickled CallqaError) or ("crash", what went wrong)."""
        unpacked = attempt(unpack, make_worker)
        if not isinstance(unpacked, Done):
            return pack(("crash", f"what makes the worker cannot be read there ({unpacked.problem.split(';')[0]})"))
        try:
            self.work = started(unpacked.value)
        except EngineError as error:
            return pack(("crash", str(error)))
        except CallqaError as error:
            whole = attempt(lambda e: pickle.loads(pickle.dumps(e)) and pickle.dumps(e), error)
            return pack(("error", whole.value) if isinstance(whole, Done) else ("crash", str(error)))
        return pack(("ready", ""))

    def do(self, ticket: int, item: Sequence[Buffer]) -> list[Buffer]:
        """("done", ticket) and the value, or ("failed", ticket, code, problem, retryable, trace)."""
        outcome = attempt(lambda parts: pack(self.work(unpack(parts))), item)
        if isinstance(outcome, Done):
            return [*pack(("done", ticket)), *outcome.value]
        return pack(("failed", ticket, outcome.code, outcome.problem, outcome.retryable, outcome.trace))


def resident(pid: int) -> int:
    """Bytes of memory a process holds, weights read from files included; 0 when it is gone or nothing tells."""
    try:
        with open(f"/proc/{pid}/statm", "rb") as statm:
            return int(statm.read().split()[1]) * PAGE
    except (OSError, IndexError):
        return 0


def serve(end: int, parent: int) -> None:
    """A worker process from its first line to its last. ``end``: its socket; ``parent``: who started it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the parent's to act on
    _bind_to(parent)
    faulthandler.enable()
    wire = Wire(socket.socket(fileno=end))
    with contextlib.suppress(EOFError, OSError):  # the parent has closed its end, or is gone
        _serve(wire)
    os._exit(0)  # models are not taken apart piece by piece


def _serve(wire: Wire) -> None:
    host = Host()
    answer = host.begin(wire.receive())
    wire.send(answer)
    speaking = threading.Lock()  # work may have threads that call allow
    now = 0

    def tell(seconds: float) -> None:
        with speaking:
            wire.send(pack(("allow", now, seconds)))

    engines.allowed_by(tell)
    while True:
        head, *item = wire.receive()
        now = unpack([head])
        answer = host.do(now, item)
        with speaking:
            wire.send(answer)


def _bind_to(parent: int) -> None:
    """Dies with the parent, however that dies; is named; and goes first when memory is short."""
    libc = ctypes.CDLL(None, use_errno=True)
    if hasattr(libc, "prctl"):
        libc.prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(PR_SET_NAME, b"callqa-worker")
    if os.getppid() != parent:
        os._exit(1)
    with contextlib.suppress(OSError), open("/proc/self/oom_score_adj", "w") as score:
        score.write("500")
