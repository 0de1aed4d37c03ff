"""A call's page, document and line in the index: made from the call and the team's settings, without a store."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from callqa import playback
from callqa.audio import decode
from callqa.config import Settings
from callqa.errors import UsageError
from callqa.parts import Parts
from callqa.reports import audio_uri, csv, document, encode, html
from callqa.reports.index import Row
from callqa.reports.view import label
from callqa.types import Language, Measure, Recording, Scored

INDEX = "index.html"


@dataclass(frozen=True, slots=True)
class Pages:
    """What a team's calls look like on paper."""

    settings: Settings
    parts: Parts

    def document(self, scored: Scored) -> dict[str, Any]:
        """The call as ``--json`` shows it."""
        return document(scored, self.parts.catalogue)

    def encoded(self, scored: Scored) -> bytes:
        """That document as bytes: the same call gives the same bytes."""
        return encode(self.document(scored))

    def csv(self, scored: Scored) -> str:
        return csv(scored, self.parts.catalogue)

    def html(self, scored: Scored, out: Path, language: Language | None = None, embed: bool = False) -> str:
        """The call's report page, to stand in the folder ``out``; the sound is named from there, or put inside."""
        card = self.parts.cards[scored.call.transcript.language]
        bands = {rule.measure: rule.band_for(scored.scorecard.call_type) for rule in card.rules}
        audio = self._sound(scored.call.recording, out, embed)
        language = language or scored.call.transcript.language
        return html(scored, self.parts.catalogue, bands, language, audio, card.rules)

    def files(self, scored: Scored, out: Path, language: Language | None, embed: bool) -> dict[str, bytes]:
        """The call's page and JSON by their names in ``out``, the page last."""
        page = report_name(scored.call.recording)
        return {
            str(Path(page).with_suffix(".json")): self.encoded(scored),
            page: self.html(scored, out, language, embed).encode(),
        }

    def row(self, scored: Scored, language: Language) -> Row:
        return row(scored, self.parts.catalogue, language)

    def _sound(self, recording: Recording, out: Path, embed: bool) -> str:
        """How the page names the sound: beside it where a browser plays the format, else a copy that it does."""
        path = Path(recording.path)
        if not path.is_file() or not recording.channels:
            return ""  # moved away, or a transcript without sound
        if not playback.plays(path, recording.codec):
            copy = out / "audio" / f"{path.stem}-{recording.id[:6]}.flac"
            if not copy.is_file():
                playback.write_copy(decode(path, self.settings.intake.max_hours, 0.0), copy)
            path = copy
        return audio_uri(path) if embed else quote(os.path.relpath(path.absolute(), out.absolute()))


def report_name(recording: Recording) -> str:
    """The page of a call: its file's name and the beginning of its id, for two folders may hold one name."""
    return f"{Path(recording.path).stem}-{recording.id[:6]}.html"


def row(scored: Scored, catalogue: Mapping[str, Measure], language: Language) -> Row:
    """A call's line in the index."""
    call, card = scored.call, scored.scorecard
    return Row(
        file=Path(call.recording.path).name,
        href=quote(report_name(call.recording)),
        started_at=call.metadata.started_at,
        rep=call.metadata.rep_name or call.metadata.rep_id,
        customer=call.metadata.customer_id or call.metadata.customer_phone,
        call_type=card.call_type,
        duration=call.recording.duration,
        score=card.score,
        coverage=card.coverage,
        trust=card.trust,
        reason=card.reason,
        top_loss=label(catalogue, card.points_lost[0].measure, language) if card.points_lost else None,
    )


def put(path: Path, content: bytes) -> None:
    """Whole or not at all: a page is read while the next run writes it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial(path).write_bytes(content)
    partial(path).replace(path)


def partial(path: Path) -> Path:
    """Where the next version of a file is written before it takes its place."""
    return path.with_name(path.name + ".part")


def mark(path: Path) -> None:
    """Says that the file there is to be made anew, until ``put`` has done so."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial(path).touch()


def due(path: Path) -> bool:
    """Whether the file is missing or marked."""
    return partial(path).exists() or not path.is_file()


def unwritten(folder: Path, error: OSError) -> UsageError:
    """What to say when a page, or the sound beside it, cannot be written."""
    cure = "mend that or name another folder with --out, and run again: what is done is kept"
    return UsageError(f"{folder}: a page cannot be written: {error.strerror or error}; {cure}")
