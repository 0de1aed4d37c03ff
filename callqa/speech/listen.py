"""A recording's sound as voices and words, before anybody knows who is rep and who is customer."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

from callqa.audio import Sound
from callqa.speech import Channel, Diarizer, Heard, Party, Speakers, Transcriber
from callqa.speech.align import by_speaker
from callqa.speech.channels import Plan, layout, unbled, unbled_words
from callqa.speech.prosody import tracks
from callqa.speech.sounds import events
from callqa.speech.vad import STEP, levels, speeches
from callqa.types import Dropped, Sounds, Span, Track, Word, covered, without

NOISE_DB = 12.0  # wordless sound this much under the channel's loud speech is the room, not a voice


@dataclass(frozen=True, slots=True)
class Spoken:
    """What was said by which voice. ``layout`` "stereo": a party a channel; "mono": a party a diarized speaker.

    ``why`` says how the layout was found. ``separation`` 0..1 is how clearly the voices are apart (1 for stereo).
    """

    language: str
    layout: Literal["stereo", "mono"]
    why: str
    separation: float
    parties: tuple[Party, ...]
    dropped: tuple[Dropped, ...] = ()
    events: tuple[Sounds, ...] = ()


@dataclass(frozen=True, slots=True)
class Prepared:
    """A recording made ready for the recogniser: which channels hold a voice and where, what else sounds.

    Everything up to here needs no model that a GPU would hold.
    """

    plan: Plan
    channels: tuple[Channel, ...]
    events: tuple[Sounds, ...]


def prepare(key: str, sound: Sound) -> Prepared:
    """Where somebody speaks on which channel; ``key`` names the recording in a batch."""
    spans = speeches(sound.samples, sound.rate)
    plan = layout(sound.samples, sound.rate, spans)
    sounds = tuple(e for e in events(sound.samples, sound.rate) if e.channel in plan.channels)
    spans = [without(mine, [e.span for e in sounds if e.channel == i]) for i, mine in enumerate(spans)]
    if plan.kind == "stereo":
        spans = list(unbled(sound.samples, sound.rate, spans))
    channels = tuple(Channel(f"{key}/{i}", sound.samples[i], sound.rate, tuple(spans[i])) for i in plan.channels)
    return Prepared(plan, channels, sounds)


def hear(
    calls: Sequence[Prepared], transcriber: Transcriber, diarizer: Callable[[], Diarizer], languages: Sequence[str]
) -> list[Spoken]:
    """The voices and words of several recordings, their channels in one pool: each as it would be heard alone.

    ``languages`` are those a call may be in; ``diarizer`` is asked for only when a recording is mono.
    """
    spoken_in = [transcriber.language(call.channels, languages) for call in calls]
    pool = [channel for call in calls for channel in call.channels]
    tongues = [language for call, language in zip(calls, spoken_in, strict=True) for _ in call.channels]
    heard = iter(transcriber.transcribe(pool, tongues))
    words = [[next(heard) for _ in call.channels] for call in calls]
    found = [
        tuple(replace(c, speech=voiced(c, h)) for c, h in zip(call.channels, mine, strict=True))
        for call, mine in zip(calls, words, strict=True)
    ]
    # one-channel calls of the batch go to the diarizer together
    mono = [i for i, call in enumerate(calls) if call.plan.kind == "mono" and covered(found[i][0].speech)]
    told = diarizer().diarize([found[i][0] for i in mono]) if mono else []
    speakers = dict(zip(mono, told, strict=True))
    return [
        _spoken(call, language, channels, mine, speakers.get(i), languages)
        for i, (call, language, channels, mine) in enumerate(zip(calls, spoken_in, found, words, strict=True))
    ]


def listen(
    key: str, sound: Sound, transcriber: Transcriber, diarizer: Callable[[], Diarizer], languages: Sequence[str]
) -> Spoken:
    """The voices and words of one recording: ``prepare`` and ``hear`` for one alone."""
    (spoken,) = hear([prepare(key, sound)], transcriber, diarizer, languages)
    return spoken


def _spoken(
    call: Prepared,
    language: str,
    channels: Sequence[Channel],
    heard: Sequence[Heard],
    speakers: Speakers | None,
    languages: Sequence[str],
) -> Spoken:
    if not any(h.words for h in heard):
        language = languages[0]  # of noise no language can be told
    plan = call.plan
    if plan.kind == "stereo":
        parties, separation = _stereo(plan.channels, channels, heard), 1.0
    else:
        parties, separation = _mono(plan.channels[0], heard[0], speakers)
    dropped = sorted((d for h in heard for d in h.dropped), key=lambda d: (d.start, d.end, d.text))
    return Spoken(language, plan.kind, plan.reason, separation, parties, tuple(dropped), call.events)


def voiced(channel: Channel, heard: Heard) -> tuple[Span, ...]:
    """The channel's speech without what only seemed to be: stretches that hold no word and are far quieter than those
    that do (a babbling office, a door). A channel without a single word has no speech."""
    level = levels(channel.samples, channel.rate)
    loudness = {span: _loudness(level, span) for span in channel.speech}
    worded = [span for span in channel.speech if any(_inside(word, span) for word in heard.words)]
    loudest = max((loudness[span] for span in worded), default=float("inf"))
    return tuple(span for span in channel.speech if span in worded or loudness[span] > loudest - NOISE_DB)


def sounding(sound: Sound, spoken: Spoken) -> Mapping[int, Track]:
    """Pitch and level of every channel that holds a voice, measured where somebody speaks."""
    spans: dict[int, list[Span]] = {}
    for party in spoken.parties:
        spans.setdefault(party.channel, []).extend(party.speech)
    return {channel: tracks(sound.samples[channel], sound.rate, mine) for channel, mine in sorted(spans.items())}


def _stereo(indices: Sequence[int], channels: Sequence[Channel], heard: Sequence[Heard]) -> tuple[Party, ...]:
    kept = unbled_words(channels, heard)
    return tuple(
        Party(index, channel.speech, words.words) for index, channel, words in zip(indices, channels, kept, strict=True)
    )


def _mono(index: int, heard: Heard, speakers: Speakers | None) -> tuple[tuple[Party, ...], float]:
    if speakers is None:
        return (), 0.0
    words = by_speaker(heard.words, speakers)
    parties = tuple(Party(index, spans, said) for spans, said in zip(speakers.spans, words, strict=True))
    return parties, speakers.separation


def _inside(word: Word, span: Span) -> bool:
    return span.start <= word.end and word.start <= span.end


def _loudness(level: Any, span: Span) -> float:
    """Level of the loud parts of a stretch, dB: its upper tenth."""
    inside = sorted(level[int(span.start / STEP) : max(int(span.start / STEP) + 1, round(span.end / STEP))])
    return float(inside[int(0.9 * len(inside))]) if inside else float("-inf")
