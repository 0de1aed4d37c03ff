"""What a batch's workers do: hash files, hear and measure a recording, judge a call and draw its page.

A task and its answer travel between processes; nothing here touches the store.
"""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from callqa import imports
from callqa.audio import Sound, decode, sha256
from callqa.config import Settings
from callqa.engines import allow
from callqa.errors import AudioError, CallqaError, TranscriptError
from callqa.pages import Pages, unwritten
from callqa.parts import Parts
from callqa.pipeline import Answer, Pipeline, Snapshot, recorded
from callqa.reports.index import Row
from callqa.speech.listen import Prepared, Spoken, hear, prepare
from callqa.store.many import KnownFile
from callqa.types import Language, Metadata, Recording, Seconds

T = TypeVar("T")
LONG_ENOUGH: Seconds = 300.0  # for a short call on a busy machine, models loaded meanwhile
TIMES = 4.0  # of its own length, the most that a call may take


@dataclass(frozen=True, slots=True)
class Hashing:
    """Files whose content is to be told apart."""

    paths: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Unread:
    """A file that could not be hashed, and why: ``code`` for counting."""

    code: str
    problem: str


@dataclass(frozen=True, slots=True)
class Hearing:
    """A recording to hear and measure; ``kept`` holds what the store knows of it."""

    path: str
    file: KnownFile
    metadata: Metadata
    recording: Recording | None
    kept: Snapshot


@dataclass(frozen=True, slots=True)
class Preparing:
    """A recording to make ready for a recogniser in another process; one that was heard before is measured instead."""

    hearing: Hearing


@dataclass(frozen=True, slots=True)
class Ready:
    """A recording that the recogniser can have."""

    recording: Recording
    call: Prepared
    wall: Seconds


@dataclass(frozen=True, slots=True)
class Together:
    """Calls to hear in one pool of chunks, by their hashes."""

    calls: tuple[tuple[str, Prepared], ...]


@dataclass(frozen=True, slots=True)
class Finishing:
    """A recording that was heard in another process, to measure."""

    hearing: Hearing
    recording: Recording
    spoken: Spoken


@dataclass(frozen=True, slots=True)
class Heard:
    """What a call tells by itself. ``habit`` is the fingerprint of what the rep's later calls compare with."""

    recording: Recording
    answers: tuple[Answer, ...]
    habit: str
    wall: Seconds


@dataclass(frozen=True, slots=True)
class Judging:
    """A measured call to score, with its rep's calls before it in ``kept``; ``settled`` names all that it hangs on."""

    recording: Recording
    metadata: Metadata
    kept: Snapshot
    settled: str


class Line(msgspec.Struct, frozen=True):
    """A settled call in short: what the index needs. ``top_loss`` is a measure's name."""

    row: Row
    language: Language
    layout: str
    top_loss: str | None = None


@dataclass(frozen=True, slots=True)
class Judged:
    """A call's score: what to keep, its pages by their names in the folder of reports."""

    answers: tuple[Answer, ...]
    files: dict[str, bytes]
    line: Line
    wall: Seconds


@dataclass(frozen=True)
class MakeWorker:
    """Makes the worker of a batch in its process. Models are loaded when the first task needs them."""

    settings: Settings
    out: Path | None = None
    language: Language | None = None
    embed: bool = False

    def __call__(self) -> Callable[[Any], Any]:
        return Worker(self, Parts.of(self.settings)).do


@dataclass(frozen=True)
class Worker:
    """One process's parts and, once needed, models."""

    made: MakeWorker
    parts: Parts = field(repr=False)

    @cached_property
    def pipeline(self) -> Pipeline:
        return Pipeline(self.made.settings, self.parts)

    @cached_property
    def transcriber(self) -> Any:
        return self.parts.make_transcriber()

    def do(self, task: Any) -> Any:
        """The answer to a task of any kind."""
        if isinstance(task, Hashing):
            return [hashed(Path(path)) for path in task.paths]
        if isinstance(task, Hearing):
            return self.heard(task)
        if isinstance(task, Judging):
            return self.judged(task)
        if isinstance(task, Preparing):
            return self.prepared(task.hearing)
        if isinstance(task, Together):
            return self.together(task)
        if isinstance(task, Finishing):
            return self.finished(task)
        raise TypeError(type(task).__name__)

    def heard(self, task: Hearing) -> Heard:
        """Raises AudioError and TranscriptError for a file that is no call."""
        began = time.monotonic()
        found = self._without_listening(task) or self._listened(task)
        return self._measured(task, *found, began)

    def prepared(self, task: Hearing) -> Ready | Heard:
        """As ``heard``, up to the recogniser."""
        began = time.monotonic()
        if found := self._without_listening(task):
            return self._measured(task, *found, began)
        recording, sound = decoded(task, self.made.settings)
        allow(LONG_ENOUGH + TIMES * sound.duration)
        return Ready(recording, prepare(recording.id, sound), time.monotonic() - began)

    def together(self, task: Together) -> list[Spoken]:
        """What was said in each of the calls."""
        calls = [call for _, call in task.calls]
        allow(LONG_ENOUGH + TIMES * sum(len(c.samples) / c.rate for call in calls for c in call.channels))
        return hear(calls, self.transcriber, self.parts.make_diarizer, self.made.settings.languages)

    def finished(self, task: Finishing) -> Heard:
        began = time.monotonic()
        _, sound = decoded(task.hearing, self.made.settings)
        allow(LONG_ENOUGH + TIMES * sound.duration)
        answers = self.pipeline.spoken(sound, task.spoken)
        return self._measured(task.hearing, task.recording, answers, began)

    def judged(self, task: Judging) -> Judged:
        began = time.monotonic()
        made = self.made
        found = self.pipeline.scored(task.kept, task.recording, task.metadata)
        assert found is not None, "heard before it is judged"
        scored, kept = found
        pages = Pages(made.settings, self.parts)
        try:
            files = {} if made.out is None else pages.files(scored, made.out, made.language, made.embed)
        except OSError as error:  # beside a page lies a copy of sound that browsers do not play
            assert made.out is not None
            raise unwritten(made.out, error) from error
        losses, transcript = scored.scorecard.points_lost, scored.call.transcript
        row = replace(pages.row(scored, transcript.language), top_loss=None)
        line = Line(row, transcript.language, transcript.layout, losses[0].measure if losses else None)
        return Judged(tuple(kept.rows), files, line, time.monotonic() - began)

    def _without_listening(self, task: Hearing) -> tuple[Recording, list[Answer]] | None:
        """A recording heard before, or a transcript made elsewhere."""
        recording = task.recording and replace(task.recording, path=task.path)
        if recording and self.pipeline.heard(task.kept, recording.sha256) is not None:
            return recording, []
        return self._imported(task) if imports.is_text(Path(task.path)) else None

    def _listened(self, task: Hearing) -> tuple[Recording, list[Answer]]:
        languages = self.made.settings.languages
        recording, sound = decoded(task, self.made.settings)
        allow(LONG_ENOUGH + TIMES * sound.duration)
        (spoken,) = hear([prepare(recording.id, sound)], self.transcriber, self.parts.make_diarizer, languages)
        return recording, self.pipeline.spoken(sound, spoken)

    def _imported(self, task: Hearing) -> tuple[Recording, list[Answer]]:
        return still(task, lambda path: self.pipeline.imported(path, task.file.sha256))

    def _measured(self, task: Hearing, recording: Recording, answers: Sequence[Answer], began: Seconds) -> Heard:
        new = {(stage, print_): value for stage, print_, value in answers if value is not None}
        kept = Snapshot({**task.kept.results, **new})
        told = self.pipeline.measured(kept, recording, task.metadata)
        assert told is not None, "just heard"
        rows = [*answers, *told.kept.rows]
        (habit,) = [print_ for stage, print_, _ in rows if stage == "habit"]
        return Heard(recording, tuple(rows), habit, time.monotonic() - began)


def hashed(path: Path) -> KnownFile | Unread:
    """The file as it is now; one that changes while it is read is not done being written."""
    try:
        before = os.stat(path)
        sha = sha256(path)
        after = os.stat(path)
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise growing(str(path))
        return KnownFile(sha, after.st_size, after.st_mtime_ns)
    except FileNotFoundError:
        return Unread("vanished", f"{path}: gone since the run began; does something move recordings?")
    except AudioError as error:
        code = "vanished" if error.code == "unreadable" and not path.exists() else error.code
        return Unread(code, str(error))
    except (CallqaError, OSError) as error:
        return Unread("unreadable", f"{path}: cannot be read: {getattr(error, 'strerror', None) or error}")


def growing(path: str) -> AudioError:
    return AudioError(path, "growing", "changed while it was read: still being written? the next run takes it again")


def still(task: Hearing, read: Callable[[Path], T]) -> T:
    """What is read of a file that is still the one that was hashed. Raises AudioError where it is not any more."""
    path = Path(task.path)
    try:
        got = read(path)
    except (AudioError, TranscriptError, OSError) as error:
        if not path.exists():
            raise AudioError(task.path, "vanished", "gone since the run began; does something move them?") from error
        if not task.file.same(task.path):
            raise growing(task.path) from error
        if isinstance(error, OSError):
            raise AudioError(task.path, "unreadable", f"cannot be read: {error.strerror or error}") from error
        raise
    if not task.file.same(task.path):
        raise growing(task.path)
    return got


def decoded(task: Hearing, settings: Settings) -> tuple[Recording, Sound]:
    """The recording's header and sound."""
    sound = still(task, lambda path: decode(path, settings.intake.max_hours, settings.intake.min_seconds))
    return recorded(task.path, task.file.sha256, sound), sound
