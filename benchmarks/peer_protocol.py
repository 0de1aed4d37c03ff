"""What a peer's process and benchmarks/peers.py say to each other: lines of JSON. Standard library alone.

The parent gives the peer's settings as the first argument and then, a line each, the calls to work on:
``{"calls": [{"key", "path", "channels", "language", "truth"}]}``. The peer answers ``{"ready": ..., "load": seconds}``
once, then for each request ``{"done": key, "seconds": ...}`` a call, ``{"end": true}`` and ``{"results": {key: ...}}``.
Time stops at the end: what it takes to judge the results is not counted.
"""

from __future__ import annotations

import ctypes
import json
import os
import signal
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

PR_SET_PDEATHSIG = 1  # of Linux's prctl
Request = Sequence[Mapping[str, Any]]
Work = Callable[[Request], Iterator[tuple[str, float]]]  # the key of each call when it is done, and its seconds of work
Results = Callable[[], Mapping[str, Any]]


def settings() -> dict[str, Any]:
    """What the parent told; the process is held to as many cores as it may use threads, and ends with its parent."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
    told: dict[str, Any] = json.loads(sys.argv[1])
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[: told["threads"]])
    return told


def serve(load: Callable[[], tuple[Mapping[str, Any], Work, Results]]) -> None:
    """``load`` gives what is to be known of the peer, its work, and what it found since it was last asked."""
    # libraries print what they like to standard output; the lines of this protocol go where they cannot
    answers = os.fdopen(os.dup(1), "w", buffering=1, encoding="utf-8")
    os.dup2(2, 1)

    def say(**line: Any) -> None:
        answers.write(json.dumps(line, ensure_ascii=False) + "\n")

    started = time.perf_counter()
    about, work, results = load()
    say(ready=dict(about), load=time.perf_counter() - started)
    for line in sys.stdin:
        for key, seconds in work(json.loads(line)["calls"]):
            say(done=key, seconds=seconds)
        say(end=True)
        say(results=dict(results()))


def one_by_one(hear: Callable[[Mapping[str, Any]], list[list[list[Any]]]]) -> tuple[Work, Results]:
    """Work call by call; ``hear`` gives the segments [start, end, text] of each channel heard apart."""
    found: dict[str, Any] = {}

    def work(calls: Request) -> Iterator[tuple[str, float]]:
        for call in calls:
            started = time.perf_counter()
            found[call["key"]] = {"segments": hear(call)}
            yield call["key"], time.perf_counter() - started

    def results() -> dict[str, Any]:
        taken = dict(found)
        found.clear()
        return taken

    return work, results
