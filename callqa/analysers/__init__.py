"""The analysers callqa ships, by the name a config file uses, and those other packages plug in."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

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
