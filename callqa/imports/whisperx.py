"""WhisperX's JSON (`whisperx --diarize --output_format json`): segments with words, each with its speaker."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import Any

from callqa.imports.segments import Draft, Piece, Segment, number


def fits(raw: Any) -> bool:
    segments = raw.get("segments") if isinstance(raw, dict) else None
    return isinstance(segments, list) and all(isinstance(s, dict) and "text" in s for s in segments)


def read(raw: Mapping[str, Any]) -> Draft:
    """``word_segments`` says nothing that the segments do not. ``score`` is how well a word was aligned, not how surely
    it was recognised: it is not taken."""
    segments = [part for i, s in enumerate(raw["segments"]) for part in _parts(f"segments[{i}]", s)]
    return Draft(segments, "mono", raw.get("language"))


def _parts(place: str, raw: Mapping[str, Any]) -> Iterator[Segment]:
    """A segment, cut where its words change the speaker."""
    speaker = str(raw.get("speaker") or "")
    listed = [w for w in raw.get("words") or () if isinstance(w, dict) and w.get("word")]
    voices = [str(w.get("speaker") or speaker) for w in listed]
    if len(set(voices)) < 2:
        words = tuple(_piece(w) for w in listed)
        voice = speaker or next(iter(voices), "")
        yield Segment(place, voice, number(raw.get("start")), number(raw.get("end")), str(raw["text"]), words)
        return
    for voice, run in groupby(zip(voices, listed, strict=True), key=lambda pair: pair[0]):
        words = tuple(_piece(w) for _, w in run)
        times = [t for w in words for t in (w.start, w.end) if t is not None]
        start, end = (min(times), max(times)) if times else (number(raw.get("start")), number(raw.get("end")))
        yield Segment(place, voice, start, end, " ".join(w.text for w in words), words)


def _piece(raw: Mapping[str, Any]) -> Piece:
    return Piece(str(raw["word"]).strip(), number(raw.get("start")), number(raw.get("end")))
