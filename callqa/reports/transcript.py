"""The transcript as a page shows it: turns in order, their sentences, and what is marked in them."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from callqa.types import Measurement, Seconds, Side, Sounds, Span, Transcript, Turn, Word

SAME_TURN = 3.0  # seconds: a longer pause of one side begins a new line, as turn_pause ends a turn
LOW_CONFIDENCE = 0.5  # of the recogniser's probability: below it about every second word is wrong
# the kinds of marks, the most telling first
KINDS = ("bad", "key", "phrase", "question")


@dataclass(frozen=True, slots=True)
class Mark:
    """A moment that a measure points at. ``kind`` is one of KINDS, ``label`` what it is, for people."""

    span: Span
    kind: str
    label: str


@dataclass(frozen=True, slots=True)
class Run:
    """Words in a row that are marked alike; ``kind`` and ``label`` are empty on plain text, " " parts several kinds."""

    text: str
    kind: str = ""
    label: str = ""
    low: bool = False


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words up to a full stop, or all there is."""

    start: Seconds
    end: Seconds
    runs: tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class Line:
    """A row of the transcript: a turn (``side``), a silence or a sound (``what``)."""

    id: str
    start: Seconds
    end: Seconds
    side: Side | None = None
    what: str = ""
    sentences: tuple[Sentence, ...] = ()
    asks: bool = False

    @property
    def text(self) -> str:
        return " ".join(run.text for sentence in self.sentences for run in sentence.runs)


def lines(transcript: Transcript, silences: Iterable[Span], marks: Sequence[Mark]) -> tuple[Line, ...]:
    """The rows in order of time, silences and sounds among them; ids are unique and name the start ("t=12.30")."""
    turns = _joined(transcript.turns)
    placed = _placed(turns, marks)
    rows = [_turn_line(side, start, end, words, placed[i]) for i, (side, start, end, words) in enumerate(turns)]
    rows += [Line("", span.start, span.end, what="silence") for span in silences]
    rows += [Line("", sound.start, sound.end, what=sound.kind) for sound in _merged(transcript.events)]
    rows.sort(key=lambda row: (row.start, row.end, row.side or ""))
    return _named(rows)


def anchor(rows: Sequence[Line], at: Seconds) -> str:
    """The id of the row that is on at that moment: where a link leads when there are no scripts."""
    starts = [row.start for row in rows]
    i = bisect_right(starts, at + 1e-3) - 1
    return rows[max(0, i)].id if rows else "transcript"


def marked(measures: Mapping[str, Measurement], labels: Mapping[str, str]) -> tuple[Mark, ...]:
    """The moments that the transcript marks: questions, listed and forbidden phrases, and what a deal turns on."""
    return tuple(
        Mark(evidence.span, kind, labels.get(name, name))
        for name, m in measures.items()
        if (kind := _kind(name))
        for evidence in m.evidence
    )


def _kind(measure: str) -> str:
    if measure == "forbidden_phrases":
        return "bad"
    if measure in ("next_step", "objections", "offers", "negative_peaks_customer"):
        return "key"
    if measure.startswith("tracker.") and not measure.endswith(".met"):
        return "phrase"
    return "question" if measure in ("questions", "questions_customer") else ""


Joined = tuple[Side, Seconds, Seconds, tuple[Word, ...]]


def _joined(turns: Sequence[Turn]) -> list[Joined]:
    """Pieces of one side in a row as one turn."""
    result: list[Joined] = []
    for turn in sorted(turns, key=lambda t: (t.start, t.end, t.side)):
        last = result[-1] if result else None
        if last and last[0] == turn.side and turn.start - last[2] <= SAME_TURN:
            result[-1] = (turn.side, last[1], max(last[2], turn.end), (*last[3], *turn.words))
        else:
            result.append((turn.side, turn.start, turn.end, turn.words))
    return result


def _merged(sounds: Iterable[Sounds]) -> list[Sounds]:
    """Sounds of one kind that follow within seconds (the tones of a ring-back) as one."""
    result: list[Sounds] = []
    for sound in sorted(sounds, key=lambda s: (s.kind, s.start)):
        last = result[-1] if result else None
        if last and last.kind == sound.kind and sound.start - last.end <= 2 * SAME_TURN:
            result[-1] = Sounds(last.kind, last.start, max(last.end, sound.end), last.channel)
        else:
            result.append(sound)
    return result


def _placed(turns: Sequence[Joined], marks: Sequence[Mark]) -> list[list[Mark]]:
    """The marks of each turn. Evidence names no side: it belongs to the turns whose words fit its edges best."""
    placed: list[list[Mark]] = [[] for _ in turns]
    starts = [start for _, start, _, _ in turns]
    longest = max((end - start for _, start, end, _ in turns), default=0.0)
    for mark in marks:
        first = bisect_left(starts, mark.span.start - longest)
        near = range(first, bisect_right(starts, mark.span.end))
        fits: dict[Side, list[tuple[float, int]]] = {}
        for i in near:
            if (misfit := _misfit(turns[i][3], mark.span)) is not None:
                fits.setdefault(turns[i][0], []).append((misfit, i))
        if fits:
            best = min(fits.values(), key=min)
            for _, i in best:
                placed[i].append(mark)
    return placed


def _misfit(words: Sequence[Word], span: Span) -> float | None:
    inside = [w for w in words if span.start - 0.05 <= (w.start + w.end) / 2 <= span.end + 0.05]
    if not inside:
        return None
    return abs(inside[0].start - span.start) + abs(inside[-1].end - span.end)


def _turn_line(side: Side, start: Seconds, end: Seconds, words: Sequence[Word], marks: Sequence[Mark]) -> Line:
    sentences = tuple(_sentence(part, marks) for part in _sentences(words))
    asks = any(mark.kind == "question" for mark in marks)
    return Line("", start, end, side, sentences=sentences, asks=asks)


def _sentences(words: Sequence[Word]) -> list[list[Word]]:
    result: list[list[Word]] = [[]]
    for word in words:
        result[-1].append(word)
        if word.text.rstrip("»\"'”)").endswith((".", "?", "!", "…")):
            result.append([])
    return [part for part in result if part]


def _sentence(words: Sequence[Word], marks: Sequence[Mark]) -> Sentence:
    def look(word: Word) -> tuple[str, str, bool]:
        middle = (word.start + word.end) / 2
        mine = [m for m in marks if m.span.start - 0.05 <= middle <= m.span.end + 0.05]
        kinds = sorted({m.kind for m in mine}, key=KINDS.index)
        return " ".join(kinds), " · ".join(dict.fromkeys(m.label for m in mine)), word.confidence < LOW_CONFIDENCE

    runs = [
        Run(" ".join(word.text for word in part), *key) for key, part in ((k, list(g)) for k, g in groupby(words, look))
    ]
    return Sentence(words[0].start, max(w.end for w in words), tuple(runs))


def _named(rows: Sequence[Line]) -> tuple[Line, ...]:
    taken: dict[str, int] = {}
    result = []
    for row in rows:
        name = f"t={row.start:.2f}"
        taken[name] = taken.get(name, 0) + 1
        unique = name if taken[name] == 1 else f"{name}.{taken[name]}"
        result.append(Line(unique, row.start, row.end, row.side, row.what, row.sentences, row.asks))
    return tuple(result)
