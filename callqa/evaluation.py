"""How right callqa is on labelled calls: words, speakers, roles, and every measure against its true value.

A true value is the same analyser's on the true turns, so it follows DEFINITIONS.md whatever the labels' own aggregates
were made with.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import msgspec

from callqa import labels, scoring
from callqa.analysers.objections import Objections
from callqa.parts import Parts
from callqa.pipeline import measured
from callqa.speech.listen import Spoken
from callqa.truth import Truth
from callqa.types import Call, Measurement, Scored, Span, Turn, Word

EVENTS = ("questions", "questions_customer", "interruptions", "interruptions_customer", "objections")
SOUNDS = ("ringback", "hold_music")


@dataclass(frozen=True, slots=True)
class Score:
    """A measure against its true value; ``error`` = value - truth, None when either is not measurable."""

    truth: float | None
    value: float | None
    error: float | None


@dataclass(frozen=True, slots=True)
class Found:
    """Events found against the true ones: hits, those found that are none, those missed."""

    hits: int = 0
    false: int = 0
    missed: int = 0

    def __add__(self, other: Found) -> Found:
        return Found(self.hits + other.hits, self.false + other.false, self.missed + other.missed)

    def rates(self) -> dict[str, float | None]:
        found, true = self.hits + self.false, self.hits + self.missed
        precision = self.hits / found if found else None
        recall = self.hits / true if true else None
        f1 = 2 * self.hits / (found + true) if found + true else None
        return {"precision": _round(precision), "recall": _round(recall), "f1": _round(f1)}


@dataclass(frozen=True, slots=True)
class Result:
    """One call. ``wer`` and ``der`` are None where there was nothing to recognise or to tell apart.

    ``intervals``: whether the true value of each headline measure lies inside its interval.
    """

    id: str
    language: str
    layout: str
    words: int
    word_errors: int
    der: float | None
    role_accuracy: float | None
    roles_by: str
    score: float | None
    reason: str | None
    measures: Mapping[str, Score] = field(default_factory=dict)
    events: Mapping[str, Found] = field(default_factory=dict)
    intervals: Mapping[str, bool] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, Found]] = field(default_factory=dict)

    @property
    def wer(self) -> float | None:
        return self.word_errors / self.words if self.words else None


def judge(truth: Truth, scored: Scored, spoken: Spoken, parts: Parts) -> Result:
    """One scored call against its truth."""
    call = scored.call
    true = _true(truth, scored, parts)
    words, errors = word_errors(truth, spoken)
    return Result(
        id=truth.id,
        language=truth.language,
        layout=truth.layout,
        words=words,
        word_errors=errors,
        der=_diarization_error(truth, call, spoken),
        role_accuracy=role_accuracy(truth.turns, call.transcript.turns),
        roles_by=call.transcript.roles_by,
        score=scored.scorecard.score,
        reason=scored.scorecard.reason,
        measures={name: _compared(true.get(name), m) for name, m in scored.measures.items()},
        events=_events(truth, scored),
        intervals=inside(truth, scored, parts),
        labels=labelled(truth, scored, parts),
    )


def labelled(truth: Truth, scored: Scored, parts: Parts) -> dict[str, dict[str, Found]]:
    """What the labels name, found in the true words ("true") and in the recognised ones ("heard"), by kind."""
    told = labels.read(truth.file) if truth.file.is_file() else None
    finder = next((one for one in parts.analysers if isinstance(one, Objections)), None)
    if told is None or finder is None:
        return {}
    ideal = truth.call(scored.call.recording, scored.call.metadata)
    words = {"true": (ideal, _true(truth, scored, parts)), "heard": (scored.call, scored.measures)}
    result: dict[str, dict[str, Found]] = {}
    for way, (call, measures) in words.items():
        counted = result.setdefault(way, {})
        for kind, verdict, _ in labels.judged(told, measures, finder.found(call)):
            counted[kind] = counted.get(kind, Found()) + Found(**{verdict: 1})
    return result


def inside(truth: Truth, scored: Scored, parts: Parts) -> dict[str, bool]:
    """Whether the true value lies inside each interval; of calls that are conversations, where it can be measured."""
    if not scored.scorecard.eligible:
        return {}
    true = true_values(truth, scored, parts)
    return {
        name: low - 1e-6 <= value <= high + 1e-6
        for name, (low, high) in scored.doubt.intervals.items()
        if (value := true.get(name)) is not None
    }


def true_values(truth: Truth, scored: Scored, parts: Parts) -> dict[str, float | None]:
    """Every measure of the true words and turns, and their score; what only the sound tells is taken as heard."""
    true = _true(truth, scored, parts)
    told = {name: m if m.reason != "no_sound" else scored.measures.get(name, m) for name, m in true.items()}
    ideal = truth.call(scored.call.recording, scored.call.metadata)
    total = scoring.score(ideal, told, parts.cards[truth.language]).score
    return {name: m.value for name, m in true.items()} | {"score": total}


def _true(truth: Truth, scored: Scored, parts: Parts) -> dict[str, Measurement]:
    ideal = truth.call(scored.call.recording, scored.call.metadata)
    return msgspec.json.decode(measured(parts.analysers, ideal, {}), type=dict[str, Measurement])


def word_errors(truth: Truth, spoken: Spoken) -> tuple[int, int]:
    """(words said, substitutions + deletions + insertions), channel by channel where the call has two."""
    import jiwer

    said = errors = 0
    for reference, heard in _texts(truth, spoken):
        if not reference:
            errors += len(heard.split())
            continue
        counted = jiwer.process_words(reference, heard)
        said += counted.hits + counted.substitutions + counted.deletions
        errors += counted.substitutions + counted.deletions + counted.insertions
    return said, errors


def plain(text: str) -> str:
    """Text as words are compared: lower case, ё as е, no punctuation, digit groups and hyphens closed up.

    >>> plain("Ещё 120 000 рублей, 15-го!")
    'еще 120000 рублей 15 го'
    """
    text = re.sub(r"(?<=\d)[ ,.](?=\d{3}\b)", "", text.lower().replace("ё", "е"))
    return " ".join(re.findall(r"[^\W_]+(?:'[^\W_]+)?", text.replace("’", "'")))


def role_accuracy(truth: Iterable[Turn], turns: Iterable[Turn]) -> float | None:
    """Of the speech attributed to somebody, the share that went to its true side (pyannote.metrics' confusion)."""
    from pyannote.metrics.identification import IdentificationErrorRate

    parts = IdentificationErrorRate(collar=0.0, skip_overlap=False)(
        _annotation(truth), _annotation(turns), detailed=True, **_scored_region([*truth, *turns])
    )
    attributed = parts["correct"] + parts["confusion"]
    return parts["correct"] / attributed if attributed else None


def overall(results: Sequence[Result]) -> dict[str, Any]:
    """The figures over all calls: WER by language, mean DER, role accuracy, error of every measure, events found."""
    languages = sorted({r.language for r in results})
    wer = {code: _wer([r for r in results if r.language == code]) for code in languages}
    names = sorted({name for r in results for name in r.measures})
    events = {name: sum((r.events[name] for r in results if name in r.events), Found()) for name in (*EVENTS, *SOUNDS)}
    layouts = sorted({r.layout for r in results})
    return {
        "wer": wer,
        "der": _mean([r.der for r in results]),
        "role_accuracy": _mean([r.role_accuracy for r in results]),
        "roles_right": f"{sum(_right(r) for r in results)}/{sum(r.role_accuracy is not None for r in results)}",
        "measures": {name: error for name in names if (error := _error(results, name))["n"]},
        "events": {name: found.rates() for name, found in events.items()},
        "intervals": intervals(results),
        "labels": {way: {code: _kinds(results, way, code) for code in languages} for way in ("true", "heard")},
        "by_layout": {
            layout: {
                "der": _mean([r.der for r in mine]),
                "roles_right": f"{sum(_right(r) for r in mine)}/{sum(r.role_accuracy is not None for r in mine)}",
                "measures": {name: error for name in names if (error := _error(mine, name))["n"]},
            }
            for layout in layouts
            if (mine := [r for r in results if r.layout == layout])
        },
    }


def intervals(results: Sequence[Result]) -> dict[str, dict[str, int]]:
    """How many calls each headline measure's interval was given for, and in how many it holds the true value."""
    names = dict.fromkeys(name for r in results for name in r.intervals)
    rows = {name: [r.intervals[name] for r in results if name in r.intervals] for name in names}
    rows["all"] = [held for row in list(rows.values()) for held in row]
    return {name: {"n": len(row), "inside": sum(row)} for name, row in rows.items()}


def _kinds(results: Sequence[Result], way: str, language: str) -> dict[str, dict[str, float | None]]:
    """Precision, recall and F1 of every kind of label over the calls of one language."""
    found: dict[str, Found] = {}
    for r in results:
        for kind, one in r.labels.get(way, {}).items() if r.language == language else ():
            found[kind] = found.get(kind, Found()) + one
    return {kind: found[kind].rates() for kind in sorted(found)}


def document(results: Sequence[Result]) -> dict[str, Any]:
    """What ``callqa eval --json`` prints for one way of knowing the roles."""
    calls = [
        {
            "id": r.id,
            "language": r.language,
            "layout": r.layout,
            "wer": _round(r.wer),
            "der": _round(r.der),
            "role_accuracy": _round(r.role_accuracy),
            "roles_by": r.roles_by,
            "score": r.score,
            "reason": r.reason,
            "measures": {
                name: {"truth": _round(s.truth), "value": _round(s.value), "error": _round(s.error)}
                for name, s in r.measures.items()
            },
            "events": {name: found.rates() for name, found in r.events.items()},
            "intervals": dict(r.intervals),
        }
        for r in results
    ]
    return {"calls": calls, "overall": overall(results)}


def _texts(truth: Truth, spoken: Spoken) -> list[tuple[str, str]]:
    """Pairs of (what was said, what was heard), in the same order of time."""
    lines = list(zip(truth.turns, truth.display, strict=True))
    if truth.layout == "mono" or spoken.layout == "mono":
        heard = [word for party in spoken.parties for word in party.words]
        return [(_said(lines), _joined(heard))]
    channels = sorted({*truth.channels.values(), *(party.channel for party in spoken.parties)} - {-1})
    return [
        (
            _said([line for line in lines if truth.channels.get(line[0].side) == channel]),
            _joined([word for party in spoken.parties if party.channel == channel for word in party.words]),
        )
        for channel in channels
    ]


def _said(lines: Sequence[tuple[Turn, str]]) -> str:
    return plain(" ".join(text for _, text in sorted(lines, key=lambda line: line[0].start)))


def _joined(words: Iterable[Word]) -> str:
    return plain(" ".join(word.text for word in sorted(words, key=lambda w: (w.start, w.end))))


def _diarization_error(truth: Truth, call: Call, spoken: Spoken) -> float | None:
    """DER without collar, overlaps included; where the roles are undecided, of the voices."""
    from pyannote.metrics.diarization import DiarizationErrorRate

    if not truth.turns:
        return None
    metric = DiarizationErrorRate(collar=0.0, skip_overlap=False)
    region = _scored_region([*truth.turns, *call.transcript.turns])
    found = _annotation(call.transcript.turns)
    if call.transcript.roles_by == "undecided":
        found = _voices(spoken)
    return float(metric(_annotation(truth.turns), found, **region))


def _voices(spoken: Spoken) -> Any:
    from pyannote.core import Annotation, Segment

    annotation = Annotation()
    for i, party in enumerate(spoken.parties):
        for span in party.speech:
            annotation[Segment(span.start, span.end), i] = f"voice {i}"
    return annotation


def _annotation(turns: Iterable[Turn]) -> Any:
    from pyannote.core import Annotation, Segment

    annotation = Annotation()
    for i, turn in enumerate(turns):
        annotation[Segment(turn.start, turn.end), i] = turn.side
    return annotation


def _scored_region(turns: Sequence[Turn]) -> dict[str, Any]:
    from pyannote.core import Segment, Timeline

    return {"uem": Timeline([Segment(0, max((turn.end for turn in turns), default=1.0) + 1.0)])}


def _compared(true: Measurement | None, found: Measurement) -> Score:
    truth = true.value if true else None
    return Score(truth, found.value, None if truth is None or found.value is None else found.value - truth)


def _events(truth: Truth, scored: Scored) -> dict[str, Found]:
    found: dict[str, list[Span]] = {name: [] for name in (*EVENTS, *SOUNDS)}
    for name in EVENTS:
        if name in scored.measures:
            found[name] = [e.span for e in scored.measures[name].evidence]
    for event in scored.call.transcript.events:
        found.setdefault(event.kind, []).append(event.span)
    true: dict[str, list[Span]] = {name: [] for name in found}
    for label in truth.labels:
        true.setdefault(label.kind, []).append(label.span)
    for sound in truth.events:
        true.setdefault(sound.kind, []).append(sound.span)
    return {name: matched(true[name], found[name]) for name in (*EVENTS, *SOUNDS) if true[name] or found[name]}


def matched(true: Sequence[Span], found: Sequence[Span]) -> Found:
    """Pairs that share a moment, each used once, in order of time.

    >>> matched([Span(0, 2), Span(5, 6)], [Span(1, 3), Span(8, 9)])
    Found(hits=1, false=1, missed=1)
    """
    free = sorted(found)
    hits = 0
    for span in sorted(true):
        pair = next((other for other in free if span & other), None)
        if pair is not None:
            free.remove(pair)
            hits += 1
    return Found(hits, len(free), len(true) - hits)


def _right(result: Result) -> bool:
    return result.role_accuracy is not None and result.role_accuracy > 0.5


def _error(results: Sequence[Result], name: str) -> dict[str, Any]:
    errors = [s.error for r in results if (s := r.measures.get(name)) and s.error is not None]
    mae = sum(abs(e) for e in errors) / len(errors) if errors else None
    return {"n": len(errors), "mae": _round(mae), "bias": _round(sum(errors) / len(errors) if errors else None)}


def _wer(results: Sequence[Result]) -> float | None:
    words = sum(r.words for r in results)
    return _round(sum(r.word_errors for r in results) / words) if words else None


def _mean(values: Iterable[float | None]) -> float | None:
    known = [v for v in values if v is not None]
    return _round(sum(known) / len(known)) if known else None


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 4)
