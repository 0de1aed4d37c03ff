"""The report page of one call: what a coach reads, hears and prints."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from callqa.reports import charts
from callqa.reports.losses import Lost, goods, losses
from callqa.reports.measures import MOMENTS, groups, phrases
from callqa.reports.numbers import Band
from callqa.reports.render import render
from callqa.reports.view import Moment, View
from callqa.scoring import GAMING, Rule
from callqa.speech.transfers import main_rep, reps
from callqa.types import Language, Measure, Scored, Seconds, Span, joined

SEEN = 0.2  # seconds: a shorter overlap is no wider than a hair on any screen
WIDTHS = (1180, 366)  # px: a desk's and a phone's timeline; the style sheet shows the one that fits


@dataclass(frozen=True, slots=True)
class Aside:
    """Something that is not conversation, or words that were thrown away, with its moment."""

    what: str
    start: Seconds
    end: Seconds
    text: str
    href: str


def html(
    scored: Scored,
    catalogue: Mapping[str, Measure],
    bands: Mapping[str, Band],
    language: Language,
    audio: str,
    rules: Sequence[Rule] = (),
) -> str:
    """One self-contained page. ``audio`` is the sound's address from the page or a data: URI, "" where there is none.

    ``bands`` by measure name for the call's type; the scorecard's ``rules`` bring blocks and advice.
    """
    view, card = View(scored, catalogue, bands, language, rules), scored.scorecard
    lost = losses(view)
    marks = _marks(view, lost)
    said, unsaid = phrases(view)
    scored_groups, others = groups(view)
    return render(
        "call.html",
        language,
        call=scored.call,
        card=card,
        audio=audio,
        name=Path(scored.call.recording.path).name,
        level=charts.level(card.score),
        lost=lost,
        taken=0.0 if card.score is None else round(100 - card.score, 2),
        good=goods(view),
        groups=scored_groups,
        others=others,
        phrases=said,
        unsaid=unsaid,
        lines=view.lines,
        marks=marks,
        phases=list(dict.fromkeys(name for name, _ in marks.phases)),
        timelines=_timelines(view, marks),
        blocks=charts.blocks(card.blocks, language, 400) if card.blocks else None,
        asides=_asides(view),
        dropped=_dropped(view),
        flags=_flags(view),
        gamed=_gamed(view),
        notices=_notices(view),
        view=view,
    )


def _marks(view: View, lost: Sequence[Lost]) -> charts.Marks:
    call = view.scored.call
    turns, asked = call.transcript.turns, view.scored.measures.get("questions")
    speech = view.timeline.speech
    lanes: dict[str, Sequence[Span]] = {"rep": speech["rep"], "customer": speech["customer"]}
    if unknown := joined((t.span for t in turns if t.side == "unknown"), 0.3):
        lanes["unknown"] = unknown
    return charts.Marks(
        lanes=lanes,
        overlaps=[span for span in view.timeline.overlap if span.duration >= SEEN],
        silences=view.silences,
        others=joined([e.span for e in call.transcript.events] + [t.span for t in turns if t.side == "ivr"], 0.3),
        questions=[e.start for e in asked.evidence] if asked else [],
        lost=[(item.moment.start, item.number) for item in lost if item.moment],
        phases=_phases(view),
    )


def _phases(view: View) -> list[tuple[str, Span]]:
    """The stretches of each phase of the call, in order of time."""
    found = [
        (name.removeprefix("phase."), e.span)
        for name, m in view.scored.measures.items()
        if name.startswith("phase.")
        for e in m.evidence
    ]
    return sorted(found, key=lambda pair: pair[1])


def _timelines(view: View, marks: charts.Marks) -> list[charts.Picture]:
    duration = view.scored.call.recording.duration
    pictures = [charts.timeline(marks, duration, view.language, width) for width in WIDTHS]
    return [charts.Picture(_linked(view, p.svg), p.left, p.right) for p in pictures]


def _linked(view: View, svg: str) -> str:
    """Every mark leads to its row of the transcript where there are no scripts."""
    return re.sub(r'href="#t=([\d.]+)"', lambda found: f'href="{view.href(float(found[1]))}"', svg)


def _asides(view: View) -> list[Aside]:
    """Ring-back, hold music and machines that speak, in order of time."""
    found = []
    for row in view.lines:
        if row.side == "ivr":
            found.append(Aside(view.texts.told("sound", "ivr"), row.start, row.end, row.text, f"#{row.id}"))
        elif row.what and row.what != "silence":
            found.append(Aside(view.texts.told("sound", row.what), row.start, row.end, "", f"#{row.id}"))
    return found


def _dropped(view: View) -> list[Aside]:
    return [
        Aside(view.texts.told("dropped_reason", d.reason), d.start, d.end, d.text, view.href(d.start))
        for d in view.scored.call.transcript.dropped
    ]


def _notices(view: View) -> list[str]:
    """What a reader must know before any figure: several reps, no sound, words without times."""
    call, told = view.scored.call, []
    if names := reps(call.transcript):
        main = main_rep(call.transcript)
        first = view.numbers.clock(min(t.start for t in call.transcript.turns if t.speaker == main))
        told.append(view.texts.ui("transfer", n=str(len(names)), which=str(names.index(main) + 1), time=first))
    if not call.recording.channels:
        told.append(view.texts.ui("imported", format=call.recording.codec))
    if call.transcript.word_times == "spread":
        told.append(view.texts.ui("spread"))
    return told


def _flags(view: View) -> list[str]:
    """Fatal criteria that were hit, by what they watch over."""
    watched = {p.rule: p.measure for p in view.scored.scorecard.points_lost}
    flags = view.scored.scorecard.flags
    return [view.label(watched.get(flag, flag)) for flag in flags if not flag.startswith(GAMING)]


def _gamed(view: View) -> list[tuple[str, list[Moment]]]:
    """What was said for the score alone, with its moments."""
    measures = view.scored.measures
    names = [flag for flag in view.scored.scorecard.flags if flag.startswith(GAMING)]
    return [(view.label(name), [view.moment(e) for e in measures[name].evidence[:MOMENTS]]) for name in names]
