"""Run one function over many items, somewhere.

An engine knows nothing about calls. It is given a way to make a worker, so that a model is loaded once a process, and
it reports failures as values, so that one bad recording never stops a run.
"""

from __future__ import annotations

import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from callqa.errors import CallqaError

Item = TypeVar("Item")
Result = TypeVar("Result")


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


def attempt(work: Callable[[Item], Result], item: Item) -> Done[Item, Result] | Failed[Item]:
    """Do the work. The one place in callqa that catches Exception."""
    try:
        return Done(item, work(item))
    except CallqaError as error:
        code = getattr(error, "code", None) or _snake(type(error).__name__)
        return Failed(item, code, str(error), error.retryable)
    except Exception as error:
        # the message of an unknown exception may hold a transcript; the type and the place do not
        return Failed(item, "bug", f"{type(error).__name__}; `callqa status --trace` shows where", trace=_trace(error))


def _trace(error: BaseException) -> str:
    """Where it happened, without values."""
    frames = traceback.extract_tb(error.__traceback__)
    return "".join(f"{f.filename}:{f.lineno} {f.name}\n" for f in frames) + type(error).__name__


def _snake(name: str) -> str:
    return "".join(f"_{c.lower()}" if c.isupper() else c for c in name).strip("_")
