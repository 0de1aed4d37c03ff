"""Tells the voices of a mono call apart: pyannote's segmentation says when, CAM++ voiceprints say who.

Adapter "pyannote". pyannote.audio and torch are imported when weights are loaded, not before.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callqa.audio import resample
from callqa.speech import Channel, Speakers
from callqa.speech.voices import Prior, Voices, find, path, runs, unit
from callqa.types import Seconds, Span, joined

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from callqa.speech.campplus import Campplus
    from callqa.speech.segmentation import Activity, Segmentation

    Floats = NDArray[np.float64]
    Ints = NDArray[np.int64]
    Flags = NDArray[np.bool_]
else:
    Floats = Ints = Flags = Any

BATCH = 16
PATIENCE = 6.0  # what a change of voice costs where no window sees one, against WEIGHT a frame of unlike voiceprints
EASE = 0.3  # what it costs in a pause, or where half of the windows see it
WEIGHT = 0.5
SHORTEST: Seconds = 0.25  # a piece with less sound than this has no voiceprint


@dataclass(frozen=True, slots=True)
class PyannoteOptions:
    """How a mono call is told apart. Times in seconds.

    Segmentation looks at ten seconds every ``step``; voiceprints are taken of pieces of ``piece``, one every ``hop``.
    Speech and overlap begin at these probabilities. Pauses of one voice up to ``bridge`` are part of what it says.
    Nothing is looked for further than ``margin`` from the channel's voice activity.
    """

    step: Seconds = 2.5
    piece: Seconds = 1.5
    hop: Seconds = 0.75
    speech_above: float = 0.5
    overlap_above: float = 0.7
    bridge: Seconds = 0.5
    margin: Seconds = 0.3
    prior: Prior = field(default_factory=Prior)


class Pyannote:
    """A Diarizer. The same channel gives the same result, alone or among others."""

    def __init__(self, segmentation: Segmentation, network: Campplus, options: PyannoteOptions, device: str) -> None:
        self.segmentation = segmentation
        self.network = network
        self.options = options
        self.device = device

    @classmethod
    def load(cls, segmentation: Path, embedding: Path, options: PyannoteOptions, device: str = "cpu") -> Pyannote:
        """From verified weights folders of segmentation-3.0 and CAM++; ``device`` as torch names it."""
        from callqa.speech.campplus import Campplus
        from callqa.speech.segmentation import Segmentation

        found = Segmentation.load(segmentation, options.step, device)
        return cls(found, Campplus.load(embedding, device), options, device)

    def diarize(self, channels: Sequence[Channel]) -> list[Speakers]:
        """One Speakers a channel, in order; no speech gives no speakers."""
        with _one_thread():
            return [self._speakers(channel) for channel in channels]

    def _speakers(self, channel: Channel) -> Speakers:
        import numpy as np
        import torch

        from callqa.speech.segmentation import RATE

        if not channel.speech or not len(channel.samples):
            return Speakers((), (), 0.0)
        samples = torch.from_numpy(resample(channel.samples, channel.rate, RATE).copy())
        activity = self.segmentation(samples)
        talking = (activity.speaking > self.options.speech_above) & _near(
            channel.speech, self.options.margin, len(activity.speaking)
        )
        pieces = _pieces(talking, self.options)
        if not pieces:
            # voice activity alone heard something: one voice, and nobody knows whose
            spans = joined(channel.speech)
            return Speakers((spans,), (spans,), 0.0)
        prints = self._prints(samples, pieces)
        voices = find(prints, np.array([piece.duration for piece in pieces]), self.options.prior)
        return _speakers(voices, _alike(prints, pieces, voices, len(talking)), talking, activity, self.options)

    def _prints(self, samples: Any, pieces: Sequence[Span]) -> Floats:
        """Unit voiceprints (n, 192) of the pieces of samples (n,), a float32 tensor at 16 kHz."""
        import numpy as np
        import torch

        from callqa.speech.campplus import DIMENSION, fbank

        features = fbank(samples)
        rows = np.zeros((len(pieces), DIMENSION))
        alike: dict[int, list[tuple[int, int]]] = {}
        for i, piece in enumerate(pieces):
            first, last = round(piece.start * 100), min(len(features), round(piece.end * 100))
            first = max(0, min(first, last - round(SHORTEST * 100)))
            alike.setdefault(last - first, []).append((i, first))
        for length, members in alike.items():  # one length a batch: padding would change a voiceprint
            for chunk in (members[k : k + BATCH] for k in range(0, len(members), BATCH)):
                batch = torch.stack([features[first : first + length] for _, first in chunk])
                with torch.inference_mode():
                    found = self.network((batch - batch.mean(dim=1, keepdim=True)).to(self.device))
                rows[[i for i, _ in chunk]] = found.cpu().numpy()
        return unit(rows)


@contextlib.contextmanager
def _one_thread() -> Iterator[None]:
    """torch on one thread: beside other work two of them wait for each other, and sums depend on their number."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def _near(speech: Sequence[Span], margin: Seconds, frames: int) -> Flags:
    """The frames within ``margin`` of voice activity."""
    import numpy as np

    flags = np.zeros(frames, bool)
    for span in speech:
        flags[_frame(span.start - margin) : _frame(span.end + margin)] = True
    return flags


def _pieces(talking: Flags, options: PyannoteOptions) -> list[Span]:
    """Where voiceprints are taken: the stretches of speech, long ones cut evenly into overlapping pieces."""
    import math

    pieces: list[Span] = []
    for first, last in runs(talking):
        start, end = _time(first), _time(last)
        length = end - start
        if length < SHORTEST:
            continue
        cuts = max(0, math.ceil((length - options.piece) / options.hop))
        piece = min(length, options.piece)
        shift = (length - piece) / cuts if cuts else 0.0
        pieces += [Span(start + i * shift, start + i * shift + piece) for i in range(cuts + 1)]
    return pieces


def _alike(prints: Floats, pieces: Sequence[Span], voices: Voices, frames: int) -> Floats:
    """How like each voice a frame sounds, against the mean over the voices: (frames, k), 0 where no piece lies."""
    import numpy as np

    total, weights = np.zeros((frames, len(voices.centres))), np.zeros((frames, 1))
    for piece, cosines in zip(pieces, prints @ voices.centres.T, strict=True):
        first, last = _frame(piece.start), min(frames, _frame(piece.end))
        weight = np.bartlett(last - first + 2)[1:-1, None] * piece.duration  # a piece speaks for its middle
        total[first:last] += weight * cosines
        weights[first:last] += weight
    mean = total / np.maximum(weights, 1e-9)
    result: Floats = mean - mean.mean(axis=1, keepdims=True)
    return result


def _speakers(voices: Voices, alike: Floats, talking: Flags, activity: Activity, options: PyannoteOptions) -> Speakers:
    """Frames as spans, voices in order of their first word."""
    import numpy as np

    ease = np.clip(np.maximum(2 * activity.changing, ~talking), 0, 1)
    leader = path(WEIGHT * alike * talking[:, None], PATIENCE - (PATIENCE - EASE) * ease)
    alone = [talking & (leader == k) for k in range(len(voices.centres))]
    bridged = _bridged(leader, talking, options.bridge)
    alone = [mine | (bridged == k) for k, mine in enumerate(alone)]
    both = talking & (activity.both > options.overlap_above)
    second = np.argsort(-alike, axis=1, kind="stable")
    second = np.where(second[:, 0] == leader, second[:, min(1, len(alone) - 1)], second[:, 0])
    shared = [mine | (both & (second == k)) for k, mine in enumerate(alone)]
    order = sorted((k for k in range(len(alone)) if alone[k].any()), key=lambda k: int(alone[k].argmax()))
    return Speakers(
        spans=tuple(_spans(shared[k]) for k in order),
        exclusive=tuple(_spans(alone[k]) for k in order),
        separation=round(voices.separation, 3),
    )


def _bridged(leader: Ints, talking: Flags, longest: Seconds) -> Ints:
    """The voice that pauses at each frame for at most ``longest`` and then goes on, else -1."""
    import numpy as np

    from callqa.speech.segmentation import FRAME

    result = np.full(len(talking), -1)
    for first, last in runs(~talking):
        inside = first > 0 and last < len(talking)
        if inside and (last - first) * FRAME <= longest and leader[first - 1] == leader[last]:
            result[first:last] = leader[last]
    return result


def _frame(time: Seconds) -> int:
    """The frame that holds a moment; a frame's own beginning belongs to it."""
    from callqa.speech.segmentation import FIRST, FRAME

    return int(max(0.0, (time - FIRST) / FRAME + 0.5 + 1e-6))


def _time(frame: int) -> Seconds:
    """When a frame begins."""
    from callqa.speech.segmentation import FIRST, FRAME

    return FIRST + (frame - 0.5) * FRAME


def _spans(flags: Flags) -> tuple[Span, ...]:
    return tuple(Span(round(_time(first), 3), round(_time(last), 3)) for first, last in runs(flags))
