"""What is true of a call, computed from its turns: the .json beside the sound."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

from making.dialogue import Dialogue, Said, shown, spoken

PARTIES = ("rep", "customer")
KINDS = ("open", "closed", "alternative", "tag")
BRIDGE = 2.0  # s: a longer pause ends a monologue (../shared/calls/README.md's parameter)

Spans = list[tuple[float, float]]


def truth(dialogue: Dialogue, audio: str, made: Mapping[str, Any], lexicon: Mapping[str, Any]) -> dict[str, Any]:
    """The whole document. ``made`` are the facts of the recording: codec, rate, levels."""
    script = dialogue.script
    turns = [_turn(turn) for turn in dialogue.turns]
    channel = script["audio"].get("rep_channel")
    other = None if channel is None else 1 - channel
    document: dict[str, Any] = {"id": dialogue.stem.split("-")[0], "audio": audio, "language": script["language"]}
    document |= made
    for key in ("scenario", "description", "direction", "call_type", "started_at", "company", "product"):
        document[key] = script[key]
    document["rep"] = {**script["rep"], "channel": channel}
    document["customer"] = {**script["customer"], "channel": other}
    document["ivr_channel"] = other
    document["deal_id"] = script["deal_id"]
    document["events"] = [
        {"kind": t.kind, "start": round(t.start, 3), "end": round(t.end, 3), "side": "customer"} for t in dialogue.tones
    ]
    document["turns"] = turns
    document["aggregates"] = aggregates(turns, made["duration"])
    document["labels"] = labels(turns, script, lexicon)
    return document


def _turn(said: Said) -> dict[str, Any]:
    row, speech = said.line, said.speech
    at = [(word, round(said.start + start, 3), round(said.start + end, 3)) for word, start, end in speech.words]
    return {
        "start": round(said.start, 3),
        "end": round(said.end, 3),
        "speaker": said.side,
        "text": shown(row[said.side]),
        "spoken_text": spoken(row[said.side]),
        "prosody": {
            "f0_scale": round(said.manner.lively, 3),
            "speed": round(said.manner.speed, 3),
            "level_db": round(said.manner.level, 2),
            "f0_median_hz": round(speech.pitch_median, 1),
            "f0_sd_semitones": round(speech.pitch_spread, 2),
        },
        "tone": row.get("tone"),
        "backchannel": said.backchannel,
        "interruption": said.interruption,
        "question": row.get("ask"),
        "stage": row.get("stage"),
        "objection": row.get("objection"),
        "objection_handled": row.get("handled"),
        "pii": [],
        "word_times": "engine",
        "words": [list(word) for word in at],
    }


def labels(turns: Sequence[Mapping[str, Any]], script: Mapping[str, Any], lexicon: Mapping[str, Any]) -> dict[str, Any]:
    """What the author says of the call, and the phrases of the lexicon found in it."""
    told = script["labels"]
    phrases = lexicon[script["language"]]
    stages = list(dict.fromkeys(turn["stage"] for turn in turns if turn["stage"]))
    conversation = told.get("conversation", True)
    forbidden = [
        {"phrase": phrase, "turn": i}
        for i, turn in enumerate(turns)
        for phrase, pattern in phrases["forbidden"].items()
        if turn["speaker"] == "rep" and _hits(pattern, [turn])
    ]
    return {
        "stages_present": stages,
        "stages_missing": [s for s in lexicon["required_stages"] if s not in stages] if conversation else None,
        "forbidden_used": forbidden,
        "objections": [
            {"kind": turn["objection"], "turn": i, "handled": turn["objection_handled"]}
            for i, turn in enumerate(turns)
            if turn["objection"]
        ],
        "next_step_agreed": told["next_step_agreed"],
        "next_step": told.get("next_step"),
        "outcome": told["outcome"],
        "tone_rep": told["tone_rep"],
        "customer_mood_start": told["customer_mood_start"],
        "customer_mood_end": told["customer_mood_end"],
        "quality_rating": told.get("quality_rating"),
        "conversation": conversation,
        "keywords": {
            word: found
            for word, pattern in phrases["keywords"].items()
            if any((found := {side: _hits(pattern, _of(turns, side)) for side in PARTIES}).values())
        },
        "fillers": {
            side: {w: n for w, pattern in phrases["fillers"].items() if (n := _hits(pattern, _of(turns, side)))}
            for side in PARTIES
        },
    }


def aggregates(turns: Sequence[Mapping[str, Any]], duration: float) -> dict[str, Any]:
    """The figures of ../shared/calls/README.md, nothing estimated."""
    talk = {side: _length(_union(_spans(_of(turns, side)))) for side in (*PARTIES, "ivr")}
    both = talk["rep"] + talk["customer"]
    party = [turn for turn in turns if turn["speaker"] in PARTIES]
    union = _union(_spans(turns))
    heard = _union(_spans(party))
    silences = [(a[1], b[0]) for a, b in pairwise(heard)]
    long = {side: _monologue(turns, side) for side in PARTIES}
    said = {side: sum(len(turn["words"]) for turn in _of(turns, side)) for side in PARTIES}
    answers = {side: _answers(party, side) for side in PARTIES}
    return {
        "talk_seconds": {side: round(seconds, 3) for side, seconds in talk.items()},
        "talk_ratio_rep": _ratio(talk["rep"], both),
        "talk_ratio_customer": _ratio(talk["customer"], both),
        "speech_union_seconds": round(_length(union), 3),
        "longest_monologue_seconds": {s: round(span[1] - span[0], 3) if span else 0.0 for s, span in long.items()},
        "longest_monologue_span": {side: list(span) if span else None for side, span in long.items()},
        "mutual_silence_seconds": round(duration - _length(union), 3),
        "mutual_silence_share": _ratio(duration - _length(union), duration),
        "mutual_silence_in_dialogue_seconds": round(_length(silences), 3),
        "longest_silence_seconds": round(max((b - a for a, b in silences), default=0.0), 3),
        "silences_over_3s": [list(span) for span in silences if span[1] - span[0] > 3.0],
        "overlap_seconds": round(both - _length(_union(_spans(party))), 3),
        "interruptions": {side: sum(turn["interruption"] for turn in _of(turns, side)) for side in PARTIES},
        "backchannels": {side: sum(turn["backchannel"] for turn in _of(turns, side)) for side in PARTIES},
        "response_gap_mean_seconds": {s: _mean(gap for gap in found if gap >= 0) for s, found in answers.items()},
        "response_gap_mean_with_overlaps_seconds": {side: _mean(found) for side, found in answers.items()},
        "questions": {side: _questions(_of(turns, side)) for side in PARTIES},
        "words": said,
        "words_per_minute": {s: round(said[s] / talk[s] * 60, 1) if talk[s] else None for s in PARTIES},
        "speaker_changes": sum(len(found) for found in answers.values()),
    }


def _of(turns: Iterable[Mapping[str, Any]], side: str) -> list[Mapping[str, Any]]:
    return [turn for turn in turns if turn["speaker"] == side]


def _spans(turns: Iterable[Mapping[str, Any]]) -> Spans:
    return [(turn["start"], turn["end"]) for turn in turns]


def _union(spans: Spans) -> Spans:
    result: Spans = []
    for start, end in sorted(spans):
        if result and start <= result[-1][1]:
            result[-1] = (result[-1][0], max(result[-1][1], end))
        else:
            result.append((start, end))
    return result


def _length(spans: Spans) -> float:
    return sum(end - start for start, end in spans)


def _monologue(turns: Sequence[Mapping[str, Any]], side: str) -> tuple[float, float] | None:
    """The longest run of a side: pauses under BRIDGE and the other side's backchannels do not end it."""
    runs: Spans = []
    broken = True
    for turn in turns:
        if turn["backchannel"]:
            continue
        if turn["speaker"] != side:
            broken = True
        elif broken or turn["start"] - runs[-1][1] >= BRIDGE:
            runs.append((turn["start"], turn["end"]))
            broken = False
        else:
            runs[-1] = (runs[-1][0], turn["end"])
    return max(runs, key=lambda run: run[1] - run[0], default=None)


def _answers(party: Sequence[Mapping[str, Any]], side: str) -> list[float]:
    """Seconds from the end of the other's turn to the start of this side's, backchannels left out."""
    floor = [turn for turn in party if not turn["backchannel"]]
    return [b["start"] - a["end"] for a, b in pairwise(floor) if b["speaker"] == side and a["speaker"] != side]


def _questions(turns: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    counts = {kind: sum(turn["question"] == kind for turn in turns) for kind in KINDS}
    return counts | {"total": sum(counts.values())}


def _hits(pattern: str, turns: Iterable[Mapping[str, Any]]) -> int:
    return sum(len(re.findall(pattern, turn["spoken_text"].lower().replace("ё", "е"))) for turn in turns)


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 3) if whole else None


def _mean(values: Iterable[float]) -> float | None:
    known = list(values)
    return round(sum(known) / len(known), 3) if known else None
