"""From what was heard, or what another system wrote down, to a transcript with sides."""

from __future__ import annotations

from dataclasses import replace

from callqa.config import RoleSettings
from callqa.imports import Imported
from callqa.speech import Party
from callqa.speech.listen import Spoken
from callqa.speech.roles import Decision, RoleCues, decide
from callqa.speech.transfers import numbered, told_apart
from callqa.types import Metadata, Transcript


def transcript(heard: Spoken | Imported, cues: RoleCues, metadata: Metadata, settings: RoleSettings) -> Transcript:
    """The call's turns with their sides: as a transcript file names them, else as ``roles.decide`` finds them."""
    if isinstance(heard, Imported):
        return _imported(heard, cues, metadata, settings)
    decision = _decided(heard.parties, heard.language, heard.layout, cues, metadata, settings)
    return Transcript(
        language=heard.language,  # type: ignore[arg-type]
        turns=decision.turns,
        layout=heard.layout,
        separation=heard.separation,
        roles_by=decision.by,
        roles_confidence=decision.confidence,
        dropped=heard.dropped,
        events=heard.events,
    )


def _imported(heard: Imported, cues: RoleCues, metadata: Metadata, settings: RoleSettings) -> Transcript:
    told = heard.transcript
    if not heard.voices:
        return replace(told, turns=told_apart(numbered(told.turns), cues.handover, told.language))
    parties = tuple(
        Party(voice.channel, tuple(t.span for t in voice.turns), tuple(w for t in voice.turns for w in t.words))
        for voice in heard.voices
    )
    decision = _decided(parties, told.language, told.layout, cues, metadata, settings)
    named = {turn for voice in heard.voices for turn in voice.turns}
    nobody = [turn for turn in told.turns if turn not in named]
    return replace(
        told,
        turns=tuple(sorted((*decision.turns, *nobody), key=lambda t: (t.start, t.end, t.side))),
        roles_by=decision.by,
        roles_confidence=decision.confidence,
    )


def _decided(
    parties: tuple[Party, ...], language: str, layout: str, cues: RoleCues, metadata: Metadata, settings: RoleSettings
) -> Decision:
    channel, by = metadata.rep_channel, "calls.csv"
    if channel is None:
        channel, by = settings.rep_channel, "config"
    return decide(
        parties,
        cues,
        language,
        rep_channel=channel,
        by=by,
        direction=metadata.direction,
        rep_name=metadata.rep_name,
        layout=layout,
    )
