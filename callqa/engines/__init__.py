"""Run one function over many items, somewhere.

An engine knows nothing about calls. It is given a way to make a worker, so that a model is loaded once a process, and
it reports failures as values, so that one bad recording never stops a run. What every engine promises:

- ``map`` yields exactly one Done or Failed an item, in any order, and the item is the caller's own object.
- ``items`` is pulled in the calling thread, never more than two items a worker ahead of their outcomes. An iterator
  that has nothing at this moment yields WAIT; it is asked again after the next outcome, at the latest after PAUSE. So
  a runner can feed on what comes back.
- ``make_worker`` is called once a worker process, when there is an item for it. Where workers are processes of their
  own, make_worker, items and results travel as pickles: functions of a module, functools.partial, dataclasses.
- A CallqaError that make_worker raises comes out of ``map`` as it is: weights that are missing are missing for every
  item. Any other failure to start is tried STARTS times in a row, then it is an EngineError.
- A CallqaError of the work is Failed with its code; any other exception is Failed "bug", whose trace holds no values.
- Where workers are processes of their own: an item over its time is Failed "timeout", a worker over its memory Failed
  "memory"; a worker that dies gives its item back, which is tried once more in a fresh worker and then is Failed
  "worker_lost". The worker is replaced; other items do not notice.
- Work that raises WorkerLost says the same of itself (a GPU that answers no more): a fresh worker tries once more.
- When ``map`` is closed, or Ctrl-C arrives, workers are gone within seconds.
"""

from __future__ import annotations

import enum
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Final, Generic, Protocol, TypeGuard, TypeVar

from callqa.errors import CallqaError, EngineError, UsageError

Item = TypeVar("Item")
Result = TypeVar("Result")
Seconds = float
PAUSE: Seconds = 0.05
STARTS = 3
ENGINES = ("local", "ray")


class Signal(enum.Enum):
    """What an iterator of items may say besides an item."""

    WAIT = "nothing at this moment"


WAIT: Final = Signal.WAIT


@dataclass(frozen=True, slots=True)
class Done(Generic[Item, Result]):
    """The item and what the worker made of it."""

    item: Item
    value: Result


@dataclass(frozen=True, slots=True)
class Failed(Generic[Item]):
    """The item and why not. ``code`` is for counting; ``trace`` is empty for an expected failure."""

    item: Item
    code: str
    problem: str
    retryable: bool = False
    trace: str = ""


Outcome = Done[Item, Result] | Failed[Item]


class Engine(Protocol):
    """Outcomes come back in any order, exactly one an item."""

    def map(
        self, make_worker: Callable[[], Callable[[Any], Any]], items: Iterable[Any]
    ) -> Iterator[Done[Any, Any] | Failed[Any]]: ...


def make(
    name: str,
    workers: int,
    *,
    threads: int = 1,
    start_seconds: Seconds = 120.0,
    memory_gb: float = 0.0,
    address: str = "",
    gpus: float = 0.0,
) -> Engine:
    """The engine of that name. ``address`` (a running cluster) and ``gpus`` (of each worker) are Ray's alone."""
    if name == "ray":
        from callqa.engines.ray import RayEngine

        return RayEngine(workers, threads, start_seconds, memory_gb, address=address, gpus=gpus)
    if name != "local":
        raise UsageError(f"no engine {name!r}; there are {' and '.join(ENGINES)}")
    from callqa.engines.process import ProcessEngine

    return ProcessEngine(workers, threads, start_seconds, memory_gb)


def allow(seconds: Seconds) -> None:
    """Said from inside the work: this item may take so long from now. In this very process nobody watches the time."""
    _tell(seconds)


def allowed_by(tell: Callable[[Seconds], None]) -> None:
    """A worker process says who hears of ``allow``."""
    global _tell
    _tell = tell


def _untold(seconds: Seconds) -> None:
    pass


_tell: Callable[[Seconds], None] = _untold


def started(make_worker: Callable[[], Callable[[Item], Result]]) -> Callable[[Item], Result]:
    """A worker, its own CallqaError, or an EngineError that says what else went wrong."""
    try:
        return make_worker()
    except CallqaError:
        raise
    except Exception as error:
        # no recording was read yet: the message holds nothing a caller said
        place = traceback.extract_tb(error.__traceback__)[-1]
        where = f"{place.filename}:{place.lineno}"
        raise EngineError(f"a worker cannot start: {type(error).__name__}: {error} ({where})") from error


def attempt(work: Callable[[Item], Result], item: Item) -> Done[Item, Result] | Failed[Item]:
    """Do the work. The one place in callqa that turns any Exception into a value."""
    try:
        return Done(item, work(item))
    except CallqaError as error:
        code = getattr(error, "code", None) or _snake(type(error).__name__)
        return Failed(item, code, str(error), error.retryable)
    except MemoryError as error:
        return Failed(
            item, "memory", "more memory asked for than there is; fewer workers leave more", trace=_trace(error)
        )
    except Exception as error:
        # the message of an unknown exception may hold a transcript; the type and the place do not
        return Failed(item, "bug", f"{type(error).__name__}; `callqa status --trace` shows where", trace=_trace(error))


def lost(outcome: Done[Item, Result] | Failed[Item]) -> TypeGuard[Failed[Item]]:
    """Whether the work says that its worker is of no more use."""
    return isinstance(outcome, Failed) and outcome.code == "worker_lost"


def _trace(error: BaseException) -> str:
    """Where it happened, without values."""
    frames = traceback.extract_tb(error.__traceback__)
    return "".join(f"{f.filename}:{f.lineno} {f.name}\n" for f in frames) + type(error).__name__


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")
