"""Written dialogues: who says what, and when on the call's clock it sounds."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from making import line
from making.voices import Speech, Voice, sentences, speak, synthesise

SIDES = ("rep", "customer", "ivr")
LEAD_IN, TAIL = 0.8, 1.6  # s of line before the first and after the last sound
TONES = {"lively": {"lively": 1.2}, "irritated": {"lively": 1.3, "speed": 1.06, "level": 2.0}}


@dataclass(frozen=True, slots=True)
class Said:
    """One turn on the clock: its line of the script, whose it is, how and when it is said, and its sound."""

    line: Mapping[str, Any]
    side: str
    manner: Voice
    start: float
    speech: Speech

    @property
    def end(self) -> float:
        return self.start + self.speech.duration

    @property
    def backchannel(self) -> bool:
        return "at" in self.line

    @property
    def interruption(self) -> bool:
        return "cuts" in self.line


@dataclass(frozen=True, slots=True)
class Tone:
    """A sound that is no speech, on the customer's side of the line."""

    kind: str
    start: float
    end: float


@dataclass(frozen=True, slots=True)
class Dialogue:
    """One call before it goes through the telephone. ``script`` is the TOML as written."""

    stem: str
    script: Mapping[str, Any]
    turns: tuple[Said, ...]
    tones: tuple[Tone, ...]
    duration: float

    @property
    def seed(self) -> int:
        return crc32(self.stem.encode())


def shown(text: str) -> str:
    """A line as it is read: ``[15|fifteen]`` gives 15."""
    return re.sub(r"\[([^|\]]*)\|[^\]]*\]", r"\1", text)


def spoken(text: str) -> str:
    """A line as it is said: ``[15|fifteen]`` gives fifteen."""
    return re.sub(r"\[[^|\]]*\|([^\]]*)\]", r"\1", text)


def side_of(row: Mapping[str, Any]) -> str | None:
    return next((side for side in SIDES if side in row), None)


def read(path: Path) -> Dialogue:
    """The script, spoken by its voices and laid on the clock; the same script gives the same sound."""
    script = tomllib.loads(path.read_text(encoding="utf-8"))
    rng = np.random.default_rng(crc32(path.stem.encode()))
    said, tones = _laid(script, _voiced(script), rng)
    end = max([turn.end for turn in said] + [tone.end for tone in tones])
    return Dialogue(path.stem, script, tuple(sorted(said, key=lambda turn: turn.start)), tuple(tones), end + TAIL)


def _voiced(script: Mapping[str, Any]) -> dict[str, Any]:
    """The raw sentences of every side, {side: {sentence: Raw}}."""
    raw = {}
    for side in SIDES:
        texts = [s for row in script["lines"] if side in row for s in sentences(spoken(row[side]))]
        if texts:
            raw[side] = synthesise(script[side]["voice"]["base"], sorted(set(texts)))
    return raw


def _laid(script: Mapping[str, Any], raw: Mapping[str, Any], rng: np.random.Generator) -> tuple[list[Said], list[Tone]]:
    said: list[Said] = []
    tones: list[Tone] = []
    floor: Said | None = None
    clock = LEAD_IN
    for row in script["lines"]:
        side = side_of(row)
        if side is None:
            kind = "ringback" if "ring" in row else "beep"
            seconds = line.ringing(row["ring"], script["language"]) if "ring" in row else row["beep"]
            clock += 0.15 if kind == "ringback" else 0.35
            tones.append(Tone(kind, clock, clock + seconds))
            clock += seconds + rng.uniform(0.5, 0.9)
            continue
        manner = _manner(script[side]["voice"], row, rng)
        speech = speak(spoken(row[side]), manner, raw[side], rng, row.get("ask"))
        turn = Said(row, side, manner, _start(row, side, floor, clock, script["timing"], rng), speech)
        said.append(turn)
        if not turn.backchannel:
            floor, clock = turn, turn.end
    return said, tones


def _manner(voice: Mapping[str, Any], row: Mapping[str, Any], rng: np.random.Generator) -> Voice:
    """The voice as it sounds in this turn: its tone, and the small differences between any two turns."""
    base = Voice(**voice)
    tone = TONES.get(row.get("tone", ""), {})
    return Voice(
        base.base,
        base.pitch * rng.uniform(0.97, 1.03),
        base.formants,
        base.speed * tone.get("speed", 1.0) * rng.uniform(0.97, 1.03),
        base.lively * tone.get("lively", 1.0) * rng.uniform(0.95, 1.05),
        base.level + tone.get("level", 0.0) + rng.uniform(-1.0, 1.0),
    )


def _start(
    row: Mapping[str, Any],
    side: str,
    floor: Said | None,
    clock: float,
    timing: Mapping[str, float],
    rng: np.random.Generator,
) -> float:
    if floor is None or "gap" in row:
        return clock + float(row.get("gap", 0.0))
    if "at" in row:
        return floor.start + row["at"] * floor.speech.duration
    if "cuts" in row:
        return floor.end - float(row["cuts"])
    if floor.side == side:
        return clock + rng.uniform(0.35, 0.6)
    # people answer after a log-normal time: mostly at once, now and then after a thought
    return clock + float(np.clip(timing.get(side, 0.5) * rng.lognormal(0.0, 0.35), 0.2, 1.2))


def sounding(dialogue: Dialogue, side: str) -> Iterator[Said]:
    """The turns of one side."""
    return (turn for turn in dialogue.turns if turn.side == side)
