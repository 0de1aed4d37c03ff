"""Words by recognisers in ONNX form (onnx-asr): GigaAM, T-one, Vosk, Parakeet.

Speech is packed into chunks as for Whisper and heard once: these models write what they hear piece by piece and do not
run on by themselves, so there is no second try. A word's times are those at which the model wrote its tokens, its
confidence is the geometric mean of their probabilities. A chunk's text does not depend on the chunks beside it.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callqa.audio import resample
from callqa.models import Onnx
from callqa.speech import Channel, Heard
from callqa.speech.chunks import Chunk, cut, heard, packed, placed, threads
from callqa.speech.cleanup import Decoded
from callqa.types import Seconds

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
else:
    Samples = Any

GRID: Seconds = 1.0  # chunks are filled up with silence to whole seconds, so that several have one length
LEAST: Seconds = 0.1  # nothing shorter holds a word, nor a model's first frames
LETTER: Seconds = 0.07  # a token is timed by its beginning; each letter of a word's last token sounds so long
ALPHABETS = {"ru": "[а-яё]", "en": "[a-z]"}
SPECIAL = re.compile(r"<.*>")  # "<unk>"
NO_LIST = ""  # these models have not learnt from subtitles: no phrase is suspect by itself


@dataclass(frozen=True)
class OnnxOptions:
    """``model`` is a manifest's name.

    ``chunk`` seconds of speech go into one window, each stretch with ``padding`` on both sides. Up to ``batch`` chunks
    are heard at once. ``threads`` 0 is every core.
    """

    model: str
    batch: int = 8
    chunk: Seconds = 20.0
    padding: Seconds = 0.25
    threads: int = 0


@dataclass(frozen=True, slots=True)
class OnnxAsr:
    """The Transcriber of a model that onnx-asr runs; ``model`` is loaded (an onnx_asr.asr.Asr)."""

    model: Any
    about: Onnx
    options: OnnxOptions

    @classmethod
    def load(cls, folder: Path, about: Onnx, options: OnnxOptions, device: str = "cpu") -> OnnxAsr:
        """Read the weights; nothing is fetched."""
        import onnx_asr
        import onnxruntime

        session = onnxruntime.SessionOptions()
        session.intra_op_num_threads = options.threads or threads()
        session.inter_op_num_threads = 1
        session.log_severity_level = 3  # errors alone
        loaded = onnx_asr.load_model(
            about.kind,
            folder,
            quantization=about.quantization,
            sess_options=session,
            providers=[*["CUDAExecutionProvider"] * (device == "cuda"), "CPUExecutionProvider"],
        )
        return cls(loaded.asr, about, options)

    @property
    def rate(self) -> int:
        """Samples a second that the model wants: 8000 or 16000."""
        return int(self.model._get_sample_rate())  # the library says it nowhere else

    def language(self, channels: Sequence[Channel], allowed: Sequence[str]) -> str:
        """Of several languages the model hears, the one in whose letters it writes every channel's first window."""
        known = [language for language in allowed if language in self.about.languages]
        if len(known) < 2:
            return known[0] if known else allowed[0]
        sounds = self._sounds(channels)
        first = {chunk.channel: chunk for chunk in reversed(self._chunks(channels, sounds))}
        decoded = self._decoded(tuple(first.values()), sounds)
        text = " ".join(one.text.lower() for one in decoded.values())
        return max(known, key=lambda language: len(re.findall(ALPHABETS[language], text)))

    def transcribe(self, channels: Sequence[Channel], languages: Sequence[str]) -> list[Heard]:
        """One Heard a channel; a model of several languages finds by itself which one is spoken."""
        sounds = self._sounds(channels)
        chunks = self._chunks(channels, sounds)
        decoded = self._decoded(chunks, sounds)
        return [
            heard([decoded[chunk] for chunk in chunks if chunk.channel == i], channel, NO_LIST)
            for i, channel in enumerate(channels)
        ]

    def _sounds(self, channels: Sequence[Channel]) -> list[Samples]:
        return [resample(channel.samples, channel.rate, self.rate) for channel in channels]

    def _decoded(self, chunks: Sequence[Chunk], sounds: Sequence[Samples]) -> dict[Chunk, Decoded]:
        decoded = {chunk: Decoded((), 0.0, 0.0, chunk.seconds) for chunk in chunks if chunk.seconds < LEAST}
        for batch in self._batches([chunk for chunk in chunks if chunk not in decoded]):
            decoded.update(self._batch(batch, sounds))
        return decoded

    def _batches(self, chunks: Sequence[Chunk]) -> Iterator[Sequence[Chunk]]:
        """Chunks of one filled length, the longest first.

        What a quantised model makes of a chunk depends on all that it is given at once: there each is alone.
        """
        alike: dict[int, list[Chunk]] = defaultdict(list)
        for chunk in chunks:
            alike[self._filled(chunk)].append(chunk)
        size = 1 if self.about.quantization else self.options.batch
        for _, group in sorted(alike.items(), reverse=True):
            yield from (group[first : first + size] for first in range(0, len(group), size))

    def _filled(self, chunk: Chunk) -> int:
        """Samples of a chunk when it is filled up: a matter of its own length alone."""
        grid = round(GRID * self.rate)
        return grid * math.ceil(_length(chunk, self.rate) / grid)

    def _batch(self, chunks: Sequence[Chunk], sounds: Sequence[Samples]) -> Iterator[tuple[Chunk, Decoded]]:
        import numpy as np

        cuts = [cut(sounds[chunk.channel], chunk, self.rate) for chunk in chunks]
        lengths = np.array([len(one) for one in cuts], np.int64)
        # alone it needs no filling
        waves = np.zeros((len(cuts), len(cuts[0]) if self.about.quantization else self._filled(chunks[0])), np.float32)
        for wave, one in zip(waves, cuts, strict=True):
            wave[: len(one)] = one
        found = self.model.recognize_batch(waves, lengths, need_logprobs="yes")
        for chunk, one in zip(chunks, found, strict=True):
            tokens = list(zip(one.tokens or (), one.timestamps or (), one.logprobs or (), strict=True))
            sure = sum(log for _, _, log in tokens) / max(1, len(tokens))
            words = words_of(tokens, _breaks(chunk))
            yield chunk, Decoded(placed(words, chunk), sure, 0.0, chunk.seconds)

    def _chunks(self, channels: Sequence[Channel], sounds: Sequence[Samples]) -> list[Chunk]:
        """The speech of every channel, a little padded, packed into windows."""
        return [
            chunk
            for i, (channel, sound) in enumerate(zip(channels, sounds, strict=True))
            for chunk in packed(i, channel.speech, len(sound) / self.rate, self.options.chunk, self.options.padding)
        ]


def _length(chunk: Chunk, rate: int) -> int:
    return sum(int(p.end * rate) - int(p.start * rate) for p in chunk.pieces)


def _breaks(chunk: Chunk) -> tuple[Seconds, ...]:
    """Times inside a chunk at which a pause was cut out."""
    ends = accumulate(piece.duration for piece in chunk.pieces)
    return tuple(end for end, (a, b) in zip(ends, pairwise(chunk.pieces), strict=False) if a.end < b.start)


def words_of(
    tokens: Sequence[tuple[str, Seconds, float]], breaks: Sequence[Seconds] = ()
) -> list[tuple[str, Seconds, Seconds, float]]:
    """(text, start, end, confidence) of each word that a model's tokens (text, time, log probability) spell.

    A space begins a word, and so does one of the ``breaks``; what has no letter or digit belongs to the word before it
    and has no say in times and confidence: a full stop may be written long after the word.

    >>> words_of([(" да", 0.2, 0.0), (",", 0.9, -3.0), (" не", 1.0, -0.1), ("т", 1.2, -0.3)])
    [('да,', 0.2, 0.34, 1.0), ('нет', 1.0, 1.27, 0.819)]
    """
    spelt: list[list[tuple[str, Seconds, float]]] = []
    begins, last = True, 0.0
    for text, time, log in tokens:
        begins = begins or text.startswith(" ")
        written = "" if SPECIAL.fullmatch(text) else text.strip()
        if _spoken(written):
            if begins or any(last < at <= time for at in breaks):
                spelt.append([])
            last = time
        if spelt and written:
            spelt[-1].append((written, time, log))
            begins = False
    starts = [parts[0][1] for parts in spelt]
    return [_word(parts, until) for parts, until in zip(spelt, [*starts, math.inf][1:], strict=True)]


def _word(parts: Sequence[tuple[str, Seconds, float]], until: Seconds) -> tuple[str, Seconds, Seconds, float]:
    """A word of tokens, the first of which sounds; it ends before the next one begins."""
    heard = [part for part in parts if _spoken(part[0])]
    last, time, _ = heard[-1]
    confidence = min(1.0, math.exp(sum(log for _, _, log in heard) / len(heard)))
    end = min(until, time + LETTER * sum(map(str.isalnum, last)))
    return "".join(text for text, _, _ in parts), heard[0][1], round(end, 3), round(confidence, 3)


def _spoken(text: str) -> bool:
    return any(map(str.isalnum, text))
