"""Amazon Transcribe Call Analytics' JSON: two channels, each of a participant whose role it names."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from callqa.imports.segments import Draft, Piece, Segment, milliseconds, number


def fits(raw: Any) -> bool:
    turns = raw.get("Transcript") if isinstance(raw, dict) else None
    return isinstance(turns, list) and all(isinstance(t, dict) and "Content" in t for t in turns)


def read(raw: Mapping[str, Any]) -> Draft:
    """A turn names its role, or a participant whose role ``Participants`` names."""
    listed = [p for p in raw.get("Participants") or () if isinstance(p, dict)]
    roles = {p["ParticipantId"]: p.get("ParticipantRole") for p in listed if p.get("ParticipantId")}
    about = raw.get("ConversationCharacteristics") or {}
    return Draft(
        [_segment(f"Transcript[{i}]", turn, roles) for i, turn in enumerate(raw["Transcript"])],
        "stereo",
        raw.get("LanguageCode"),
        milliseconds(about.get("TotalConversationDurationMillis")) if isinstance(about, dict) else None,
    )


def _segment(place: str, raw: Mapping[str, Any], roles: Mapping[str, Any]) -> Segment:
    speaker = raw.get("ParticipantId")
    voice = raw.get("ParticipantRole") or roles.get(str(speaker)) or speaker or ""
    begin, end = milliseconds(raw.get("BeginOffsetMillis")), milliseconds(raw.get("EndOffsetMillis"))
    items = [item for item in raw.get("Items") or () if isinstance(item, dict)]
    words = tuple(_piece(item) for item in items if re.search(r"\w", str(item.get("Content", ""))))
    return Segment(place, str(voice), begin, end, str(raw["Content"]), words)


def _piece(item: Mapping[str, Any]) -> Piece:
    sure = number(item.get("Confidence"))
    start, end = milliseconds(item.get("BeginOffsetMillis")), milliseconds(item.get("EndOffsetMillis"))
    return Piece(str(item["Content"]), start, end, 1.0 if sure is None else min(1.0, max(0.0, sure)))
