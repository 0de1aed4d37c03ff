"""One call as JSON: the document of DESIGN.md, the same bytes for the same call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from callqa.speech.transfers import main_rep, reps
from callqa.types import Call, Doubt, Measure, Measurement, Scorecard, Scored, Transcript


def document(scored: Scored, catalogue: Mapping[str, Measure]) -> dict[str, Any]:
    """All that is known of a call; times in seconds to the millisecond, values to six decimals.

    Beyond the design's keys: how the transcript came about (layout, roles, dropped words, sounds) and why a call has
    no score.
    """
    call = scored.call
    return {
        "call": _call(call, scored.scorecard.call_type),
        "transcript": _transcript(call.transcript),
        "measures": {name: _measure(m, catalogue.get(name), scored) for name, m in scored.measures.items()},
        "scorecard": {**_scorecard(scored.scorecard), "interval": _interval(scored.doubt, "score")},
    }


def encode(document: Mapping[str, Any]) -> bytes:
    import msgspec

    return msgspec.json.encode(document)


def _call(call: Call, call_type: str) -> dict[str, Any]:
    recording, told = call.recording, call.metadata
    return {
        "id": recording.id,
        "path": recording.path,
        "sha256": recording.sha256,
        "started_at": told.started_at,
        "duration": _time(recording.duration),
        "channels": recording.channels,
        "language": call.transcript.language,
        "rep": told.rep_name or told.rep_id,
        "customer": told.customer_id or told.customer_phone,
        "deal_id": told.deal_id,
        "call_type": call_type,
        "rep_id": told.rep_id,
        "direction": told.direction,
    }


def _transcript(transcript: Transcript) -> dict[str, Any]:
    return {
        "layout": transcript.layout,
        "separation": round(transcript.separation, 4),
        "roles_by": transcript.roles_by,
        "roles_confidence": round(transcript.roles_confidence, 4),
        "word_times": transcript.word_times,
        "transfer": _transfer(transcript),
        "turns": [
            {
                "side": turn.side,
                "start": _time(turn.start),
                "end": _time(turn.end),
                "text": turn.text,
                "words": [
                    {"text": w.text, "start": _time(w.start), "end": _time(w.end), "confidence": round(w.confidence, 4)}
                    for w in turn.words
                ],
                **({"speaker": turn.speaker} if turn.speaker else {}),
            }
            for turn in transcript.turns
        ],
        "dropped": [
            {"text": d.text, "start": _time(d.start), "end": _time(d.end), "reason": d.reason}
            for d in transcript.dropped
        ],
        "events": [
            {"kind": e.kind, "start": _time(e.start), "end": _time(e.end), "channel": e.channel}
            for e in transcript.events
        ],
    }


def _transfer(transcript: Transcript) -> dict[str, Any] | None:
    """The reps of a call that was handed over, and the one whose measures these are; None where there is one rep."""
    names = reps(transcript)
    if not names:
        return None
    number = {2: "two", 3: "three", 4: "four"}.get(len(names), str(len(names)))
    return {"note": f"transfer: {number} reps", "reps": list(names), "measured": main_rep(transcript)}


def _interval(doubt: Doubt, name: str) -> list[float] | None:
    """[low, high] of a headline figure, None where there is none."""
    found = doubt.intervals.get(name)
    return None if found is None else [_figure(bound) for bound in found]


def _measure(m: Measurement, known: Measure | None, scored: Scored) -> dict[str, Any]:
    call, doubt = scored.call, scored.doubt
    return {
        "value": None if m.value is None else _figure(m.value),
        "interval": _interval(doubt, m.name),
        "unit": known.unit if known else "",
        "n": _figure(m.n),
        "trust": m.trust or call.trust,
        "reason": m.reason,
        "evidence": [
            {"start": _time(e.start), "end": _time(e.end), "note": e.note}
            | ({} if doubt.holds(m.name, i) else {"steady": False})
            for i, e in enumerate(m.evidence)
        ],
    }


def _scorecard(card: Scorecard) -> dict[str, Any]:
    return {
        "version": card.version,
        "name": card.name,
        "call_type": card.call_type,
        "score": card.score,
        "coverage": card.coverage,
        "trust": card.trust,
        "eligible": card.eligible,
        "reason": card.reason,
        "blocks": {
            name: {"score": block.score, "weight": block.weight, "coverage": block.coverage}
            for name, block in card.blocks.items()
        },
        "points_lost": [
            {
                "rule": p.rule,
                "measure": p.measure,
                "value": _figure(p.value),
                "band": list(p.band),
                "points": p.points,
                "quote": p.quote,
                "start": None if p.start is None else _time(p.start),
                "end": None if p.end is None else _time(p.end),
            }
            for p in card.points_lost
        ],
        "flags": list(card.flags),
    }


def _time(at: float) -> float:
    return round(at, 3)


def _figure(value: float) -> float | int:
    """Six decimals; whole numbers without a point, whether an analyser counted in int or in float."""
    rounded = round(value, 6)
    return int(rounded) if rounded == int(rounded) else rounded
