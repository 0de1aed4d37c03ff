"""Hand-made calls for tests: ``call("rep 0-6 добрый день", "customer 6.5-8 да, слушаю")``."""

from callqa.config import read_toml, shipped
from callqa.types import Call, Metadata, Recording, Sounds, Transcript, Turn, Word

LISTS = {
    code: {
        name: read_toml(shipped("configs") / "lexicons" / code / f"{name}.toml")
        for name in ("backchannels", "questions", "fillers")
    }
    for code in ("ru", "en")
}


def lexicons(*names):
    """The shipped lists of these names, as settings give them to an analyser."""
    return {code: {k: v for name in names for k, v in lists[name].items()} for code, lists in LISTS.items()}


def turn(line, shift=0.0):
    """ "rep 0-6 words": the words fill the turn evenly; a "|" is a pause as long as a word."""
    side, times, *texts = line.split()
    start, end = (float(t) + shift for t in times.split("-"))
    step = (end - start) / max(1, len(texts))
    words = tuple(Word(w, start + i * step, start + (i + 1) * step) for i, w in enumerate(texts) if w != "|")
    return Turn(side, start, end, words)


def call(*lines, language="en", shift=0.0, events=(), call_type=None, tracks=None, duration=None):
    turns = tuple(turn(line, shift) for line in lines)
    end = duration if duration is not None else max((t.end for t in turns), default=0.0)
    recording = Recording("a", "a.wav", "a", end, 8000, 2, "")
    sounds = tuple(Sounds(kind, start + shift, end + shift) for kind, start, end in events)
    return Call(
        recording, Metadata("a.wav", call_type=call_type), Transcript(language, turns, events=sounds), tracks or {}
    )


def swapped(a_call):
    """The same call with the sides exchanged."""
    other = {"rep": "customer", "customer": "rep"}
    turns = tuple(Turn(other.get(t.side, t.side), t.start, t.end, t.words) for t in a_call.transcript.turns)
    transcript = Transcript(a_call.transcript.language, turns, events=a_call.transcript.events)
    return Call(a_call.recording, a_call.metadata, transcript)


def measured(analyser, a_call):
    return {m.name: m for m in analyser.analyse(a_call)}


def value(analyser, a_call, name):
    """The value, or the reason that there is none."""
    m = measured(analyser, a_call)[name]
    return m.reason if m.value is None else m.value
