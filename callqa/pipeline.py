"""The stages wired together: sound → voices and words → sides → measures → score, each kept and never done twice.

A stage's answer is kept under the recording's hash and a fingerprint of all it depends on: its options, the word lists
and weights in them, the code's revision and the fingerprints before it. What has not changed is read, not computed.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Protocol

import msgspec

from callqa import __version__, checks, habit, imports, scoring, sides, trust
from callqa.analysers import Analyser
from callqa.audio import Sound, decode, sha256
from callqa.config import Choice, Settings
from callqa.engines import Done, Engine, Failed
from callqa.errors import CallqaError
from callqa.imports import Imported
from callqa.parts import Parts
from callqa.speech.listen import Spoken, listen, sounding
from callqa.speech.transfers import led
from callqa.store import Failure, Store, Writer
from callqa.tracks import packed, sided, unpacked
from callqa.types import (
    Call,
    Doubt,
    Measurement,
    Metadata,
    Recording,
    Scorecard,
    Scored,
    Side,
    Track,
    Transcript,
)

# raise a stage's number when its code gives other answers for the same options
REVISIONS = {
    "import": 1, "speech": 6, "tracks": 1, "transcript": 2, "measures": 2, "habit": 1,
    "checks": 1, "score": 1, "doubt": 1, "settled": 1,
}  # fmt: skip


Answer = tuple[str, str, bytes | None]  # stage, fingerprint, what was computed; None: it is kept already


@dataclass(frozen=True, slots=True)
class Job:
    """One recording to score: its file and what is known of the call."""

    path: Path
    metadata: Metadata
    sha256: str = ""


@dataclass(frozen=True, slots=True)
class Listened:
    """What a worker gives back: the recording's header, and its voices, words, pitch and level as they are kept."""

    recording: Recording
    answers: Sequence[Answer]


@dataclass(frozen=True, slots=True)
class Same:
    """A recording that is in this run already, under another name."""

    path: Path
    of: Path


class Source(Protocol):
    """Where kept answers come from: the store, or what of it travelled to a worker."""

    def result(self, sha256: str, stage: str, fingerprint: str) -> bytes | None: ...

    def earlier(self, stage: str, rep_id: str, before: str, most: int) -> Sequence[bytes]: ...


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What the store holds of one recording, and a stage's answers of the rep's calls before it, the newest first."""

    results: Mapping[tuple[str, str], bytes] = field(default_factory=dict)
    past: tuple[bytes, ...] = ()

    def result(self, sha256: str, stage: str, fingerprint: str) -> bytes | None:
        return self.results.get((stage, fingerprint))

    def earlier(self, stage: str, rep_id: str, before: str, most: int) -> Sequence[bytes]:
        return self.past[:most]


@dataclass(slots=True)
class Kept:
    """A stage's answers of one recording, read or computed; ``rows`` are still to be written."""

    store: Source
    sha256: str
    rows: list[Answer] = field(default_factory=list)

    def get(self, stage: str, fingerprint: str, compute: Callable[[], bytes]) -> bytes:
        value = self.store.result(self.sha256, stage, fingerprint)
        if value is None:
            value = compute()
            self.rows.append((stage, fingerprint, value))
        else:
            self.rows.append((stage, fingerprint, None))
        return value

    def write(self, writer: Writer) -> None:
        for stage, fingerprint, value in self.rows:
            writer.put(self.sha256, stage, fingerprint, value)


@dataclass(frozen=True, slots=True)
class Measured:
    """A call's measures and what the scorecard's checks found; ``fingerprint`` is that of the measures."""

    about: Call
    measures: Mapping[str, Measurement]
    judged: Mapping[str, Measurement]
    fingerprint: str
    kept: Kept


def fingerprint(stage: str, *parts: object) -> str:
    """A short name of everything a stage's answer depends on."""
    text = msgspec.json.encode([stage, REVISIONS[stage], *parts], order="deterministic")
    return hashlib.sha256(text).hexdigest()[:32]


@dataclass(frozen=True, slots=True)
class Pipeline:
    """The stages with a team's settings. Models are loaded by the worker that needs them."""

    settings: Settings
    parts: Parts

    def run(
        self, store: Store, jobs: Iterable[Job], engine: Engine
    ) -> Iterator[Done[Job, Scored] | Failed[Job] | Same]:
        """Every job's outcome, as it comes: what the store has first, then what must be listened to."""
        stale: list[Job] = []
        seen: dict[str, Path] = {}
        for job in jobs:
            outcome = self._known(store, job, seen, stale)
            if outcome is not None:
                yield outcome
        for done in engine.map(lambda: worker(self.settings, self.parts), stale):
            yield self._written(store, done)

    def listened(self, store: Source, sha: str) -> tuple[str, Spoken] | None:
        """The kept voices and words and their fingerprint, None when the recording must be listened to."""
        for print_ in self.speech_prints():
            if (value := store.result(sha, "speech", print_)) is not None:
                return print_, msgspec.json.decode(value, type=Spoken)
        return None

    def heard(self, store: Source, sha: str) -> tuple[str, Spoken | Imported] | None:
        """What was listened to or imported, and its fingerprint; None when neither is kept."""
        print_ = fingerprint("import", self.settings.languages)
        if (value := store.result(sha, "import", print_)) is not None:
            return print_, msgspec.json.decode(value, type=Imported)
        return self.listened(store, sha)

    def speech_print(self, layout: str, language: str) -> str:
        """A two-channel call does not depend on the diarizer: changing that one does not transcribe it again. Nor does
        a call depend on a recogniser chosen for another language (one without a word counts as of the first)."""
        hears = self.parts.hears(language)
        diarizer = self.parts.diarizer if layout == "mono" else None
        return fingerprint("speech", layout, self.settings.languages, hears, diarizer)

    def speech_prints(self) -> Iterator[str]:
        """All that a recording heard with these settings may have."""
        for layout in ("stereo", "mono"):
            yield from dict.fromkeys(self.speech_print(layout, code) for code in self.settings.languages)

    def imported(self, path: Path, sha: str) -> tuple[Recording, list[Answer]]:
        """A finished transcript as a recording without sound, and as it is kept."""
        got = imports.read(path, self.settings.languages, self.settings.intake.max_hours)
        kept = ("import", fingerprint("import", self.settings.languages), msgspec.json.encode(got))
        return Recording(sha[:12], str(path), sha, got.duration, 0, 0, got.format), [kept]

    def spoken(self, sound: Sound, spoken: Spoken) -> list[Answer]:
        """What is kept of what was heard: voices and words, pitch and level."""
        print_ = self.speech_print(spoken.layout, spoken.language)
        tracks = packed(sounding(sound, spoken))
        return [("speech", print_, msgspec.json.encode(spoken)), ("tracks", fingerprint("tracks", print_), tracks)]

    def scored(self, store: Source, recording: Recording, metadata: Metadata) -> tuple[Scored, Kept] | None:
        """All that follows from what was heard, computed where it is not kept. None: not yet listened to."""
        told = self.measured(store, recording, metadata)
        if told is None:
            return None
        card, kept = self.parts.cards[told.about.transcript.language], told.kept
        habits = habit.against(store, told.about.metadata, told.measures)
        measures = {**told.measures, **told.judged, **habits}
        score_print = fingerprint("score", told.fingerprint, card, __version__, habit.used(card, habits))
        lists = fingerprint("score", self._analysers())[:8]
        value = kept.get(
            "score",
            score_print,
            lambda: msgspec.json.encode(scoring.score(told.about, measures, card, lists, __version__)),
        )
        scorecard = msgspec.json.decode(value, type=Scorecard)
        doubt_print = fingerprint("doubt", score_print, self.parts.errors)
        value = kept.get("doubt", doubt_print, lambda: self._doubted(told.about, measures, scorecard))
        return Scored(told.about, measures, scorecard, msgspec.json.decode(value, type=Doubt)), kept

    def measured(self, store: Source, recording: Recording, metadata: Metadata) -> Measured | None:
        """What one call tells by itself, whatever the rep's other calls are. None: not yet listened to."""
        known = self.heard(store, recording.sha256)
        if known is None:
            return None
        speech_print, spoken = known
        kept = Kept(store, recording.sha256, [("speech", speech_print, None)])
        if isinstance(spoken, Imported):
            metadata = imports.completed(metadata, spoken.metadata)
            kept = Kept(store, recording.sha256, [("import", speech_print, None)])
        tracks_print = fingerprint("tracks", speech_print)
        transcript_print, transcript = self._transcript(kept, speech_print, spoken, metadata)

        def sound() -> dict[Side, Track]:
            raw = store.result(recording.sha256, "tracks", tracks_print)
            return {} if raw is None or isinstance(spoken, Imported) else sided(unpacked(raw), spoken, transcript)

        about = Call(recording, metadata, transcript)
        told = replace(metadata, file="")
        print_ = fingerprint("measures", transcript_print, tracks_print, self._analysers(), told)
        value = kept.get("measures", print_, lambda: measured(self.parts.analysers, about, sound()))
        measures = msgspec.json.decode(value, type=dict[str, Measurement])
        card = self.parts.cards[transcript.language]
        judged = self._judged(kept, print_, about, measures, sound) if card.checks else {}
        kept.get(habit.STAGE, fingerprint(habit.STAGE, print_), lambda: habit.values(measures))
        return Measured(about, measures, judged, print_, kept)

    def _judged(
        self,
        kept: Kept,
        measures_print: str,
        about: Call,
        measures: Mapping[str, Measurement],
        sound: Callable[[], dict[Side, Track]],
    ) -> dict[str, Measurement]:
        """What the scorecard's checks find."""
        card = self.parts.cards[about.transcript.language]

        def again(part: Call, name: str) -> Measurement | None:
            giver = next(a for a in self.parts.analysers if any(m.name == name for m in a.measures))
            return next((m for m in giver.analyse(replace(part, tracks=sound())) if m.name == name), None)

        def compute() -> bytes:
            call = replace(about, transcript=led(about.transcript))
            return msgspec.json.encode(checks.judged(call, measures, card.checks, again))

        value = kept.get("checks", fingerprint("checks", measures_print, card.checks), compute)
        return msgspec.json.decode(value, type=dict[str, Measurement])

    def _doubted(self, about: Call, measures: Mapping[str, Measurement], scorecard: Scorecard) -> bytes:
        call = replace(about, transcript=led(about.transcript))
        card, parts = self.parts.cards[about.transcript.language], self.parts
        return msgspec.json.encode(trust.doubted(call, measures, scorecard, card, parts.analysers, parts.errors))

    def kept_score(self, store: Store, sha: str) -> float | None:
        """The score a call has in the store today, whatever settings it was made with."""
        value = store.current(sha, "score")
        return None if value is None else msgspec.json.decode(value, type=Scorecard).score

    def _transcript(
        self, kept: Kept, heard_print: str, heard: Spoken | Imported, metadata: Metadata
    ) -> tuple[str, Transcript]:
        language = heard.transcript.language if isinstance(heard, Imported) else heard.language
        cues, roles = self.parts.cues[language], self.settings.roles
        told = (metadata.rep_channel, roles.rep_channel, metadata.direction, metadata.rep_name)
        print_ = fingerprint("transcript", heard_print, cues, told)

        def compute() -> bytes:
            return msgspec.json.encode(sides.transcript(heard, cues, metadata, roles))

        return print_, msgspec.json.decode(kept.get("transcript", print_, compute), type=Transcript)

    def _analysers(self) -> list[Choice]:
        return list(self.settings.analysers)

    def _known(
        self, store: Store, job: Job, seen: dict[str, Path], stale: list[Job]
    ) -> Done[Job, Scored] | Failed[Job] | Same | None:
        try:
            sha = store.known_hash(job.path) or sha256(job.path)
            if sha in seen:
                with store.write() as write:
                    write.put_file(job.path, sha)
                return Same(job.path, seen[sha])
            seen[sha] = job.path
            recording = store.recording(sha)
            found = recording and self.scored(store, replace(recording, path=str(job.path)), job.metadata)
            if not found and imports.is_text(job.path):
                found = self._imported(store, job, sha)
            if not found:
                stale.append(Job(job.path, job.metadata, sha))
                return None
            return self._keep(store, job, *found)
        except (CallqaError, OSError) as error:
            code = getattr(error, "code", type(error).__name__.lower())
            return self._failed(store, Failed(job, code, f"{error}"))

    def _imported(self, store: Store, job: Job, sha: str) -> tuple[Scored, Kept] | None:
        """A finished transcript is read here and now: it needs no model."""
        recording, answers = self.imported(job.path, sha)
        self._put(store, recording, answers)
        return self.scored(store, recording, job.metadata)

    def _written(self, store: Store, outcome: Done[Job, Listened] | Failed[Job]) -> Done[Job, Scored] | Failed[Job]:
        if isinstance(outcome, Failed):
            return self._failed(store, outcome)
        job, got = outcome.item, outcome.value
        self._put(store, got.recording, got.answers)
        found = self.scored(store, got.recording, job.metadata)
        assert found is not None, "just written"
        return self._keep(store, job, *found)

    def _keep(self, store: Store, job: Job, scored: Scored, kept: Kept) -> Done[Job, Scored]:
        with store.write() as write:
            write.put_recording(scored.call.recording)
            write.put_file(job.path, scored.call.recording.sha256)
            write.put_metadata(scored.call.recording.sha256, job.metadata)
            kept.write(write)
            write.clear_failure(str(job.path))
        return Done(job, scored)

    def _put(self, store: Store, recording: Recording, answers: Iterable[Answer]) -> None:
        with store.write() as write:
            write.put_recording(recording)
            for stage, print_, value in answers:
                write.put(recording.sha256, stage, print_, value)

    def _failed(self, store: Store, failed: Failed[Job]) -> Failed[Job]:
        with store.write() as write:
            path = str(failed.item.path)
            write.put_failure(Failure(path, failed.code, failed.problem, failed.retryable, failed.trace))
        return failed


def recorded(path: str, sha: str, sound: Sound) -> Recording:
    """The header of a recording that was decoded."""
    channels = int(sound.samples.shape[0])
    return Recording(sha[:12], path, sha, round(sound.duration, 3), sound.file_rate, channels, sound.codec)


def worker(settings: Settings, parts: Parts) -> Callable[[Job], Listened]:
    """A function from a file to what is heard in it; the models are loaded once."""
    transcriber = parts.make_transcriber()
    diarizer = parts.make_diarizer
    pipeline = Pipeline(settings, parts)

    def work(job: Job) -> Listened:
        sound = decode(job.path, settings.intake.max_hours, settings.intake.min_seconds)
        recording = recorded(str(job.path), job.sha256, sound)
        spoken = listen(recording.id, sound, transcriber, diarizer, settings.languages)
        return Listened(recording, pipeline.spoken(sound, spoken))

    return work


def measured(analysers: Iterable[Analyser], about: Call, tracks: Mapping[Side, Track]) -> bytes:
    """Every analyser's measurements of a call, as kept."""
    call = Call(about.recording, about.metadata, led(about.transcript), tracks)
    return msgspec.json.encode(trust.measures(tuple(analysers), call))
