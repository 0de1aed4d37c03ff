"""Words by Whisper (faster-whisper on CTranslate2): chunks of many channels in one pool, doubtful ones heard again.

Speech of a channel is packed into chunks of up to 28 s (never across channels), decoded in batches, gated
(``cleanup.doubt``), and only what fails is decoded again with a wider beam that may not repeat itself. Nothing is
sampled: the same sound gives the same words. Word times are CTranslate2's own alignment. A chunk's text does not depend
on the chunks beside it. How packing and beam were chosen: docs/decisions/0005.
"""

from __future__ import annotations

import logging
from collections import deque
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import groupby
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from callqa.audio import resample
from callqa.errors import ModelError
from callqa.speech import Channel, Heard, encoder
from callqa.speech.chunks import Chunk, cut, heard, packed, placed, threads
from callqa.speech.cleanup import Decoded, doubt
from callqa.speech.encoder import Encoder
from callqa.types import Seconds, Word

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
else:
    Samples = Any

log = logging.getLogger(__name__)
RATE = 16_000
FRAMES = 3000  # of the encoder's 30 s window
SPARE, LEAST, CLASS = 200, 1000, 200  # frames: after a chunk, in all, and between two lengths of a fitted window
TELLING: Seconds = 10.0  # of a channel's speech tell its language
PREPENDED, APPENDED = "\"'“¿([{-«", "\"'.。,，!！?？:：”)]}、»…"


@dataclass(frozen=True)
class WhisperOptions:
    """``model`` is a manifest's name or "auto"; ``compute`` CTranslate2's type ("auto": int8 on a CPU, else float16).

    ``chunk`` seconds of speech go into one window, each stretch with ``padding`` on both sides. ``window``: "full"
    gives the encoder 30 s whatever a chunk holds, "fit" what it holds and two seconds; "auto" fits on a CPU, where a
    window's cost grows faster than its length. ``encoder``: "ctranslate2", "bfloat16" (in torch, for a CPU with such
    matrices), "auto": the latter where it suits the machine. ``batch`` chunks are decoded at once (0: as suits the
    machine), ``beam`` wide (0: 2 on a CPU, where a small model gains most by it, else 1). ``repair_beam`` is the width
    of the second try. ``prompts`` (by language) set the style of writing. ``threads`` 0 is every core.
    """

    model: str = "auto"
    compute: str = "auto"
    batch: int = 0
    beam: int = 0
    repair_beam: int = 8
    window: Literal["auto", "full", "fit"] = "auto"
    encoder: Literal["auto", "ctranslate2", "bfloat16"] = "auto"
    chunk: Seconds = 28.0
    padding: Seconds = 0.25
    threads: int = 0
    prompts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Whisper:
    """The Transcriber that callqa ships; ``model`` is a loaded faster_whisper.WhisperModel, ``own`` another encoder."""

    model: Any
    options: WhisperOptions
    ahead: int = 0  # batches whose features are made while another is decoded: a GPU is not kept waiting
    own: Encoder | None = None

    @classmethod
    def load(cls, folder: Path, options: WhisperOptions, device: str = "cpu") -> Whisper:
        """Read the weights; nothing is fetched."""
        from faster_whisper import WhisperModel

        compute = ("int8" if device == "cpu" else "float16") if options.compute == "auto" else options.compute
        if options.window == "auto":
            options = replace(options, window="fit" if device == "cpu" else "full")
        options = replace(
            options,
            batch=options.batch or (8 if device == "cpu" else 48),
            beam=options.beam or (2 if device == "cpu" else 1),
        )
        return cls(
            WhisperModel(
                str(folder),
                device=device,
                compute_type=compute,
                cpu_threads=options.threads or threads(),
                local_files_only=True,
            ),
            options,
            ahead=0 if device == "cpu" else 2,
            own=_own_encoder(folder, options) if device == "cpu" else None,
        )

    def language(self, channels: Sequence[Channel], allowed: Sequence[str]) -> str:
        """By the first window of speech of every channel together; the first allowed where nobody speaks."""
        if len(allowed) == 1:
            return allowed[0]
        sounds = {i: resample(c.samples, c.rate, RATE) for i, c in enumerate(channels) if c.speech}
        first = [next(self._packed(i, channels[i], sounds[i])) for i in sounds]
        if not first:
            return allowed[0]
        votes = dict.fromkeys(allowed, 0.0)
        heads = [cut(sounds[chunk.channel], chunk, RATE)[: int(TELLING * RATE)] for chunk in first]
        found = self.model.model.detect_language(self._encoded(self._features(heads, self._frames(TELLING))))
        for head, probabilities in zip(heads, found, strict=True):
            for token, probability in probabilities:
                if token[2:-2] in votes:
                    votes[token[2:-2]] += probability * len(head)
        return max(allowed, key=lambda language: votes[language])

    def transcribe(self, channels: Sequence[Channel], languages: Sequence[str]) -> list[Heard]:
        """One Heard a channel; chunks of one language share batches, the longest first."""
        sounds = [resample(c.samples, c.rate, RATE) for c in channels]
        chunks = [chunk for i, channel in enumerate(channels) for chunk in self._packed(i, channel, sounds[i])]
        decoded: dict[Chunk, Decoded] = {}
        for language in sorted(set(languages)):
            mine = sorted((c for c in chunks if languages[c.channel] == language), key=lambda c: -c.seconds)
            decoded.update(self._decoded(mine, sounds, language))
            doubtful = [chunk for chunk in mine if doubt(decoded[chunk])]
            again = self._decoded(doubtful, sounds, language, careful=True)
            decoded.update({chunk: _better(decoded[chunk], again[chunk]) for chunk in doubtful})
        return [
            heard([decoded[c] for c in chunks if c.channel == i], channel, languages[i])
            for i, channel in enumerate(channels)
        ]

    def _packed(self, index: int, channel: Channel, sound: Samples) -> Iterator[Chunk]:
        return packed(index, channel.speech, len(sound) / RATE, self.options.chunk, self.options.padding)

    def _decoded(
        self, chunks: Sequence[Chunk], sounds: Sequence[Samples], language: str, careful: bool = False
    ) -> dict[Chunk, Decoded]:
        result: dict[Chunk, Decoded] = {}
        batches: list[list[Chunk]] = []
        # a window's length comes of its own chunk alone: who shares the batch changes no word
        for _, alike in groupby(chunks, key=lambda chunk: self._frames(chunk.seconds)):
            same, size = list(alike), self.options.batch
            batches.extend(same[first : first + size] for first in range(0, len(same), size))
        for batch, features in self._featured(batches, sounds):
            result.update(zip(batch, self._batch(batch, features, language, careful), strict=True))
        return result

    def _featured(
        self, batches: Sequence[list[Chunk]], sounds: Sequence[Samples]
    ) -> Iterator[tuple[list[Chunk], Samples]]:
        """Each batch with its features, shape (chunks, mels, frames); those of the next ones are made meanwhile."""
        from concurrent.futures import ThreadPoolExecutor

        def made(batch: Sequence[Chunk]) -> Samples:
            return self._features([cut(sounds[c.channel], c, RATE) for c in batch], self._frames(batch[0].seconds))

        if not self.ahead:
            yield from ((batch, made(batch)) for batch in batches)
            return
        with ThreadPoolExecutor(self.ahead) as makers:
            waiting = deque((batch, makers.submit(made, batch)) for batch in batches[: self.ahead])
            for following in [*batches[self.ahead :], *[None] * self.ahead]:
                if not waiting:
                    return
                batch, features = waiting.popleft()
                if following is not None:
                    waiting.append((following, makers.submit(made, following)))
                yield batch, features.result()

    def _frames(self, seconds: Seconds) -> int:
        """Length of the window that the encoder is given for a chunk."""
        if self.options.window == "full":
            return FRAMES
        return min(FRAMES, max(LEAST, -(-(round(seconds * 100) + SPARE) // CLASS) * CLASS))

    def _batch(self, chunks: Sequence[Chunk], features: Samples, language: str, careful: bool) -> Iterator[Decoded]:
        from faster_whisper.tokenizer import Tokenizer
        from faster_whisper.transcribe import get_suppressed_tokens

        tokenizer = Tokenizer(self.model.hf_tokenizer, self.model.model.is_multilingual, "transcribe", language)
        before = tokenizer.encode(" " + self.options.prompts[language]) if self.options.prompts.get(language) else []
        prompt = self.model.get_prompt(tokenizer, before, without_timestamps=True)
        encoded = self._encoded(features)
        found = self.model.model.generate(
            encoded,
            [prompt] * len(chunks),
            beam_size=self.options.repair_beam if careful else self.options.beam,
            no_repeat_ngram_size=4 if careful else 0,
            max_length=self.model.max_length,
            suppress_tokens=list(get_suppressed_tokens(tokenizer, [-1])),
            return_scores=True,
            return_no_speech_prob=True,
        )
        texts = [[token for token in one.sequences_ids[0] if token < tokenizer.eot] for one in found]
        aligned = self._aligned(tokenizer, texts, encoded, chunks)
        for chunk, one, words in zip(chunks, found, aligned, strict=True):
            length = len(one.sequences_ids[0])
            yield Decoded(words, one.scores[0] * length / (length + 1), one.no_speech_prob, chunk.seconds)

    def _aligned(
        self, tokenizer: Any, texts: Sequence[list[int]], encoded: Any, chunks: Sequence[Chunk]
    ) -> Iterator[tuple[Word, ...]]:
        from faster_whisper.transcribe import merge_punctuations

        frames = [min(FRAMES, round(chunk.seconds * 100)) for chunk in chunks]
        for first, last, part in self._for_alignment(encoded, len(chunks)):
            mine = texts[first:last]
            found = (
                self.model.find_alignment(tokenizer, mine, part, frames[first:last]) if any(mine) else [[]] * len(mine)
            )
            for chunk, words in zip(chunks[first:last], found, strict=True):
                merge_punctuations(words, PREPENDED, APPENDED)
                yield placed(_whole(words), chunk)

    def _encoded(self, features: Samples) -> Any:
        """What the decoder reads, in CTranslate2's own memory."""
        return self.model.encode(features) if self.own is None else _stored(self.own(features))

    def _for_alignment(self, encoded: Any, count: int) -> Iterator[tuple[int, int, Any]]:
        """Which chunks, from first to last, are aligned at once: on a CPU each alone, for there one is cheapest."""
        import numpy as np

        if encoded.device != "cpu":
            yield 0, count, encoded
            return
        windows = np.asarray(encoded)
        yield from ((n, n + 1, _stored(windows[n : n + 1])) for n in range(count))

    def _features(self, sounds: Sequence[Samples], frames: int) -> Samples:
        import numpy as np

        extract, windows = self.model.feature_extractor, []
        for sound in sounds:
            features = extract(sound)[..., :-1][..., :frames]
            windows.append(np.pad(features, ((0, 0), (0, frames - features.shape[-1]))))
        return np.stack(windows)


def _own_encoder(folder: Path, options: WhisperOptions) -> Encoder | None:
    """The one that the options ask for; None where CTranslate2's is to be used."""
    if options.encoder == "ctranslate2" or (options.encoder == "auto" and not encoder.suits()):
        return None
    try:
        return Encoder.load(folder, options.threads or threads())
    except ModelError as error:
        if options.encoder == "bfloat16":
            raise
        log.warning("%s", error)
        return None


def _stored(windows: Samples) -> Any:
    from ctranslate2 import StorageView

    return StorageView.from_array(windows)


def _whole(aligned: Sequence[Mapping[str, Any]]) -> list[tuple[str, Seconds, Seconds, float]]:
    """(text, start, end, confidence) of each word; what is written without a space before it belongs to the last one.

    >>> parts = [("все", 0.0, 0.2, 0.9), ("-таки", 0.2, 0.6, 0.5)]
    >>> _whole([dict(word=w, start=a, end=b, probability=p) for w, a, b, p in parts])
    [('все-таки', 0.0, 0.6, 0.5)]
    """
    words: list[tuple[str, Seconds, Seconds, float]] = []
    for raw in aligned:
        text, start, end = str(raw["word"]), float(raw["start"]), float(raw["end"])
        if not text.strip():
            continue
        if words and not text.startswith(" "):
            before = words.pop()
            words.append((before[0] + text.strip(), before[1], end, min(before[3], float(raw["probability"]))))
        else:
            words.append((text.strip(), start, end, float(raw["probability"])))
    return words


def _better(first: Decoded, second: Decoded) -> Decoded:
    """The second try where it passes the gate or is at least surer."""
    return second if not doubt(second) or second.log_probability > first.log_probability else first
