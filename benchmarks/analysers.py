"""How long the analysers take on an hour of conversation: `python benchmarks/analysers.py [MINUTES]`.

The hour is made of the sample calls' true turns, one after the other, in each language: processor time on one core,
once every word list has been read. The sound-based part (tone, and reading pitch and level from sound) is given in
times real time. Must hold: all analysers together under 2 s, the sound-based ones at least 100 times real time.
"""

import sys
import time
from dataclasses import replace

import numpy as np

from callqa import truth
from callqa.analysers.registry import make
from callqa.audio import decode
from callqa.config import find_settings, shipped
from callqa.speech.prosody import tracks
from callqa.types import Call, Metadata, Recording, Track, Transcript

LIMIT, TIMES = 2.0, 100.0  # seconds an hour; times real time


def long_call(language, minutes):
    """The people's turns of the sample calls, over and over."""
    known = [t for t in map(truth.read, truth.find(shipped("sample_audio"))) if t.language == language]
    turns, now = [], 0.0
    while now < 60 * minutes:
        for each in known:
            turns += [moved(turn, now) for turn in each.turns if turn.side in ("rep", "customer")]
            now += each.duration
    frames = np.arange(round(now * 100))
    sound = {
        side: Track(0.01, low + 3.0 * (frames * 7 % 40), -20.0 - 0.2 * (frames * 3 % 60))
        for side, low in (("rep", 120.0), ("customer", 190.0))
    }
    transcript = Transcript(language, tuple(sorted(turns, key=lambda t: (t.start, t.end, t.side))))
    return Call(Recording("a", "a.wav", "a", now, 8000, 2, ""), Metadata("a.wav"), transcript, sound)


def moved(turn, by):
    words = tuple(replace(w, start=w.start + by, end=w.end + by) for w in turn.words)
    return replace(turn, start=turn.start + by, end=turn.end + by, words=words)


def timed(work):
    begin = time.process_time()
    work()
    return time.process_time() - begin


def hours(minutes):
    """Prints the table; gives the slowest whole per hour and the slowest sound-based analyser in times real time."""
    settings = find_settings(shipped("configs") / "callqa.toml")
    analysers = dict(zip((c.use for c in settings.analysers), make(settings.analysers, settings.path), strict=True))
    whole, tone = 0.0, float("inf")
    for language in ("ru", "en"):
        for analyser in analysers.values():
            list(analyser.analyse(long_call(language, 1.0)))
        call = long_call(language, minutes)
        words = sum(len(t.words) for t in call.transcript.turns)
        spent = {name: timed(lambda a=a, call=call: list(a.analyse(call))) for name, a in analysers.items()}
        total = sum(spent.values())
        print(f"{language}: {call.recording.duration / 60:.0f} min, {len(call.transcript.turns)} turns, {words} words")
        for name, seconds in sorted(spent.items(), key=lambda pair: -pair[1]):
            print(f"  {name:<14} {seconds:6.3f} s")
        print(f"  {'all':<14} {total:6.3f} s")
        whole = max(whole, total * 3600 / call.recording.duration)
        tone = min(tone, call.recording.duration / spent["tone"])
    return whole, tone


def reading():
    """Times real time of reading pitch and level where somebody speaks, over the sample calls."""
    spent = spoken = 0.0
    for each in map(truth.read, truth.find(shipped("sample_audio"))):
        sound = decode(each.audio)
        for side, channel in each.channels.items():
            spans = [t.span for t in each.turns if t.side == side]
            if channel >= 0 and spans:
                spent += timed(lambda s=sound.samples[channel], r=sound.rate, spans=spans: tracks(s, r, spans))
                spoken += sum(span.duration for span in spans)
    return spoken / spent


if __name__ == "__main__":
    slowest, tone = hours(float(sys.argv[1]) if len(sys.argv) > 1 else 60.0)
    pitch = reading()
    print(f"an hour: {slowest:.2f} s (limit {LIMIT:g}); tone: {tone:,.0f} x real time; pitch and level: {pitch:.0f} x")
    sys.exit(slowest > LIMIT or min(tone, pitch) < TIMES)
