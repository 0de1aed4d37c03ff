"""WebVTT and SubRip captions with speakers: `<v Name>` or a name and a colon before the words."""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Sequence

from callqa.imports.segments import Draft, Segment, side_of
from callqa.types import Seconds

CLOCK = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
TIMES = re.compile(rf"^\s*{CLOCK}\s*-->\s*{CLOCK}")
VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]+)>")
# a name: up to three words that begin like names, so that "Important: we open at nine" is no speaker
NAMED = re.compile(r"^[-–—\s]*((?:[^\W\d_a-zа-яё][\w.'-]*|\d+)(?: (?:[^\W\d_a-zа-яё][\w.'-]*|\d+)){0,2})\s*:\s+(?=\S)")


def fits(text: str) -> bool:
    """Captions begin with WEBVTT, or have a line of times among the first few."""
    return text.startswith("WEBVTT") or any(TIMES.match(line) for line in text.splitlines()[:4])


def read(text: str) -> Draft:
    """A cue without a name goes on with the voice before it; cue settings, notes and styles are passed over."""
    cues = _cues(text)
    names = _names([line for _, _, _, lines in cues for line in lines])
    segments: list[Segment] = []
    voice = ""
    for place, start, end, lines in cues:
        said: list[tuple[str, str]] = []
        for line in lines:
            said += _voices(line, names, voice)
            voice = said[-1][0] if said else voice
        segments += _shared(place, start, end, said)
    language = re.search(r"^Language:\s*(\w+)", text, re.MULTILINE)
    return Draft(segments, "mono", language[1] if language else None)


def _cues(text: str) -> list[tuple[str, Seconds, Seconds, list[str]]]:
    """(place, start, end, lines) of every cue."""
    found: list[tuple[str, Seconds, Seconds, list[str]]] = []
    inside = False
    for number, line in enumerate(text.splitlines(), start=1):
        if times := TIMES.match(line):
            start, end = _seconds(times.groups()[:4]), _seconds(times.groups()[4:])
            found.append((f"line {number}", start, end, []))
            inside = True
        elif not line.strip():
            inside = False
        elif inside:
            found[-1][3].append(line.strip())
    return found


def _seconds(parts: Sequence[str | None]) -> Seconds:
    hours, minutes, seconds, rest = (part or "0" for part in parts)
    return int(hours) * 3600 + int(minutes) * 60 + int(seconds) + float(f"0.{rest}")


def _names(lines: Sequence[str]) -> frozenset[str]:
    """Names before a colon that stand there twice or are the name of a side; any, where most lines have one."""
    found = [match[1] for line in lines if (match := NAMED.match(_plain(line)))]
    counted = Counter(found)
    return frozenset(n for n, times in counted.items() if times > 1 or side_of(n) or 2 * len(found) >= len(lines))


def _voices(line: str, names: frozenset[str], voice: str) -> list[tuple[str, str]]:
    """(voice, words) of a line; ``voice`` is that of the line before."""
    parts = VOICE.split(line)
    result = [(voice, _plain(parts[0]))] if _plain(parts[0]) else []
    result += [(html.unescape(name).strip(), _plain(said)) for name, said in zip(parts[1::2], parts[2::2], strict=True)]
    named = NAMED.match(result[0][1]) if result and len(parts) == 1 else None
    if named and named[1] in names:
        result[0] = (named[1], result[0][1][named.end() :])
    return result


def _plain(text: str) -> str:
    return html.unescape(re.sub(r"<[^>]*>", "", text)).strip()


def _shared(place: str, start: Seconds, end: Seconds, said: Sequence[tuple[str, str]]) -> list[Segment]:
    """A cue of one voice as it is; of several, each has a share of the time by its letters."""
    runs: list[tuple[str, str]] = []
    for voice, words in said:
        if runs and runs[-1][0] == voice:
            runs[-1] = (voice, f"{runs[-1][1]} {words}")
        else:
            runs.append((voice, words))
    whole = sum(len(words) for _, words in runs)
    result, done = [], 0
    for voice, words in runs:
        edges = [start + (end - start) * n / whole for n in (done, done + len(words))] if whole else [start, end]
        result.append(Segment(place, voice, round(edges[0], 3), round(edges[1], 3), words))
        done += len(words)
    return result
