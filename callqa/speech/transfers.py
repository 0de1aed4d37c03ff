"""Calls that were handed from one rep to another: who of them spoke when, and the part of the one who spoke most."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import groupby, pairwise

from callqa import text
from callqa.types import Language, Seconds, Sounds, Span, Transcript, Turn, covered, joined

NEW_VOICE: Seconds = 3.0  # a pause of the rep's side this long before the second name is where the other rep begins
SAID_WITHIN: Seconds = 20.0  # of that name


@dataclass(frozen=True)
class Handover:
    """One language's words of a transfer: ``phrases`` announce it, ``names`` stand before the name of who is new."""

    phrases: tuple[str, ...] = ()
    names: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for pattern in (*self.phrases, *self.names):
            text.check(pattern)


NO_HANDOVER = Handover()


def told_apart(turns: Sequence[Turn], words: Handover, language: Language) -> tuple[Turn, ...]:
    """Rep turns marked "rep 1", "rep 2" where one hands the call over and, after that, another name introduces itself.

    Turns that are marked already (voices of a mono call, names in a transcript) stay as they are.
    """
    reps = [turn for turn in turns if turn.side == "rep"]
    if any(turn.speaker for turn in reps):
        return tuple(turns)
    begin = _second(reps, words, language)
    if begin is None:
        return tuple(turns)
    return tuple(replace(t, speaker="rep 2" if t.start >= begin else "rep 1") if t.side == "rep" else t for t in turns)


def numbered(turns: Sequence[Turn]) -> tuple[Turn, ...]:
    """Marks of reps as "rep 1", "rep 2" in the order in which they first speak; none where it is one."""
    order = list(dict.fromkeys(t.speaker for t in sorted(turns, key=lambda t: t.start) if t.side == "rep"))
    names = {name: f"rep {i}" if len(order) > 1 else "" for i, name in enumerate(order, start=1)}
    return tuple(replace(t, speaker=names[t.speaker]) if t.side == "rep" else t for t in turns)


def reps(transcript: Transcript) -> tuple[str, ...]:
    """The reps of a transferred call in the order in which they speak; empty where there is one."""
    return tuple(sorted({turn.speaker for turn in transcript.turns if turn.side == "rep" and turn.speaker}))


def led(transcript: Transcript) -> Transcript:
    """The part of the rep who speaks most: what the other reps and the customer with them say is left out, and its
    stretch is an event "transfer", so that it is no silence either."""
    if len(reps(transcript)) < 2:
        return transcript
    main = main_rep(transcript)
    spoken = sorted((t for t in transcript.turns if t.side == "rep"), key=lambda t: t.start)
    runs = [(mine, list(run)) for mine, run in groupby(spoken, key=lambda t: t.speaker == main)]
    first, last = min(t.start for t in transcript.turns), max(t.end for t in transcript.turns)
    begins = [first, *(run[0].start for _, run in runs[1:]), last]
    away = joined(Span(a, b) for (mine, _), (a, b) in zip(runs, pairwise(begins), strict=True) if not mine and a <= b)
    kept = tuple(t for t in transcript.turns if t.side == "ivr" or not _inside(t, away, main))
    events = (*transcript.events, *(Sounds("transfer", span.start, span.end) for span in away))
    return replace(transcript, turns=kept, events=events)


def main_rep(transcript: Transcript) -> str:
    """The rep who speaks most; of equals the first."""
    names: tuple[str, ...] = reps(transcript)
    return max(names, key=lambda name: (_seconds(transcript, name), -names.index(name)))


def _seconds(transcript: Transcript, name: str) -> Seconds:
    return covered(t.span for t in transcript.turns if t.side == "rep" and t.speaker == name)


def _inside(turn: Turn, away: Sequence[Span], main: str) -> bool:
    if turn.side == "rep":
        return turn.speaker != main
    middle = (turn.start + turn.end) / 2
    return any(span.start <= middle < span.end for span in away)


def _second(turns: Sequence[Turn], words: Handover, language: Language) -> Seconds | None:
    """When the second rep begins, None where nobody hands over or nobody new introduces themselves."""
    spoken = [word for turn in turns for word in turn.words]
    # "this is Anna" and "this is late" differ by a capital alone
    capital = {word.start for word in spoken if word.text[:1].isupper()}
    said = text.tokens(spoken, language)
    handed = text.find_any([text.phrase(p, language) for p in words.phrases], said)
    introduced = [
        (said[hit.last], hit.start)
        for hit in text.find_any([text.phrase(p, language) for p in words.names], said)
        if hit.last < len(said) and said[hit.last].start in capital
    ]
    for hit in handed:
        before = {name.text for name, at in introduced if at < hit.start}
        new = next((at for name, at in introduced if at > hit.end and name.text not in before), None)
        if new is not None and before:
            return _begins(turns, hit.end, new)
    return None


def _begins(turns: Sequence[Turn], handed: Seconds, named: Seconds) -> Seconds:
    """The first turn after the last long pause between the hand-over and the new name, else the turn of the name."""
    ordered = sorted(turns, key=lambda t: t.start)
    after = [
        b.start
        for a, b in pairwise(ordered)
        if handed - 0.5 <= a.end and b.start <= named and b.start - a.end >= NEW_VOICE and named - b.start < SAID_WITHIN
    ]
    turn = max(t.start for t in ordered if t.start <= named + 0.5)
    return after[-1] if after else turn
