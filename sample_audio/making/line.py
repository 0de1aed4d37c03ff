"""The telephone between the speakers: band, noise, leak from side to side, tones, and the recorder's file."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import soundfile
import soxr
from making.voices import RATE, Samples
from numpy.typing import NDArray

LINE_RATE = 8000
BAND = (300, 3400)
OPUS_RATE = 48_000  # what an Opus file decodes to, whatever went in


def tone(kind: str, seconds: float, language: str) -> Samples:
    """A ring-back (425 Hz, 1 s of 5 in Russia; 440 + 480 Hz, 2 s of 6 in America) or a voicemail's beep, at RATE."""
    t = np.arange(int(seconds * RATE)) / RATE
    if kind == "beep":
        return 0.12 * np.sin(2 * np.pi * 1000 * t)
    pitches, on, period = ((425,), 1.0, 5.0) if language == "ru" else ((440, 480), 2.0, 6.0)
    sounding: Samples = 0.06 * sum(np.sin(2 * np.pi * f * t) for f in pitches) * (t % period < on)
    return sounding


def ringing(rings: int, language: str) -> float:
    """Seconds from the first to the last sound of so many rings."""
    on, period = (1.0, 5.0) if language == "ru" else (2.0, 6.0)
    return (rings - 1) * period + on


def banded(samples: Samples) -> Samples:
    """What passes a telephone: 300 to 3400 Hz with soft edges."""
    spectrum = np.fft.rfft(samples)
    frequency = np.fft.rfftfreq(len(samples), 1 / RATE)
    rises = np.clip((frequency - BAND[0] + 60) / 120, 0, 1)
    falls = np.clip((BAND[1] + 100 - frequency) / 200, 0, 1)
    return np.fft.irfft(spectrum * np.sin(np.pi / 2 * rises) * np.sin(np.pi / 2 * falls), len(samples))


def hiss(kind: str, length: int, rng: np.random.Generator) -> Samples:
    """Noise of RMS 1 in the band: ``line`` is white, ``office`` falls with frequency and breathes."""
    noise = rng.standard_normal(length)
    if kind == "office":
        spectrum = np.fft.rfft(noise)
        frequency = np.fft.rfftfreq(length, 1 / RATE)
        noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(frequency, 100.0)), length)
        knots = rng.uniform(0.6, 1.4, length // (RATE // 2) + 2)
        noise *= np.interp(np.arange(length) / (RATE // 2), np.arange(len(knots)), knots)
    noise = banded(noise)
    return noise / np.sqrt(np.mean(noise**2))


def noisy(samples: Samples, speech_level: float, snr: float, kind: str, rng: np.random.Generator) -> Samples:
    """The samples with noise ``snr`` dB below the speech's RMS."""
    return samples + speech_level * 10 ** (-snr / 20) * hiss(kind, len(samples), rng)


def leaked(left: Samples, right: Samples, bleed: float) -> tuple[Samples, Samples]:
    """Both channels with ``bleed`` dB of the other in each."""
    share = 10 ** (bleed / 20)
    return left + share * right, right + share * left


def write(path: Path, channels: list[Samples], kbps: int) -> None:
    """Channels at RATE into a file at LINE_RATE: Opus at ``kbps``, or FLAC by its suffix."""
    narrow = np.stack([soxr.resample(channel, RATE, LINE_RATE) for channel in channels])
    narrow = np.clip(narrow, -0.98, 0.98)
    if path.suffix == ".flac":
        soundfile.write(path, narrow.T, LINE_RATE, subtype="PCM_16")
        return
    _opus(path, np.round(narrow * 32767).astype(np.int16), kbps)


def _opus(path: Path, narrow: NDArray[np.int16], kbps: int) -> None:
    layout = "mono" if len(narrow) == 1 else "stereo"
    # bitexact: the container's serial number and tags stay the same from run to run
    with av.open(str(path), "w", format="ogg", options={"fflags": "+bitexact"}) as container:
        stream = container.add_stream("libopus", rate=LINE_RATE, layout=layout)
        stream.bit_rate = kbps * 1000
        stream.options = {"application": "voip", "vbr": "on", "frame_duration": "20"}
        size = LINE_RATE // 50
        for i in range(0, narrow.shape[1], size):
            frame = av.AudioFrame.from_ndarray(
                np.ascontiguousarray(narrow[:, i : i + size].T).reshape(1, -1), "s16", layout
            )
            frame.rate, frame.pts = LINE_RATE, i
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
