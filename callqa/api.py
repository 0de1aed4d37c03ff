"""The public verbs of callqa: what the command line does, for Python."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from callqa import evaluation, imports, intake, pages, truth
from callqa.analysers import registry
from callqa.audio import SUFFIXES
from callqa.config import Settings, find_settings
from callqa.engines import Done, Failed
from callqa.engines.local import LocalEngine
from callqa.errors import UsageError
from callqa.pages import Pages, put
from callqa.parts import Parts, made
from callqa.pipeline import Job, Pipeline, Same
from callqa.reports import index
from callqa.reports.index import Row
from callqa.scoring import Card, load_card
from callqa.store import Failure, Store, many
from callqa.types import Language, Metadata, Recording, Scored

Outcome = Done[Job, Scored] | Failed[Job] | Same


@dataclass(frozen=True, slots=True)
class Rescored:
    """A call under today's lists and scorecard beside what it was before; ``scored`` None: it must be heard again."""

    recording: Recording
    before: float | None
    scored: Scored | None


@dataclass(frozen=True, slots=True)
class Jobs:
    """The recordings of a run and what a person should know of how they were found."""

    items: tuple[Job, ...]
    notes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Team:
    """A team's settings with its store open: what every verb works on."""

    settings: Settings
    pipeline: Pipeline
    store: Store

    @property
    def parts(self) -> Parts:
        return self.pipeline.parts

    def jobs(self, paths: Sequence[Path], calls: Path | None = None) -> Jobs:
        """The recordings at those paths with their metadata: calls.csv, else the name pattern, else the store.

        Without ``calls``, a calls.csv in a folder named is used.
        """
        files = intake.find(paths, SUFFIXES, imports.in_folder)
        tables = [calls] if calls else [p / "calls.csv" for p in paths if (p / "calls.csv").is_file()]
        rows = [intake.read_calls(table) for table in tables]
        pattern = intake.name_pattern(self.settings.path, self.settings.intake.name_pattern)
        notes = [f"{table}: used" for table in tables if not calls]
        for table in rows:
            if missing := table.unmatched(files):
                notes.append(f"{table.path}: {len(missing)} of its files are not among these: {', '.join(missing[:3])}")
        told: dict[Path, Metadata | None] = {}
        for path in files:
            named = next((row for table in rows if (row := table.of(path))), None)
            told[path] = named or (intake.from_name(path, pattern) if pattern else None)
        before = self._remembered(path for path in files if told[path] is None)
        items = (Job(path, told[path] or before.get(path) or Metadata(path.name)) for path in files)
        return Jobs(tuple(items), tuple(notes))

    def score(self, jobs: Iterable[Job]) -> Iterator[Outcome]:
        """Every recording's outcome as it comes; all are kept in the store by then."""
        return self.pipeline.run(self.store, jobs, LocalEngine())

    def call(self, reference: str, keep: bool = True) -> Scored:
        """A scored call, by id, path or file name; ``keep`` what had to be computed for it."""
        recording = self.store.find(reference)
        metadata = self.store.metadata(recording.sha256) or Metadata(Path(recording.path).name)
        found = self.pipeline.scored(self.store, recording, metadata)
        if found is None:
            raise UsageError(f"{recording.path}: heard under other settings; `callqa score` it again")
        scored, kept = found
        if keep:
            with self.store.write() as write:
                kept.write(write)
        return scored

    def under(self, path: Path) -> tuple[Team, Card]:
        """The same team with another scorecard for the calls of every language, and that scorecard."""
        card = load_card(path, registry.catalogue(self.parts.analysers))
        pipeline = replace(self.pipeline, parts=self.parts.under(card))
        return replace(self, pipeline=pipeline), card

    def calls(self) -> Iterator[Scored]:
        """Every call that has been heard under these settings, by path."""
        for recording in self.store.recordings():
            metadata = self.store.metadata(recording.sha256) or Metadata(Path(recording.path).name)
            if found := self.pipeline.scored(self.store, recording, metadata):
                yield found[0]

    def failures(self) -> list[Failure]:
        """Files set aside, by path, until they are scored."""
        return self.store.failures()

    def rescore(self, references: Sequence[str] = ()) -> Iterator[Rescored]:
        """Today's roles, lists, analysers and scorecard on what was heard before; the sound is not needed."""
        recordings = [self.store.find(r) for r in references] if references else self.store.recordings()
        for recording in recordings:
            metadata = self.store.metadata(recording.sha256) or Metadata(Path(recording.path).name)
            before = self.pipeline.kept_score(self.store, recording.sha256)
            found = self.pipeline.scored(self.store, recording, metadata)
            if found is None:
                yield Rescored(recording, before, None)
                continue
            with self.store.write() as write:
                found[1].write(write)
            yield Rescored(recording, before, found[0])

    @property
    def pages(self) -> Pages:
        return Pages(self.settings, self.parts)

    def document(self, scored: Scored) -> dict[str, Any]:
        """The call as ``--json`` shows it."""
        return self.pages.document(scored)

    def encoded(self, scored: Scored) -> bytes:
        """That document as bytes: the same call gives the same bytes."""
        return self.pages.encoded(scored)

    def csv(self, scored: Scored) -> str:
        return self.pages.csv(scored)

    def html(self, scored: Scored, out: Path, language: Language | None = None, embed: bool = False) -> str:
        """The call's report page, to stand in the folder ``out``; the sound is named from there, or put inside."""
        return self.pages.html(scored, out, language, embed)

    def write_report(self, scored: Scored, out: Path, language: Language | None = None, embed: bool = False) -> Path:
        """The call's page and JSON in the folder ``out``; gives the page's path."""
        files = self.pages.files(scored, out, language, embed)
        for name, content in files.items():
            put(out / name, content)
        return out / report_name(scored)

    def write_index(
        self, scored: Sequence[Scored], failed: Sequence[Failed[Job]], out: Path, language: Language
    ) -> Path:
        """The page that lists the calls of a run and those set aside."""
        rows = [self.pages.row(s, language) for s in scored] + [
            Row(file=failure.item.path.name, problem=failure.problem, code=failure.code) for failure in failed
        ]
        put(out / "index.html", index(rows, language).encode())
        return out / "index.html"

    def labelled(self, folder: Path) -> list[truth.Truth]:
        """The labelled calls of a folder, by name."""
        return [truth.read(path) for path in truth.find(folder)]

    def evaluate(self, folder: Path, with_metadata: bool = True) -> Iterator[evaluation.Result]:
        """Labelled calls against their truth, as they come; without metadata roles must be found in the words."""
        truths = {t.audio.absolute(): t for t in self.labelled(folder)}
        jobs = self.jobs(sorted(truths), folder / "calls.csv" if (folder / "calls.csv").is_file() else None).items
        if not with_metadata:
            jobs = tuple(Job(job.path, Metadata(job.path.name)) for job in jobs)
        for outcome in self.score(jobs):
            if isinstance(outcome, Done):
                scored: Scored = outcome.value
                heard = self.pipeline.listened(self.store, scored.call.recording.sha256)
                assert heard is not None, "just scored"
                yield evaluation.judge(truths[outcome.item.path], scored, heard[1], self.parts)

    def _remembered(self, paths: Iterable[Path]) -> dict[Path, Metadata]:
        """What was last told of the calls in these files, where they have not changed."""
        known = many.known_files(self.store, map(str, paths))
        told = many.metadata_of(self.store, (file.sha256 for file in known.values()))
        same = {
            Path(path): told[file.sha256] for path, file in known.items() if file.sha256 in told and file.same(path)
        }
        return {path: replace(metadata, file=path.name) for path, metadata in same.items()}


@contextmanager
def team(config: Path | None = None, store: str | None = None) -> Iterator[Team]:
    """Settings read and checked, the store open. Raises ConfigError, StoreError."""
    settings = find_settings(config)
    parts = Parts.of(settings)
    opened = Store.open(store or settings.store.url)
    try:
        yield Team(settings, Pipeline(settings, parts), opened)
    finally:
        opened.close()


def scorecard(path: Path, config: Path | None = None) -> Card:
    """A scorecard file, checked against the measures that the settings' analysers give. Raises ConfigError."""
    settings = find_settings(config)
    return load_card(path, registry.catalogue(made(settings)))


def report_name(scored: Scored) -> str:
    """The page of a call."""
    return pages.report_name(scored.call.recording)
