"""The analysers callqa ships, by the name a config file uses, and those other packages plug in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, runtime_checkable

from callqa.types import Call, Measure, Measurement


class Analyser(Protocol):
    """Reads a call and nothing else; returns numbers: no clock, no shared state.

    A frozen dataclass: its fields are its options.
    """

    @property
    def measures(self) -> tuple[Measure, ...]: ...

    def analyse(self, call: Call) -> Iterable[Measurement]:
        """One Measurement for every measure it declares, value or reason."""
        ...


@runtime_checkable
class Cleaner(Protocol):
    """An analyser that finds words which are to earn nothing."""

    def cleaned(self, call: Call) -> Call | None:
        """The call without them; None when there are none."""
        ...

    def withholds(self, name: str) -> bool:
        """Whether that measure is to be taken from the cleaned call."""
        ...
