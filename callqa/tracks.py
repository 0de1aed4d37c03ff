"""Pitch and level as they are kept, and whose they are."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from callqa.speech.listen import Spoken
from callqa.types import Side, Track, Transcript, overlaps


def packed(tracks: Mapping[int, Track]) -> bytes:
    """Tracks as kept: pitch in tenths of a Hz, level in hundredths of a dB."""
    import numpy as np

    rows: list[Any] = []
    for channel, track in sorted(tracks.items()):
        f0 = np.round(np.asarray(track.f0) * 10).clip(0, 65535).astype("<u2").tobytes()
        level = np.round(np.asarray(track.level) * 100).clip(-12000, 12000).astype("<i2").tobytes()
        rows.append((channel, track.step, f0, level))
    return msgspec.msgpack.encode(rows)


def unpacked(raw: bytes) -> dict[int, Track]:
    """The tracks by channel, as ``packed`` kept them."""
    import numpy as np

    def read(values: bytes, kind: str, scale: float) -> Any:
        return np.frombuffer(values, kind) / scale

    return {
        channel: Track(step, read(f0, "<u2", 10.0), read(level, "<i2", 100.0))
        for channel, step, f0, level in msgspec.msgpack.decode(raw)
    }


def sided(tracks: Mapping[int, Track], spoken: Spoken, transcript: Transcript) -> dict[Side, Track]:
    """The track of each side: that of the channel where most of its speech lies."""
    result: dict[Side, Track] = {}
    sides: tuple[Side, ...] = ("rep", "customer")
    for side in sides:
        spans = [turn.span for turn in transcript.by(side)]
        shares = {
            party.channel: sum(s.duration for s in overlaps(spans, party.speech)) for party in reversed(spoken.parties)
        }
        if spans and shares and (channel := max(shares, key=lambda c: (shares[c], -c))) in tracks:
            result[side] = tracks[channel]
    return result
