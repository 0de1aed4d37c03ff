"""Labelled calls: what was really said, by whom and when, in the format of sample_audio's .json files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec

from callqa.errors import UsageError
from callqa.types import Call, Metadata, Recording, Side, Sounds, Span, Transcript, Turn, Word


@dataclass(frozen=True, slots=True)
class Label:
    """A moment of the truth that has a name: a question, an objection, a sound, an interruption."""

    kind: str
    side: str
    span: Span


@dataclass(frozen=True, slots=True)
class Truth:
    """One labelled call. ``channels`` maps a side to its channel, -1 on a mono call."""

    id: str
    audio: Path
    language: str
    layout: str
    channels: Mapping[str, int]
    turns: tuple[Turn, ...]
    display: tuple[str, ...]
    events: tuple[Sounds, ...]
    labels: tuple[Label, ...]
    duration: float
    file: Path = Path()

    def call(self, recording: Recording, metadata: Metadata) -> Call:
        """The call as a perfect ear would have it: what the definitions are recomputed on."""
        transcript = Transcript(language=self.language, turns=self.turns, events=self.events)  # type: ignore[arg-type]
        return Call(replace(recording, duration=self.duration), metadata, transcript)


def find(folder: Path) -> list[Path]:
    """The truth files of a folder: every .json that holds turns and names its sound, sorted."""
    if not folder.is_dir():
        raise UsageError(f"{folder}: no such folder")
    found = [path for path in sorted(folder.glob("*.json")) if {"turns", "audio"} <= set(_json(path))]
    if not found:
        raise UsageError(
            f"{folder}: no labelled calls; a call needs CALL.json with 'audio' and 'turns' beside its sound"
        )
    return found


def read(path: Path) -> Truth:
    """One truth file; what it lacks is a UsageError that names it."""
    raw = _json(path)
    try:
        channels = {"ivr": raw.get("ivr_channel")} | {s: raw[s]["channel"] for s in ("rep", "customer") if raw.get(s)}
        return Truth(
            id=str(raw["id"]),
            audio=path.parent / raw["audio"],
            language=raw["language"],
            layout=raw["layout"],
            channels={side: -1 if channel is None else channel for side, channel in channels.items()},
            turns=tuple(_turn(turn) for turn in raw["turns"]),
            display=tuple(str(turn["text"]) for turn in raw["turns"]),
            events=tuple(_sound(e, channels) for e in raw.get("events", ()) if e["kind"] != "silence"),
            labels=tuple(label for turn in raw["turns"] for label in _labels(turn)),
            duration=float(raw["duration"]),
            file=path,
        )
    except (KeyError, TypeError, ValueError) as error:
        raise UsageError(f"{path}: not a labelled call: {type(error).__name__}: {error}") from error


def _json(path: Path) -> Mapping[str, Any]:
    try:
        raw = msgspec.json.decode(path.read_bytes())
    except (OSError, msgspec.DecodeError) as error:
        raise UsageError(f"{path}: {error}") from error
    return raw if isinstance(raw, dict) else {}


def _turn(raw: Mapping[str, Any]) -> Turn:
    side: Side = raw["speaker"]
    return Turn(side, raw["start"], raw["end"], _words(raw))


def _words(raw: Mapping[str, Any]) -> tuple[Word, ...]:
    """The words with their times, as punctuated in the spoken text where the two can be laid side by side."""
    timed: Sequence[Any] = raw.get("words") or ()
    spoken = [part for part in str(raw["spoken_text"]).split() if any(c.isalnum() for c in part)]
    if len(timed) == len(spoken):
        return tuple(Word(text, start, end) for text, (_, start, end) in zip(spoken, timed, strict=True))
    step = (raw["end"] - raw["start"]) / max(1, len(spoken))
    return tuple(Word(w, raw["start"] + i * step, raw["start"] + (i + 1) * step) for i, w in enumerate(spoken))


def _sound(raw: Mapping[str, Any], channels: Mapping[str, Any]) -> Sounds:
    return Sounds(raw["kind"], raw["start"], raw["end"], channels.get(raw.get("side", "")) or 0)


def _labels(turn: Mapping[str, Any]) -> list[Label]:
    span, side = Span(turn["start"], turn["end"]), turn["speaker"]
    named = {
        "questions": side == "rep" and turn.get("question"),
        "questions_customer": side == "customer" and turn.get("question"),
        "interruptions": side == "rep" and turn.get("interruption"),
        "interruptions_customer": side == "customer" and turn.get("interruption"),
        "objections": turn.get("objection"),
    }
    return [Label(kind, side, span) for kind, holds in named.items() if holds]
