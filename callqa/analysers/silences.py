"""Where nobody speaks, and whose silence it is: who spoke last and who speaks next."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from callqa.analysers.conversation import Conversation, first, seconds, unmeasurable
from callqa.analysers.timeline import EPS
from callqa.types import Evidence, Language, Measure, Measurement, Seconds, Side, Span, covered

DIALECTS = {3.0: "MiiTel", 4.0: "VoiceBase"}
NOTES: dict[Language, str] = {"ru": "{0}: до паузы {1}, после {2}", "en": "{0}: {1} before, {2} after"}


@dataclass(frozen=True)
class Silences:
    """``over``: the lengths above which silences are counted, a measure each."""

    over: tuple[Seconds, ...]

    @property
    def measures(self) -> tuple[Measure, ...]:
        return (
            Measure("silence_share", "0-1", "Share of silence", "Доля тишины"),
            *(
                Measure(
                    f"silences_over_{s:g}",
                    "count",
                    f"Silences over {s:g} s",
                    f"Паузы дольше {s:g} с",
                    DIALECTS.get(s, ""),
                )
                for s in self.over
            ),
            Measure("longest_silence", "s", "Longest silence", "Самая длинная пауза"),
        )

    def measured(self, heard: Conversation) -> Iterator[Measurement]:
        if reason := heard.absent():
            yield from (unmeasurable(measure.name, reason) for measure in self.measures)
            return
        quiet = first(heard.silence, key=lambda s: -round(s.duration, 6), most=len(heard.silence))
        moments = _owned(heard, [span for span in quiet if span.duration > min(self.over) + EPS] or quiet[:1])
        yield heard.say("silence_share", covered(quiet) / heard.line.active_seconds, len(quiet), moments)
        for bound in self.over:
            long = [span for span in quiet if span.duration > bound + EPS]
            yield heard.say(f"silences_over_{bound:g}", float(len(long)), len(long), _owned(heard, long))
        yield heard.say("longest_silence", quiet[0].duration if quiet else 0.0, len(quiet), _owned(heard, quiet[:1]))


def _owned(heard: Conversation, quiet: Sequence[Span]) -> list[Evidence]:
    """The silences with their owners, in the order given."""
    voices: dict[Side, tuple[Span, ...]] = {**heard.line.speech, "unknown": heard.others}
    spoken = sorted((span, side) for side, spans in voices.items() for span in spans)
    return [
        Evidence(
            span.start,
            span.end,
            NOTES[heard.language].format(
                seconds(span.duration, heard.language),
                heard.name(_before(spoken, span)),
                heard.name(_after(spoken, span)),
            ),
        )
        for span in quiet
    ]


def _before(spoken: Sequence[tuple[Span, Side]], quiet: Span) -> Side:
    """Who spoke last; of two who stopped together, the later to begin. The active span begins and ends with speech."""
    ended = [(min(span.end, quiet.start), span.start, side) for span, side in spoken if span.start < quiet.start + EPS]
    return max(ended)[2]


def _after(spoken: Sequence[tuple[Span, Side]], quiet: Span) -> Side:
    return next(side for span, side in spoken if span.end > quiet.end - EPS)
