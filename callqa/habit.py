"""A call's delivery against the rep's own habit: how far from the mean of their last calls, in standard deviations.

The calls are those of the same ``rep_id`` that began before this one and are in the store: a call scored before the
earlier ones finds its habit when it is next reported or scored again.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Any, Protocol

import msgspec

from callqa.types import Measure, Measurement, Metadata

STAGE = "habit"
CALLS, FEWEST = 50, 5  # of the rep's last calls; with fewer there is no habit yet
STILL = 1e-6  # of a standard deviation: calls that do not differ say nothing of how unusual a value is
HABITS = ("pitch_spread", "phrase_end_slope", "loudness_range", "speech_rate", "pauses_per_minute")
MEASURES = (
    Measure("pitch_spread_z", "z", "Rep's pitch spread against habit", "Размах высоты голоса против обычного"),
    Measure("phrase_end_slope_z", "z", "Rep's phrase ends against habit", "Тон в конце фраз против обычного"),
    Measure("loudness_range_z", "z", "Rep's loudness range against habit", "Размах громкости против обычного"),
    Measure("speech_rate_z", "z", "Rep's speech rate against habit", "Темп речи против обычного"),
    Measure("pauses_per_minute_z", "z", "Rep's pauses against habit", "Паузы против обычного"),
)


class Past(Protocol):
    """Whoever knows a stage's answers of a rep's earlier calls, the newest first: the store."""

    def earlier(self, stage: str, rep_id: str, before: str, most: int) -> Sequence[bytes]: ...


def values(measures: Mapping[str, Measurement]) -> bytes:
    """What later calls compare themselves with, as kept: the figures of this call that are known."""
    known = {name: m.value for name in HABITS if (m := measures.get(name)) and m.value is not None}
    return msgspec.json.encode(known)


def against(store: Past, metadata: Metadata, measures: Mapping[str, Measurement]) -> dict[str, Measurement]:
    """``NAME_z`` of every figure of delivery that was measured by the team's analysers."""
    reason, past = None, []
    if not metadata.rep_id:
        reason = "no_rep"
    elif not metadata.started_at:
        reason = "no_date"
    else:
        rows = store.earlier(STAGE, metadata.rep_id, metadata.started_at, CALLS)
        past = [msgspec.json.decode(row, type=dict[str, float]) for row in rows]
    return {f"{name}_z": _score(measures[name], past, reason) for name in HABITS if name in measures}


def used(card: Any, habits: Mapping[str, Measurement]) -> list[Measurement]:
    """Those that the scorecard speaks of: its score depends on them."""
    written = msgspec.json.encode(card).decode()
    return [m for name, m in habits.items() if f'"{name}"' in written]


def _score(m: Measurement, past: Sequence[Mapping[str, float]], reason: str | None) -> Measurement:
    name, known = f"{m.name}_z", [row[m.name] for row in past if m.name in row]
    reason = m.reason or reason or ("too_few_calls" if len(known) < FEWEST else None)
    if reason or m.value is None:
        return Measurement(name, None, len(known), reason)
    spread = stdev(known)
    if spread < STILL:
        return Measurement(name, None, len(known), "no_variation")
    return Measurement(name, round((m.value - fmean(known)) / spread, 6), len(known), None, m.evidence, m.trust)
