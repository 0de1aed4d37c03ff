"""Where somebody speaks: voice activity of one channel, and the edges that talk times are measured by.

Silero VAD in its 8 kHz mode: on telephone sound its 16 kHz mode misses one second of speech in six and takes noise for
speech three times as often (docs/decisions/0003). The weights are a model like any other ("silero-vad").
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from callqa import models
from callqa.audio import resample
from callqa.types import Seconds, Span, joined

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
else:
    Samples = Any

RATE = 8_000
WINDOW = 256  # samples at 8 kHz: 32 ms
STEP: Seconds = WINDOW / RATE
ENTER, LEAVE = 0.35, 0.2  # speech begins over the first probability and goes on while over the second
BREATH: Seconds = 0.5  # a pause that does not end a phrase
SHORTEST: Seconds = 0.1
EDGE: Seconds = 0.03
LOUD_DB = 15.0  # over the noise floor: somebody or something is there
SECOND_OPINION = 0.2  # found in less of the loud time than this, speech is looked for at 16 kHz too


def speech(samples: Samples, rate: int) -> tuple[Span, ...]:
    """Spans of speech in one channel, in order; ``samples`` float32, shape (n,), at ``rate`` Hz."""
    return speeches(samples[None], rate)[0]


def speeches(samples: Samples, rate: int) -> list[tuple[Span, ...]]:
    """The speech of every channel, shape (channels, n): the same as of each alone, in less time."""
    import numpy as np

    found = probabilities(np.stack([resample(channel, rate, RATE) for channel in samples]), RATE)
    return [_surely(one, channel, rate) for one, channel in zip(found, samples, strict=True)]


def _surely(probability: Samples, samples: Samples, rate: int) -> tuple[Span, ...]:
    duration = len(samples) / rate
    found = spans(probability, duration)
    if rate >= 16_000 and sum(s.duration for s in found) < SECOND_OPINION * _loud_seconds(samples, rate):
        again = spans(probabilities(resample(samples, rate, 16_000)[None], 16_000)[0], duration)
        found = max(found, again, key=lambda some: sum(s.duration for s in some))
    return found


def spans(probability: Samples, duration: Seconds) -> tuple[Span, ...]:
    """Speech probabilities, one every STEP seconds, as spans."""
    found: list[Span] = []
    start = quiet = None
    for i, value in enumerate([*probability.tolist(), *[0.0] * (int(BREATH / STEP) + 2)]):
        if start is None:
            start = i * STEP if value >= ENTER else None
            quiet = None
        elif value >= LEAVE:
            quiet = None
        else:
            quiet = i * STEP if quiet is None else quiet
            if (i + 1) * STEP - quiet >= BREATH:
                if quiet - start >= SHORTEST:
                    found.append(Span(max(0.0, start - EDGE), max(0.0, min(duration, quiet + EDGE))))
                start = None
    return joined(Span(round(s.start, 3), round(s.end, 3)) for s in found if s.start < s.end)


def probabilities(samples: Samples, rate: int) -> Samples:
    """Silero's probability of speech for every 32 ms of every channel; ``rate`` is 8000 or 16000.

    ``samples`` (channels, n), the result (channels, ceil(n / 32 ms)); no channel hears another.
    """
    import numpy as np

    size, before = (WINDOW, 32) if rate == RATE else (2 * WINDOW, 64)
    count = len(samples)
    windows = np.pad(samples, ((0, 0), (0, -samples.shape[1] % size))).reshape(count, -1, size)
    context = np.concatenate([np.zeros((count, 1, before), np.float32), windows[:, :-1, -before:]], axis=1)
    heard = np.concatenate([context[:, : windows.shape[1]], windows], axis=2).astype(np.float32).swapaxes(0, 1)
    heard, result = np.ascontiguousarray(heard), np.zeros((len(heard), count), np.float32)
    state, run, hertz = np.zeros((2, count, 128), np.float32), _session().run, np.array(rate)
    for i, window in enumerate(heard):
        value, state = run(None, {"input": window, "state": state, "sr": hertz})
        result[i] = value[:, 0]
    return result.T


def levels(samples: Samples, rate: int) -> Samples:
    """RMS level of every 32 ms in dB re full scale."""
    import numpy as np

    size = round(rate * STEP)
    windows = np.pad(samples, (0, -len(samples) % size)).reshape(-1, size)
    decibels: Samples = 10 * np.log10((windows.astype(np.float64) ** 2).mean(axis=1) + 1e-12)
    return decibels


def _loud_seconds(samples: Samples, rate: int) -> Seconds:
    import numpy as np

    level = levels(samples, rate)
    return float((level > np.percentile(level, 10) + LOUD_DB).sum() * STEP) if len(level) else 0.0


@lru_cache(maxsize=1)
def _session() -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1  # the windows are tiny: threads only wait
    options.log_severity_level = 4
    weights = models.path("silero-vad") / "silero_vad.onnx"
    return onnxruntime.InferenceSession(str(weights), options, providers=["CPUExecutionProvider"])
