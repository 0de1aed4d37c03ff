"""How a voice sounds: how far its pitch and loudness move, how its phrases end, how often it pauses.

These figures describe delivery. None of them says what anybody feels.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from callqa.analysers import lexicon
from callqa.analysers.conversation import SHOWN, Conversation, decimal, first, seconds, suffix
from callqa.analysers.lexicon import Lexicons
from callqa.analysers.timeline import EPS, PARTIES, Rules
from callqa.types import Call, Evidence, Language, Measure, Measurement, Seconds, Side, Span, Track, without

Array = NDArray[np.float64]
NO_SOUND = "no_sound"
TOO_LITTLE = "too_little_speech"
FEWEST_ENDS = 3  # phrase ends a median rests on
FEWEST_FRAMES = 8  # voiced values a slope rests on
NOTES: dict[Language, dict[str, str]] = {
    "ru": {
        "spread": "размах {} полутона",
        "slope": "{} полутонов/с в конце",
        "loudness": "{} дБ к средней громкости",
        "pause": "пауза {}",
    },
    "en": {
        "spread": "spread {} st",
        "slope": "{} st/s at the end",
        "loudness": "{} dB against the mean",
        "pause": "pause {}",
    },
}
LABELS = {"rep": ("Rep's", "менеджера"), "customer": ("Customer's", "клиента")}


@dataclass(frozen=True)
class Phrase:
    """A run of one side's speech between pauses, where it speaks alone. ``height`` in semitones, NaN where unvoiced."""

    span: Span
    times: Array
    height: Array
    level: Array

    @property
    def voiced(self) -> Array:
        return self.height[~np.isnan(self.height)]

    @property
    def loudness(self) -> Array:
        return self.level[~np.isnan(self.height)]


@dataclass(frozen=True)
class Tone:
    """Delivery of both sides, from pitch and level where a side speaks alone.

    ``octave``: semitones from the side's median pitch beyond which a value is a tracker's octave error. ``quiet``: dB
    under the loud parts (the 90th percentile) of a side's speech at which it pauses; a pause is longer than ``pause``.
    ``ending``: the part of a phrase that is its end. ``voiced``: seconds of voice that the spreads need.
    """

    lexicons: Lexicons = field(default_factory=dict)
    octave: float = 9.0
    quiet: float = 20.0
    pause: Seconds = 0.3
    ending: Seconds = 0.4
    voiced: Seconds = 3.0

    def __post_init__(self) -> None:
        _ = self._backchannels

    @cached_property
    def _backchannels(self) -> Mapping[str, frozenset[str]]:
        return {code: read["backchannels"] for code, read in lexicon.parsed("tone", self.lexicons, {}).items()}

    @property
    def measures(self) -> tuple[Measure, ...]:
        return tuple(measure for side in PARTIES for measure in _declared(side))

    def analyse(self, call: Call) -> Iterator[Measurement]:
        backchannels = self._backchannels.get(call.transcript.language, frozenset())
        heard = Conversation.of(call, Rules(backchannels=backchannels))
        for side in PARTIES:
            reason = heard.absent(side)
            track = call.tracks.get(side)
            if reason or track is None or not len(track.f0):
                yield from lexicon.unmeasured(_declared(side), reason or NO_SOUND)
            else:
                yield from self._side(heard, side, track)

    def _side(self, heard: Conversation, side: Side, track: Track) -> Iterator[Measurement]:
        alone = self._alone(heard, side)
        phrases = self._phrases(alone, track)
        height = np.concatenate([np.empty(0), *(phrase.voiced for phrase in phrases)])
        level = np.concatenate([np.empty(0), *(phrase.loudness for phrase in phrases)])
        end = suffix(side)
        if len(height) * track.step < self.voiced - EPS:
            yield from lexicon.unmeasured(_declared(side)[:1], TOO_LITTLE)
        else:
            yield heard.say(f"pitch_spread{end}", _spread(height), len(height) * track.step, _flattest(heard, phrases))
        yield self._endings(heard, f"phrase_end_slope{end}", phrases)
        if len(level) * track.step < self.voiced - EPS:
            yield from lexicon.unmeasured(_declared(side)[2:3], TOO_LITTLE)
        else:
            low, high = np.percentile(level, [10, 90])
            moments = _extremes(heard, phrases, float(level.mean()))
            yield heard.say(f"loudness_range{end}", float(high - low), len(level) * track.step, moments)
        yield self._pauses(heard, side, phrases)

    def _alone(self, heard: Conversation, side: Side) -> tuple[Span, ...]:
        other = heard.line.speech["customer" if side == "rep" else "rep"]
        return without(heard.line.speech[side], [*other, *heard.others])

    def _phrases(self, alone: Sequence[Span], track: Track) -> list[Phrase]:
        """The side's speech cut at its pauses, pitch in semitones from its median, octave errors left out."""
        f0, level = np.asarray(track.f0, float), np.asarray(track.level, float)
        frames = [_frames(span, track.step, min(len(f0), len(level))) for span in alone]
        own = np.concatenate([np.empty(0, int), *(np.arange(f.start, f.stop) for f in frames)])
        voiced = own[f0[own] > 0]
        if not len(voiced):
            return []
        height = np.full(len(f0), np.nan)
        height[voiced] = 12 * np.log2(f0[voiced] / np.median(f0[voiced]))
        height[voiced[np.abs(height[voiced]) > self.octave]] = np.nan
        loud = level >= np.percentile(level[own], 90) - self.quiet
        longest = round(self.pause / track.step)
        runs = [run for frame in frames for run in _runs(loud, frame, longest)]
        return [_phrase(run, track.step, height, level) for run in runs]

    def _endings(self, heard: Conversation, name: str, phrases: Sequence[Phrase]) -> Measurement:
        """The median slope of the pitch at phrase ends; the steepest rises stand first."""
        found = [(slope, phrase.span) for phrase in phrases if (slope := self._slope(phrase)) is not None]
        if len(found) < FEWEST_ENDS:
            return Measurement(name, None, reason=TOO_LITTLE)
        rising = first(found, key=lambda pair: -round(pair[0], 6), most=SHOWN)
        moments = [
            Evidence(
                round(max(span.start, span.end - 2 * self.ending), 6),
                span.end,
                _signed(heard, "slope", value, lambda x: f"{x:+.0f}"),
            )
            for value, span in rising
        ]
        return heard.say(name, float(np.median([slope for slope, _ in found])), len(found), moments)

    def _slope(self, phrase: Phrase) -> float | None:
        """Semitones a second over the last of the phrase: the median slope between any two of its values.

        A line through them would follow the one value that the tracker got wrong (Theil and Sen's reason).
        """
        there = ~np.isnan(phrase.height)
        if not there.any():
            return None
        last = phrase.times[there][-1]
        there &= phrase.times > last - self.ending + EPS
        times, height = phrase.times[there], phrase.height[there]
        if len(times) < FEWEST_FRAMES:
            return None
        left, right = np.triu_indices(len(times), 1)
        return float(np.median((height[right] - height[left]) / (times[right] - times[left])))

    def _pauses(self, heard: Conversation, side: Side, phrases: Sequence[Phrase]) -> Measurement:
        """Pauses inside the side's own turns, a minute of those turns; the longest stand first."""
        name = f"pauses_per_minute{suffix(side)}"
        other = heard.line.speech["customer" if side == "rep" else "rep"]
        floors = heard.line.by(side)
        held = sum(floor.span.duration for floor in floors)
        if held <= EPS or not phrases:
            return Measurement(name, None, reason=TOO_LITTLE)
        spoken = [*(phrase.span for phrase in phrases), *other, *heard.others]
        quiet = [gap for floor in floors for gap in without([floor.span], spoken) if self._inside(gap, floor.span)]
        moments = [
            Evidence(gap.start, gap.end, NOTES[heard.language]["pause"].format(seconds(gap.duration, heard.language)))
            for gap in first(quiet, key=lambda gap: -round(gap.duration, 6))
        ]
        return heard.say(name, 60 * len(quiet) / held, len(quiet), moments)

    def _inside(self, gap: Span, floor: Span) -> bool:
        """Long enough, and not the silence before the first or after the last sound of the turn."""
        return gap.duration > self.pause + EPS and floor.start + EPS < gap.start and gap.end < floor.end - EPS


def _frames(span: Span, step: Seconds, count: int) -> slice:
    return slice(min(count, round(span.start / step)), min(count, round(span.end / step)))


def _runs(loud: NDArray[np.bool_], frames: slice, longest: int) -> list[slice]:
    """Stretches of sound inside the frames, gaps of up to ``longest`` frames closed."""
    where = np.flatnonzero(loud[frames]) + frames.start
    if not len(where):
        return []
    breaks = np.flatnonzero(np.diff(where) > longest + 1)
    starts, ends = np.concatenate([[0], breaks + 1]), np.concatenate([breaks, [len(where) - 1]])
    return [slice(int(where[a]), int(where[b]) + 1) for a, b in zip(starts, ends, strict=True)]


def _phrase(frames: slice, step: Seconds, height: Array, level: Array) -> Phrase:
    times = (np.arange(frames.start, frames.stop) + 0.5) * step
    span = Span(round(frames.start * step, 6), round(frames.stop * step, 6))
    return Phrase(span, times, height[frames], level[frames])


def _spread(height: Array) -> float:
    """Standard deviation in semitones."""
    return float(height.std())


def _flattest(heard: Conversation, phrases: Sequence[Phrase]) -> list[Evidence]:
    """The phrases of a second of voice or more that move least."""
    long = [(_spread(p.voiced), p.span) for p in phrases if p.span.duration >= 1.0 and len(p.voiced) >= FEWEST_FRAMES]
    note = NOTES[heard.language]["spread"]
    return [
        Evidence(at.start, at.end, note.format(decimal(value, heard.language)))
        for value, at in first(long, key=lambda pair: round(pair[0], 6))
    ]


def _extremes(heard: Conversation, phrases: Sequence[Phrase], mean: float) -> list[Evidence]:
    """The quietest and the loudest phrase."""
    long = [(float(p.loudness.mean()) - mean, p.span) for p in phrases if len(p.loudness) >= FEWEST_FRAMES]
    ordered = sorted(long, key=lambda pair: (round(pair[0], 6), pair[1]))
    ends = ordered[:1] + ordered[1:][-1:]
    return [Evidence(at.start, at.end, _signed(heard, "loudness", value, lambda x: f"{x:+.1f}")) for value, at in ends]


def _signed(heard: Conversation, key: str, value: float, shown: Callable[[float], str]) -> str:
    text = shown(value).replace("-", "−")
    return NOTES[heard.language][key].format(text.replace(".", ",") if heard.language == "ru" else text)


def _declared(side: Side) -> tuple[Measure, ...]:
    (en, ru), end = LABELS[side], suffix(side)
    return (
        Measure(f"pitch_spread{end}", "st", f"{en} pitch spread", f"Размах высоты голоса {ru}"),
        Measure(f"phrase_end_slope{end}", "st/s", f"{en} pitch at phrase ends", f"Тон {ru} в конце фраз"),
        Measure(f"loudness_range{end}", "dB", f"{en} loudness range", f"Размах громкости {ru}"),
        Measure(f"pauses_per_minute{end}", "1/min", f"{en} pauses a minute", f"Паузы {ru} в минуту"),
    )
