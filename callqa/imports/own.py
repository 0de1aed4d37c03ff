"""callqa's own document (`callqa score --json`, or the .json beside a page): sides, times and words as they were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

import msgspec

from callqa.errors import TranscriptError
from callqa.types import Dropped, Metadata, Seconds, Side, Sounds, Transcript, Turn, Word


class _Turn(msgspec.Struct):
    side: Side
    start: Seconds
    end: Seconds
    words: tuple[Word, ...]
    speaker: str = ""


class _Transcript(msgspec.Struct):
    turns: tuple[_Turn, ...]
    layout: Literal["stereo", "mono"] = "stereo"
    separation: float = 1.0
    roles_by: str = "file"
    roles_confidence: float = 1.0
    word_times: Literal["heard", "spread"] = "heard"
    dropped: tuple[Dropped, ...] = ()
    events: tuple[Sounds, ...] = ()


class _Call(msgspec.Struct):
    language: Literal["ru", "en"]
    duration: Seconds
    started_at: str | None = None
    rep: str | None = None
    rep_id: str | None = None
    customer: str | None = None
    deal_id: str | None = None
    call_type: str | None = None
    direction: Literal["inbound", "outbound"] | None = None


class _Document(msgspec.Struct):
    call: _Call
    transcript: _Transcript


def fits(raw: Any) -> bool:
    call, told = (raw.get("call"), raw.get("transcript")) if isinstance(raw, dict) else (None, None)
    return isinstance(call, dict) and isinstance(told, dict) and "turns" in told


def read(path: str, raw: Mapping[str, Any]) -> tuple[Transcript, Seconds, Metadata]:
    """The transcript, the call's length, and what the document knows of the call."""
    try:
        found = msgspec.convert(raw, _Document)
    except msgspec.ValidationError as error:
        problem, _, place = str(error).partition(" - at `$.")
        raise TranscriptError(path, "bad_document", place.rstrip("`") or "the whole file", problem) from error
    told, call = found.transcript, found.call
    for i, turn in enumerate(told.turns):
        for start, end in ((turn.start, turn.end), *((w.start, w.end) for w in turn.words)):
            if not 0 <= start <= end:
                place = f"transcript.turns[{i}]"
                raise TranscriptError(path, "bad_times", place, f"goes from {start:g} s to {end:g} s")
    if not told.turns:
        raise TranscriptError(path, "empty_transcript", "transcript.turns", "no words in it; set aside")
    turns = tuple(Turn(t.side, t.start, t.end, t.words, t.speaker) for t in told.turns)
    transcript = Transcript(
        call.language, turns, told.layout, told.separation, told.roles_by, told.roles_confidence, told.dropped,
        told.events, told.word_times,
    )  # fmt: skip
    metadata = Metadata(
        file="",
        started_at=call.started_at,
        direction=call.direction,
        call_type=call.call_type,
        rep_id=call.rep_id,
        rep_name=None if call.rep == call.rep_id else call.rep,
        customer_id=call.customer,
        deal_id=call.deal_id,
    )
    return transcript, max(call.duration, max(t.end for t in turns)), metadata
