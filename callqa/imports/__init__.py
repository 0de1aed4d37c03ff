"""Finished transcripts of other systems as calls: what docs/imports.md says, one module a format.

A file's format is found in its content, never in its name.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import Any

import msgspec

from callqa.errors import TranscriptError
from callqa.imports import amazon, captions, own, whisperx, yandex
from callqa.imports.segments import Draft, Segment, checked, sides, words
from callqa.types import Language, Metadata, Seconds, Side, Transcript, Turn

SUFFIXES = frozenset((".json", ".vtt", ".srt"))
BY_JSON = {"whisperx": whisperx, "amazon-call-analytics": amazon, "yandex-speechsense": yandex}
SPREAD_SHARE = 0.2  # of the words without times of their own: with more, the call's word times are not heard ones
SEPARATION = 0.5  # of a diarized transcript, which does not say how clear the voices were: medium trust


@dataclass(frozen=True, slots=True)
class Voice:
    """One voice whose side the file does not tell: its channel (0 on a mono call) and its turns."""

    channel: int
    turns: tuple[Turn, ...]


@dataclass(frozen=True, slots=True)
class Imported:
    """A finished transcript. ``voices`` are there when the sides must still be found; the turns are "unknown" then."""

    format: str
    transcript: Transcript
    duration: Seconds
    metadata: Metadata
    voices: tuple[Voice, ...] = ()


def is_text(path: Path) -> bool:
    """Whether a file may be a transcript: text that is JSON or captions, or a name that promises one."""
    if path.suffix.lower() in SUFFIXES:
        return True
    try:
        with path.open("rb") as file:
            head = file.read(512).decode("utf-8-sig", errors="strict")
    except (OSError, UnicodeDecodeError):
        return False
    return head.lstrip()[:1] in ("{", "[") or captions.fits(head)


def in_folder(path: Path) -> bool:
    """Whether a file met in a folder is a transcript to score: of a known format, and not beside its own recording or
    page (then it is what became of a call, not a call)."""
    if path.suffix.lower() not in SUFFIXES or path.with_suffix(".html").exists():
        return False
    if any(p.suffix.lower() not in SUFFIXES for p in path.parent.glob(f"{_escaped(path.stem)}.*")):
        return False
    try:
        _format(str(path), _text(path))
    except TranscriptError:
        return False
    return True


def read(path: Path, languages: Sequence[str], max_hours: float = 6.0) -> Imported:
    """A transcript file as a call, its language among ``languages``.

    Raises TranscriptError with a code: unreadable, not_json, labels, unknown_format, empty_transcript, no_times,
    no_speakers, bad_times, bad_document, other_language.
    """
    where = str(path)
    name, content = _format(where, _text(path))
    if name == "callqa":
        transcript, duration, metadata = own.read(where, content)
        imported = Imported("callqa", transcript, duration, metadata)
    else:
        draft = captions.read(content) if name == "captions" else BY_JSON[name].read(content)
        imported = _imported(where, name, draft, languages, max_hours * 3600)
    if imported.transcript.language not in languages:
        problem = f"it is in '{imported.transcript.language}'; callqa.toml allows {', '.join(languages)}"
        raise TranscriptError(where, "other_language", "language", problem)
    return replace(imported, metadata=replace(imported.metadata, file=path.name))


def completed(known: Metadata, told: Metadata) -> Metadata:
    """What is known of a call, and where that says nothing, what its transcript tells."""
    missing = {f.name: getattr(told, f.name) for f in fields(Metadata) if getattr(known, f.name) is None}
    return replace(known, **missing)


def _imported(where: str, name: str, draft: Draft, languages: Sequence[str], longest: Seconds) -> Imported:
    segments = checked(where, draft, longest)
    told = [words(segment) for segment in segments]
    bare = sum(untimed for _, untimed in told) > SPREAD_SHARE * sum(len(said) for said, _ in told)
    turns = [Turn("unknown", s.start or 0.0, s.end or 0.0, said) for s, (said, _) in zip(segments, told, strict=True)]
    voices = list(dict.fromkeys(s.voice for s in segments if s.voice))
    known = sides(voices)
    if known is not None:
        turns = [_sided(turn, s.voice, known) for turn, s in zip(turns, segments, strict=True)]
    transcript = Transcript(
        language=_language(draft, segments, languages),  # type: ignore[arg-type]
        turns=tuple(turns),
        layout=draft.layout,
        separation=1.0 if draft.layout == "stereo" else SEPARATION,
        roles_by="file" if known is not None else "undecided",
        roles_confidence=1.0 if known is not None else 0.0,
        word_times="spread" if bare else "heard",
    )
    apart = tuple(
        Voice(draft.channels.get(v, 0), tuple(t for t, s in zip(turns, segments, strict=True) if s.voice == v))
        for v in voices
    )
    duration = max(draft.duration or 0.0, max(turn.end for turn in turns))
    return Imported(name, transcript, round(duration, 3), _metadata(draft), () if known is not None else apart)


def _sided(turn: Turn, voice: str, known: dict[str, Side] | Any) -> Turn:
    reps = [name for name, side in known.items() if side == "rep"]
    speaker = f"rep {reps.index(voice) + 1}" if len(reps) > 1 and voice in reps else ""
    return replace(turn, side=known.get(voice, "unknown"), speaker=speaker)


def _metadata(draft: Draft) -> Metadata:
    return Metadata(file="", **draft.metadata)  # type: ignore[arg-type]


def _language(draft: Draft, segments: Sequence[Segment], languages: Sequence[str]) -> Language | str:
    """The file's word for it ("en-US"); where it has none, by its letters."""
    if draft.language and re.match(r"[A-Za-z]{2}", draft.language):
        return draft.language[:2].lower()
    letters = [c for segment in segments for c in segment.text.lower() if c.isalpha()]
    return "ru" if 2 * sum("а" <= c <= "я" or c == "ё" for c in letters) > len(letters) else "en"


def _text(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise TranscriptError(str(path), "unreadable", f"byte {error.start}", "not UTF-8; save it as UTF-8") from error
    except OSError as error:
        raise TranscriptError(str(path), "unreadable", "the whole file", str(error.strerror or error)) from error


def _format(where: str, text: str) -> tuple[str, Any]:
    """The format's name and the file's content, parsed where it is JSON."""
    if not text.strip():
        raise TranscriptError(where, "empty_transcript", "the whole file", "no words in it; set aside")
    if captions.fits(text.lstrip()):
        return "captions", text.lstrip()
    try:
        raw = msgspec.json.decode(text.encode())
    except msgspec.DecodeError as error:
        several = text.lstrip().startswith("{") and "\n{" in text.strip()
        cure = "several documents, one a line; put each into a file of its own" if several else f"no JSON: {error}"
        raise TranscriptError(where, "not_json", "the whole file", cure) from error
    if isinstance(raw, dict) and {"turns", "audio"} <= set(raw):
        raise TranscriptError(where, "labels", "turns", "labels of a recording; `callqa eval` its folder")
    if own.fits(raw):
        return "callqa", raw
    name = next((name for name, reader in BY_JSON.items() if reader.fits(raw)), None)
    if name is None:
        known = ", ".join(("callqa", *BY_JSON, "WebVTT and SubRip captions"))
        raise TranscriptError(where, "unknown_format", "the whole file", f"no transcript callqa knows: {known}")
    return name, raw


def _escaped(stem: str) -> str:
    return re.sub(r"([*?\[])", r"[\1]", stem)
