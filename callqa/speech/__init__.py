"""From sound to words: who spoke when, and what was said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from callqa.types import Dropped, Span, Word

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
else:
    Samples = Any


@dataclass(frozen=True, slots=True)
class Channel:
    """One channel of one recording: float32 samples at ``rate`` Hz, shape (n,), and where speech was found in it.

    ``key`` tells the channel apart in a batch ("3f2a91c07b5e/0"). ``speech`` are voice-activity spans.
    """

    key: str
    samples: Samples
    rate: int
    speech: tuple[Span, ...]


@dataclass(frozen=True, slots=True)
class Heard:
    """The words of one channel in order of start, and what was thrown away as invented."""

    words: tuple[Word, ...]
    dropped: tuple[Dropped, ...] = ()


@dataclass(frozen=True, slots=True)
class Speakers:
    """Who spoke when on a mono recording.

    ``exclusive[i]`` are speaker i's spans with no overlap (words go by these); ``spans[i]`` with overlaps (talk time
    goes by these). Speakers in order of first word. ``separation`` 0..1: how clearly the voices are apart.
    """

    spans: tuple[tuple[Span, ...], ...]
    exclusive: tuple[tuple[Span, ...], ...]
    separation: float


@dataclass(frozen=True, slots=True)
class Party:
    """One voice of a call before anybody knows whose it is: a channel of a stereo call, a speaker of a mono one.

    ``speech`` is where it spoke (overlaps with others included), ``words`` what it said. On a stereo call a party may
    still hold two voices in turn: a menu or voicemail prompt and then a person.
    """

    channel: int
    speech: tuple[Span, ...]
    words: tuple[Word, ...]


class Transcriber(Protocol):
    """Speech to text for several channels at once, so that an adapter can fill a batch across calls."""

    def language(self, channels: Sequence[Channel], allowed: Sequence[str]) -> str:
        """The one language of these channels (of one call), among those allowed."""
        ...

    def transcribe(self, channels: Sequence[Channel], languages: Sequence[str]) -> list[Heard]:
        """One Heard a channel, in order; ``languages[i]`` is that of ``channels[i]``."""
        ...


class Diarizer(Protocol):
    """Speaker separation for several mono recordings at once."""

    def diarize(self, channels: Sequence[Channel]) -> list[Speakers]:
        """One Speakers a channel, in order; no speech gives no speakers."""
        ...
