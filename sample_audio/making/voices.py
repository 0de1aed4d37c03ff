"""Invented people's voices: Debian's free synthesisers, turned into different speakers by the WORLD vocoder."""

from __future__ import annotations

import re
import subprocess
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher
from functools import cache
from pathlib import Path

import numpy as np
import pyworld
import soundfile
import soxr
from numpy.typing import NDArray

Samples = NDArray[np.float64]

RATE = 16_000
FESTIVAL = {"ru": "msu_ru_nsh_clunits", "slt-hts": "cmu_us_slt_arctic_hts"}
FLITE = ("rms", "slt", "awb")
FRAME = 5.0  # ms, WORLD's step
EDGE = 0.012  # s of sound kept before the first and after the last word
LEVEL = 10 ** (-23 / 20)  # RMS of speech
RISE = {"closed": 1.3, "tag": 1.3, "alternative": 1.12}  # of the pitch over the question's last word

# A token's daughters are its words, and with some voices its full stop, which has no time.
SCHEME = """
(voice_{voice})
(define (times number token words)
  (if words
    (begin
      (format t "%d\\t%d\\t%f\\t%f\\n" number token
        (item.feat (car words) "word_start") (item.feat (car words) "word_end"))
      (times number token (cdr words)))))
(define (tokens number count token)
  (if token
    (begin
      (times number count (item.daughters token))
      (tokens number (+ count 1) (item.next token)))))
(define (say number text)
  (let ((utt (SynthText text)))
    (utt.save.wave utt (format nil "%d.wav" number))
    (tokens number 0 (utt.relation.first utt 'Token))))
"""


@dataclass(frozen=True, slots=True)
class Voice:
    """A speaker: ``base`` synthesiser, then ratios against it: pitch, formants, speed, pitch range; level in dB."""

    base: str
    pitch: float = 1.0
    formants: float = 1.0
    speed: float = 1.0
    lively: float = 1.0
    level: float = 0.0


@dataclass(frozen=True, slots=True)
class Speech:
    """One utterance: ``samples`` at RATE, its words with times in seconds, and the pitch it came out with."""

    samples: Samples
    words: tuple[tuple[str, float, float], ...]
    pitch_median: float
    pitch_spread: float

    @property
    def duration(self) -> float:
        return len(self.samples) / RATE


@dataclass(frozen=True, slots=True)
class Raw:
    """A sentence as the synthesiser gave it: its samples at RATE and (start, end) of each word."""

    samples: Samples
    times: tuple[tuple[float, float], ...]


def sentences(text: str) -> list[str]:
    """The sentences of a spoken text, in order.

    >>> sentences("Добрый день! Это «Пульс».")
    ['Добрый день!', 'Это «Пульс».']
    """
    return re.split(r"(?<=[.!?…])\s+", text.strip())


def words(text: str) -> list[str]:
    """The words without their punctuation: what is timed.

    >>> words("«Пульс» - это, don't")
    ['Пульс', 'это', "don't"]
    """
    bare = [re.sub(r"^[^\w]+|[^\w]+$", "", part) for part in text.split()]
    return [word for word in bare if word]


def synthesise(base: str, texts: Sequence[str]) -> dict[str, Raw]:
    """Each sentence spoken by one base voice; a sentence whose words cannot be timed is a ValueError naming it."""
    spoken = _festival(FESTIVAL[base], texts) if base in FESTIVAL else _flite(base, texts)
    for text, raw in zip(texts, spoken, strict=True):
        if len(raw.times) != len(words(text)):
            raise ValueError(f"{base}: {len(raw.times)} timed words of {len(words(text))}; write it plainer: {text}")
    return dict(zip(texts, spoken, strict=True))


def speak(text: str, voice: Voice, raw: Mapping[str, Raw], rng: np.random.Generator, question: str | None) -> Speech:
    """The sentences of one turn in this voice, a breath between them."""
    parts: list[Samples] = []
    timed: list[tuple[str, float, float]] = []
    pitches: list[Samples] = []
    clock = 0.0
    every = sentences(text)
    for i, sentence in enumerate(every):
        rise = RISE.get(question or "", 1.0) if i == len(every) - 1 else 1.0
        samples, times, pitch = converted(raw[sentence], voice, rise)
        timed += [(w, clock + s, clock + e) for w, (s, e) in zip(words(sentence), times, strict=True)]
        breath = np.zeros(int(rng.uniform(0.25, 0.5) * RATE) if i < len(every) - 1 else 0)
        parts += [samples, breath]
        pitches.append(pitch)
        clock += (len(samples) + len(breath)) / RATE
    whole = np.concatenate(parts)
    heard = whole[np.abs(whole) > 1e-4]
    whole *= LEVEL * 10 ** (voice.level / 20) / np.sqrt(np.mean(heard**2))
    pitch = np.concatenate(pitches)
    semitones = 12 * np.log2(pitch / np.median(pitch))
    return Speech(whole, tuple(timed), float(np.median(pitch)), float(np.std(semitones)))


def converted(raw: Raw, voice: Voice, rise: float) -> tuple[Samples, list[tuple[float, float]], Samples]:
    """One sentence in another throat, cut to its words: (samples, word times, pitch of the voiced frames in Hz)."""
    first = max(0.0, raw.times[0][0] - EDGE)
    samples = raw.samples[int(first * RATE) : int((raw.times[-1][1] + EDGE) * RATE)]
    frames, moments = pyworld.harvest(samples, RATE, f0_floor=60.0, f0_ceil=420.0, frame_period=FRAME)
    envelope = pyworld.cheaptrick(samples, frames, moments, RATE)
    noise = pyworld.d4c(samples, frames, moments, RATE)
    voiced = frames > 0
    centre = np.exp(np.mean(np.log(frames[voiced]))) if voiced.any() else 1.0
    moved = np.where(voiced, voice.pitch * centre * (np.maximum(frames, 1.0) / centre) ** voice.lively, 0.0)
    last = moments >= raw.times[-1][0] - first
    moved[last] *= np.linspace(1.0, rise, int(last.sum()))
    out = pyworld.synthesize(
        moved, _stretched(envelope, voice.formants), _stretched(noise, voice.formants), RATE, FRAME / voice.speed
    )
    fade = np.minimum(1.0, np.minimum(np.arange(len(out)), np.arange(len(out))[::-1]) / (0.008 * RATE))
    times = [((s - first) / voice.speed, (e - first) / voice.speed) for s, e in raw.times]
    return out * fade, times, moved[voiced] if voiced.any() else np.array([100.0])


def _stretched(spectrum: Samples, ratio: float) -> Samples:
    """A spectral envelope, shape (frames, bins), with its formants moved up by ``ratio``."""
    bins = np.arange(spectrum.shape[1])
    low = np.minimum(bins / ratio, bins[-1])
    floor = low.astype(int)
    ceiling = np.minimum(floor + 1, bins[-1])
    return np.ascontiguousarray(spectrum[:, floor] * (1 - (low - floor)) + spectrum[:, ceiling] * (low - floor))


def _festival(voice: str, texts: Sequence[str]) -> list[Raw]:
    with tempfile.TemporaryDirectory() as folder:
        said = [f'(say {i} "{_plain(text)}")' for i, text in enumerate(texts)]
        (Path(folder) / "say.scm").write_text(SCHEME.replace("{voice}", voice) + "\n".join(said), encoding="utf-8")
        done = subprocess.run(["festival", "-b", "say.scm"], cwd=folder, capture_output=True, text=True)
        if done.returncode:
            raise ValueError(f"festival with {voice}: {done.stderr}")
        spoken: list[dict[str, list[tuple[float, float]]]] = [{} for _ in texts]
        for number, token, start, end in re.findall(r"(\d+)\t(\d+)\t(\S+)\t(\S+)", done.stdout):
            if float(end) > float(start):
                spoken[int(number)].setdefault(token, []).append((float(start), float(end)))
        return [
            Raw(_read(Path(folder) / f"{i}.wav"), tuple((times[0][0], times[-1][1]) for times in tokens.values()))
            for i, tokens in enumerate(spoken)
        ]


def _flite(voice: str, texts: Sequence[str]) -> list[Raw]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "said.wav"
        spoken = []
        for text in texts:
            phones = _phones(voice, _plain(text), str(path))
            spoken.append(Raw(_read(path), tuple(_by_phones(phones, [_own(voice, word) for word in words(text)]))))
        return spoken


def _phones(voice: str, text: str, out: str) -> list[tuple[str, float, float]]:
    """(phone, start, end) of a text, pauses too."""
    # flite takes an argument without a space for a file's name
    said = subprocess.run(
        ["flite", "-voice", voice, "-psdur", "-t", text, "-o", out], check=True, capture_output=True, text=True
    )
    ends = [part.rsplit(":", 1) for part in said.stdout.split()]
    starts = [0.0, *(float(end) for _, end in ends)]
    return [(phone, starts[i], float(end)) for i, (phone, end) in enumerate(ends)]


@cache
def _own(voice: str, word: str) -> tuple[str, ...]:
    return tuple(phone for phone, _, _ in _phones(voice, word, "none") if phone != "pau")


def _by_phones(
    phones: Sequence[tuple[str, float, float]], each: Sequence[tuple[str, ...]]
) -> list[tuple[float, float]]:
    """Word times of flite, which gives phones only: each word's own phones laid along those of the sentence."""
    heard = [phone for phone in phones if phone[0] != "pau"]
    owner = [i for i, word in enumerate(each) for _ in word]
    flat = [phone for word in each for phone in word]
    found: list[list[int]] = [[] for _ in each]
    for tag, a, b, c, d in SequenceMatcher(None, flat, [p for p, _, _ in heard], autojunk=False).get_opcodes():
        for k in range(c, d):
            near = a + (k - c) * (b - a) // (d - c) if tag != "insert" else min(a, len(owner) - 1)
            found[owner[near]].append(k)
    if not all(found):
        return []
    return [(heard[ks[0]][1], heard[ks[-1]][2]) for ks in found]


def _plain(text: str) -> str:
    """The text without what a synthesiser stumbles over: quotation marks and dashes."""
    bare = re.sub(r"[^\w\s.,!?'-]|(?<=\s)-(?=\s)", " ", text)
    return re.sub(r"\s+(?=[.,!?])", "", re.sub(r"\s+", " ", bare)).strip()


def _read(path: Path) -> Samples:
    samples, rate = soundfile.read(path, dtype="float64")
    return soxr.resample(samples, rate, RATE) if rate != RATE else samples
