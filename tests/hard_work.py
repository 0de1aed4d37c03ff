"""Work for the engine tests: everything that can happen in a worker. Items are (what, argument)."""

import ctypes
import os
import signal
import sys
import threading
import time
from dataclasses import dataclass
from pathlib import Path

from callqa import engines, errors


def once(mark):
    """True the first time it is asked for this mark, in whatever process."""
    try:
        Path(mark).touch(exist_ok=False)
    except FileExistsError:
        return False
    return True


class Unreadable:
    """Can be pickled; whoever reads it fails."""

    def __reduce__(self):
        return _refuse, ()


def _refuse():
    raise ValueError("what the customer said")


def _unlike(_):
    import numpy

    return numpy.arange(2_000_000, dtype=numpy.float64)


def _leave_threads_behind(seconds):
    for _ in range(3):
        threading.Thread(target=_chatter, args=[seconds], daemon=True).start()
    return "left"


def _chatter(seconds):
    for _ in range(20):
        engines.allow(seconds)
        time.sleep(0.02)


def _fill(megabytes):
    held = [bytearray(os.urandom(1) * (1 << 20)) for _ in range(megabytes)]
    time.sleep(30)
    return len(held)


def _slowly(seconds):
    engines.allow(seconds + 5)
    time.sleep(seconds)
    return "in time"


def _noise(_):
    for _ in range(300):
        os.write(1, b"[opus @ 0x55] noise of a native library\n" * 1000)
    print("and of Python", file=sys.stderr, flush=True)
    return "loud"


def _child_of_worker(mark):
    child = os.spawnlp(os.P_NOWAIT, "sleep", "sleep", "300")
    Path(mark).write_text(f"{child}")
    time.sleep(300)


def _beyond_use(mark):
    if once(mark):
        raise errors.WorkerLost("the GPU answers no more")
    return os.getpid()


def _die_once(mark):
    if once(mark):
        os.kill(os.getpid(), signal.SIGKILL)
    return "the second time"


def _raise(error):
    raise error


DEEDS = {
    "double": lambda n: n * 2,
    "pid": lambda _: os.getpid(),
    "gpu": lambda _: (os.getpid(), os.environ.get("CUDA_VISIBLE_DEVICES")),
    "threads": lambda _: os.environ["OMP_NUM_THREADS"],
    "raise": _raise,
    "kill": lambda number: os.kill(os.getpid(), number),
    "kill once": _die_once,
    "segfault": lambda _: ctypes.string_at(0),
    "exit": os._exit,
    "endless": lambda _: [None for _ in iter(int, 1)],
    "sleep": time.sleep,
    "sleep in C": lambda seconds: ctypes.PyDLL(None).sleep(seconds),  # and nothing else runs in this process
    "slowly": _slowly,
    "fill": _fill,
    "array": _unlike,
    "unpicklable": lambda _: lambda: None,
    "unreadable": lambda _: Unreadable(),
    "threads left": _leave_threads_behind,
    "noise": _noise,
    "child": _child_of_worker,
    "beyond use": _beyond_use,
    "sum": lambda array: float(array.sum()),
}


def make_worker():
    return lambda item: DEEDS[item[0]](item[1])


@dataclass(frozen=True)
class Counted:
    """Leaves a file in ``folder`` for each worker that is made."""

    folder: str

    def __call__(self):
        Path(self.folder, f"{os.getpid()}-{time.monotonic_ns()}").touch()
        return make_worker()


@dataclass(frozen=True)
class Starting:
    """A worker that does ``deed`` when it is made: every time, or only until ``after`` starts were tried."""

    deed: str
    argument: object
    folder: str
    after: int = 1_000

    def __call__(self):
        Counted(self.folder)()
        if len(list(Path(self.folder).iterdir())) <= self.after:
            DEEDS[self.deed](self.argument)
        return make_worker()


@dataclass(frozen=True)
class Room:
    """There is room for the first ``size`` workers; others do ``deed`` when they are made."""

    folder: str
    size: int
    deed: str
    argument: object

    def __call__(self):
        if not any(once(Path(self.folder, f"{n}")) for n in range(self.size)):
            DEEDS[self.deed](self.argument)
        return make_worker()


def made(folder):
    return len(list(Path(folder).iterdir()))


def alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


def gone(pids, patience=5.0):
    until = time.monotonic() + patience
    while any(map(alive, pids)):
        if time.monotonic() > until:
            return False
        time.sleep(0.02)
    return True
