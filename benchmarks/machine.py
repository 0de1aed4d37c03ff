"""What a process and its children take of a Linux machine while they work: memory over time, processor, GPU."""

from __future__ import annotations

import os
import shutil
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from statistics import fmean, median

PROC = Path("/proc")
TICKS = os.sysconf("SC_CLK_TCK")
WARM_UP = 0.2  # of a run, before memory is expected to be level


@dataclass
class Taken:
    """What was taken in one stretch of work; ``memory``: (seconds since its start, bytes resident in the whole tree).

    ``cpu`` are processor seconds of the tree, ``others`` those of everybody else meanwhile; ``gpu`` shares 0..1.
    """

    seconds: float = 0.0
    cpu: float = 0.0
    others: float = 0.0
    memory: list[tuple[float, int]] = field(default_factory=list)
    gpu: list[float] = field(default_factory=list)

    def __add__(self, later: Taken) -> Taken:
        moved = [(self.seconds + at, size) for at, size in later.memory]
        return Taken(
            self.seconds + later.seconds,
            self.cpu + later.cpu,
            self.others + later.others,
            self.memory + moved,
            self.gpu + later.gpu,
        )

    @property
    def peak(self) -> int:
        return max((size for _, size in self.memory), default=0)

    @property
    def gpu_share(self) -> float | None:
        return fmean(self.gpu) if self.gpu else None

    @property
    def growth(self) -> float | None:
        """Median memory of the last third against the first, the warm-up left out; None for a run too short to tell."""
        level = [size for at, size in self.memory if at >= WARM_UP * self.seconds]
        third = len(level) // 3
        return median(level[-third:]) / median(level[:third]) - 1 if third else None


class Watch:
    """Watches a process tree between ``with`` and its end: ``with Watch(pid) as watch: ...``, then ``watch.taken``."""

    def __init__(self, pid: int, every: float = 1.0) -> None:
        self.pid, self.every, self.taken = pid, every, Taken()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._sample, daemon=True)

    def __enter__(self) -> Watch:
        self._started, self._cpu, self._busy = time.perf_counter(), cpu_seconds(self.pid), machine_seconds()
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.taken.seconds = time.perf_counter() - self._started
        self.taken.cpu = cpu_seconds(self.pid) - self._cpu
        self.taken.others = max(0.0, machine_seconds() - self._busy - self.taken.cpu)
        self._stop.set()
        self._thread.join()

    def _sample(self) -> None:
        while True:
            at = time.perf_counter() - self._started
            self.taken.memory.append((round(at, 2), resident(self.pid)))
            self.taken.gpu += gpu_shares()
            if self._stop.wait(self.every):
                return


def tree(pid: int) -> list[int]:
    """The process and all that descend from it."""
    parents = {}
    for entry in PROC.iterdir():
        if entry.name.isdigit() and (fields := _stat(int(entry.name))):
            parents.setdefault(int(fields[1]), []).append(int(entry.name))
    found = [pid]
    for one in found:
        found.extend(parents.get(one, ()))
    return found


def resident(pid: int) -> int:
    """Bytes of memory in use by the tree; pages that its processes share are counted for each."""
    pages = 0
    for one in tree(pid):
        try:
            pages += int((PROC / f"{one}/statm").read_text().split()[1])
        except (OSError, IndexError):
            continue  # it has ended meanwhile
    return pages * os.sysconf("SC_PAGE_SIZE")


def cpu_seconds(pid: int) -> float:
    """Processor seconds of the tree so far, those of children that have ended included."""
    return sum(sum(map(int, fields[11:15])) for one in tree(pid) if (fields := _stat(one))) / TICKS


def machine_seconds() -> float:
    """Processor seconds of everybody since the machine started, the time other machines stole left out."""
    user, nice, system, _, _, irq, soft = map(int, (PROC / "stat").read_text().split("\n", 1)[0].split()[1:8])
    return (user + nice + system + irq + soft) / TICKS


def gpu_shares() -> list[float]:
    """How busy every GPU is at the moment, 0..1; none without one."""
    if not shutil.which("nvidia-smi"):
        return []
    query = ["nvidia-smi", "--query-gpu=utilization.gpu", "--format=csv,noheader,nounits"]
    told = subprocess.run(query, capture_output=True, text=True, check=False)
    return [float(line) / 100 for line in told.stdout.split("\n") if line.strip().isdigit()]


def hardware() -> dict[str, str | int]:
    """Name of the processor, cores this process may use, memory, GPU, system."""
    lines = (PROC / "cpuinfo").read_text().splitlines()
    name = next((line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")), "?")
    flags = next((line.split() for line in lines if line.startswith("flags")), [])
    told = [flag for flag in ("avx2", "avx512f", "avx512_vnni", "amx_int8", "amx_bf16") if flag in flags]
    memory = int((PROC / "meminfo").read_text().split()[1]) / 2**20
    return {
        "processor": f"{name} ({', '.join(told)})",
        "cores": len(os.sched_getaffinity(0)),
        "memory_gb": round(memory),
        "gpu": ", ".join(_gpus()) or "none",
        "date": time.strftime("%Y-%m-%d %H:%M"),
    }


def _gpus() -> Iterator[str]:
    if shutil.which("nvidia-smi"):
        query = ["nvidia-smi", "--query-gpu=name", "--format=csv,noheader"]
        yield from subprocess.run(query, capture_output=True, text=True, check=False).stdout.split("\n")[:-1]


def _stat(pid: int) -> list[str]:
    """The fields of /proc/PID/stat from the state on; [1] is the parent, [11:15] the times. Empty when it has ended."""
    try:
        return (PROC / f"{pid}/stat").read_text().rsplit(")", 1)[1].split()
    except (OSError, IndexError):
        return []
