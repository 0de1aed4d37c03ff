"""callqa's recogniser alone, in a worker process of benchmarks/peer_callqa.py."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from callqa.audio import decode
from callqa.config import Settings
from callqa.parts import Parts
from callqa.speech import Channel
from callqa.speech.vad import speech


class Hear:
    """A call to what is said on each of its channels, [start, end, word]; ``transcriber`` is that part's seconds."""

    def __init__(self, settings: Settings) -> None:
        self.languages = settings.languages
        self.transcriber = Parts.of(settings).make_transcriber()

    def __call__(self, call: Mapping[str, Any]) -> dict[str, Any]:
        started = time.perf_counter()
        sound = decode(Path(call["path"]))
        channels = [
            Channel(f"{call['key']}/{i}", samples, sound.rate, speech(samples, sound.rate))
            for i, samples in enumerate(sound.samples)
        ]
        begun = time.perf_counter()
        language = self.transcriber.language(channels, self.languages)
        heard = self.transcriber.transcribe(channels, [language] * len(channels))
        ended = time.perf_counter()
        segments = [[[word.start, word.end, word.text] for word in one.words] for one in heard]
        return {"segments": segments, "transcriber": ended - begun, "wall": ended - started}
