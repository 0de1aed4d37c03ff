"""Yandex SpeechSense's talk (the API's Talk, or its transcription alone): phrases by channel, times in milliseconds.

Names may be written as JSON does (channelNumber) or as the API's definition does (channel_number); numbers may be text.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callqa.imports.segments import Draft, Piece, Segment, milliseconds, number

FIELDS = {"operator_name": "rep_name", "operator_id": "rep_id", "client_id": "customer_id", "date": "started_at"}


def fits(raw: Any) -> bool:
    phrases = _phrases(raw)
    return phrases is not None and all(isinstance(p, dict) and isinstance(p.get("phrase"), dict) for p in phrases)


def read(raw: Mapping[str, Any]) -> Draft:
    """Which channel is the operator's stands in the connection, not in the talk: roles are found as on a recording."""
    talk = _talk(raw)
    segments = [_segment(f"phrases[{i}]", phrase) for i, phrase in enumerate(_phrases(raw) or ())]
    languages = [_get(p["phrase"], "language") for p in _phrases(raw) or ()]
    channels = {s.voice: int(s.voice.rpartition(" ")[2]) for s in segments if s.voice}
    rows = [row for row in _get(talk, "talk_fields") or () if isinstance(row, dict)]
    told = {FIELDS[row["name"]]: str(row["value"]) for row in rows if row.get("name") in FIELDS and row.get("value")}
    language = next((str(code) for code in languages if code), None)
    return Draft(segments, "stereo" if len(channels) > 1 else "mono", language, None, channels, told)


def _talk(raw: Any) -> Mapping[str, Any]:
    """The talk in an answer of Talk/get, which may hold several; the first is meant."""
    listed = raw.get("talk") if isinstance(raw, dict) else None
    if isinstance(listed, list) and listed:
        listed = listed[0]
    found = listed if isinstance(listed, dict) else raw
    return found if isinstance(found, dict) else {}


def _phrases(raw: Any) -> list[Any] | None:
    talk = _talk(raw)
    told = talk.get("transcription")
    phrases = told.get("phrases") if isinstance(told, dict) else talk.get("phrases")
    return phrases if isinstance(phrases, list) else None


def _segment(place: str, raw: Mapping[str, Any]) -> Segment:
    said = raw["phrase"]
    channel = number(_get(raw, "channel_number"))
    words = tuple(
        Piece(str(w["word"]), milliseconds(_get(w, "start_time_ms")), milliseconds(_get(w, "end_time_ms")))
        for w in _get(said, "words") or ()
        if isinstance(w, dict) and w.get("word")
    )
    text = str(_get(said, "normalized_text") or _get(said, "text") or " ".join(w.text for w in words))
    start, end = milliseconds(_get(raw, "start_time_ms")), milliseconds(_get(raw, "end_time_ms"))
    # JSON made of the API's messages leaves out what is 0
    if start is None and end is not None:
        start = 0.0
    voice = f"channel {int(channel or 0)}" if channel is not None or end is not None else ""
    return Segment(place, voice, start, end, text, words)


def _get(raw: Mapping[str, Any], name: str) -> Any:
    head, *rest = name.split("_")
    return raw.get(name, raw.get(head + "".join(part.capitalize() for part in rest)))
