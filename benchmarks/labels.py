"""How well script stages, forbidden phrases, objections and next steps are found, against labelled calls.

    python benchmarks/labels.py ../shared/calls            # on the true words
    python benchmarks/labels.py ../shared/calls --heard    # on what the recogniser heard (needs the weights)
    python benchmarks/labels.py ../shared/calls --plain    # on the true words without punctuation and capitals

Prints precision, recall and F1 by kind, and every miss and false find with ``--verbose``. Stages and next steps are
counted by call, forbidden phrases by turn, objections by turn and kind; "handled" among the objections found; "phases"
by labelled rep turn, in the phase in which most of it lies; "mood" by call: the sign of the customer's sentiment in the
first third where the label of the start is no neutral one, and in the last third likewise.
"""

from __future__ import annotations

import argparse
import re
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import cache
from pathlib import Path

import msgspec

from callqa import truth
from callqa.analysers import Analyser
from callqa.analysers.objections import Objection, Objections
from callqa.analysers.registry import make
from callqa.config import find_settings
from callqa.engines import Done
from callqa.evaluation import Found
from callqa.types import Call, Measurement, Metadata, Recording, Span, covered, overlaps

USED = ("script", "trackers", "objections", "next_step", "phases", "sentiment")
KINDS = ("price", "competitor", "timing", "authority", "need")
STEPS = {
    "greeting": ("greeting", "introduction"),
    "permission": ("permission", "agenda"),
    "needs": ("needs", "qualification"),
    "presentation": ("presentation",),
    "objection": ("objections",),
    "next_step": ("next_step",),
    "closing": ("closing",),
}
PHASES = {
    "greeting": "opening",
    "permission": "opening",
    "needs": "needs",
    "presentation": "presentation",
    "objection": "objections",
    "next_step": "close",
    "closing": "close",
}
MOODS = {"positive": 1, "calmer": 1, "negative": -1, "upset": -1, "angry": -1, "bored": -1}


@dataclass(frozen=True)
class Labels:
    """What a truth file says: stages, next step, moods, and by turn forbidden phrases, objections, phases."""

    stages: frozenset[str]
    next_step: bool
    conversation: bool
    forbidden: tuple[Span, ...]
    objections: tuple[tuple[Span, str, bool], ...]
    phases: tuple[tuple[Span, str], ...]
    moods: dict[str, str]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--heard", action="store_true")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--verbose", action="store_true")
    options = parser.parse_args()
    counted = tally(options.folder, options.heard, options.plain, options.verbose)
    for kind in sorted(counted):
        print(f"{kind:12} {figures(counted[kind])}")


def tally(folder: Path, heard: bool = False, plain: bool = False, verbose: bool = False) -> dict[str, Found]:
    """Hits, false finds and misses by kind over the labelled calls of a folder."""
    counted: dict[str, Found] = defaultdict(Found)
    for path, call in calls(folder, heard, plain):
        measures, objections = measured(call)
        for kind, verdict, what in judged(labels(path), measures, objections):
            counted[kind] += Found(**{verdict: 1})
            if verbose and verdict != "hits":
                print(f"{path.stem:28} {kind:12} {verdict:7} {what}")
    return counted


def calls(folder: Path, heard: bool, plain: bool) -> Iterator[tuple[Path, Call]]:
    """The labelled calls as they were said, or as callqa hears them."""
    if heard:
        from callqa import api  # the recogniser and its weights are needed for this alone

        with api.team(None, "sqlite://") as team:
            jobs = team.jobs([truth.read(path).audio for path in truth.find(folder)], folder / "calls.csv").items
            for outcome in team.score(jobs):
                if isinstance(outcome, Done):
                    yield folder / f"{outcome.item.path.stem}.json", outcome.value.call
        return
    for path in truth.find(folder):
        said = truth.read(path)
        call = said.call(Recording(said.id, said.audio.name, said.id, said.duration, 8000, 2, ""), Metadata(path.name))
        yield path, stripped(call) if plain else call


def stripped(call: Call) -> Call:
    """The call with its words in lower case and without marks: the worst that a recogniser leaves of punctuation."""
    turns = tuple(
        replace(turn, words=tuple(replace(w, text=re.sub(r"[^\w\s'-]", "", w.text).lower()) for w in turn.words))
        for turn in call.transcript.turns
    )
    return replace(call, transcript=replace(call.transcript, turns=turns))


def measured(call: Call) -> tuple[dict[str, Measurement], list[Objection]]:
    analysers = shipped()
    found = next(one for one in analysers if isinstance(one, Objections)).found(call)
    return {m.name: m for analyser in analysers for m in analyser.analyse(call)}, found


@cache
def shipped() -> tuple[Analyser, ...]:
    settings = find_settings()
    return make([choice for choice in settings.analysers if choice.use in USED], settings.path)


def labels(path: Path) -> Labels:
    raw = msgspec.json.decode(path.read_bytes())
    spans = [Span(turn["start"], turn["end"]) for turn in raw["turns"]]
    forbidden = {found["turn"] for found in raw["labels"]["forbidden_used"]}
    return Labels(
        frozenset(raw["labels"]["stages_present"]),
        bool(raw["labels"]["next_step_agreed"]),
        bool(raw["labels"]["conversation"]),
        tuple(span for i, span in enumerate(spans) if i in forbidden),
        tuple(
            (span, turn["objection"], bool(turn.get("objection_handled")))
            for span, turn in zip(spans, raw["turns"], strict=True)
            if turn.get("objection")
        ),
        tuple(
            (span, PHASES[turn["stage"]])
            for span, turn in zip(spans, raw["turns"], strict=True)
            if turn.get("stage") and turn["speaker"] == "rep"
        ),
        {third: raw["labels"][f"customer_mood_{edge}"] for third, edge in (("first", "start"), ("last", "end"))},
    )


def judged(true: Labels, found: dict[str, Measurement], objections: list[Objection]) -> Iterator[tuple[str, str, str]]:
    """(what, "hits" | "false" | "missed", which) for every label and every find."""
    for stage, steps in STEPS.items():
        done = any(found[f"script.{step}"].value == 1 for step in steps)
        yield from verdicts("stages", stage in true.stages, done, stage)
    if true.conversation:
        yield from verdicts("next_step", true.next_step, found["next_step"].value == 1, "next_step")
        yield from phases(true.phases, found)
        yield from moods(true.moods, found)
    forbidden = found["forbidden_phrases"].evidence
    yield from turns("forbidden", list(true.forbidden), [(e.span, e.note) for e in forbidden])
    for kind in KINDS:
        labelled = [(span, done) for span, name, done in true.objections if name == kind]
        mine = [o for o in objections if o.kind == kind]
        yield from turns("objections", [s for s, _ in labelled], [(o.moment.span, kind) for o in mine])
        for span, done in labelled:
            if pair := next((o for o in mine if o.moment.span & span), None):
                yield from verdicts("handled", done, pair.handled, f"{kind} at {span.start:.0f} s")


def phases(true: tuple[tuple[Span, str], ...], found: dict[str, Measurement]) -> Iterator[tuple[str, str, str]]:
    """Each labelled turn: found in its phase, or missed there and false elsewhere."""
    stretches = {name: [e.span for e in found[f"phase.{name}"].evidence] for name in dict.fromkeys(PHASES.values())}
    for span, phase in true:
        mine = max(stretches, key=lambda name: covered(overlaps([span], stretches[name])))
        for verdict in ("hits",) if mine == phase else ("missed", "false"):
            yield "phases", verdict, f"at {span.start:.0f} s: {phase}, found {mine}"


def moods(true: dict[str, str], found: dict[str, Measurement]) -> Iterator[tuple[str, str, str]]:
    """Each label that says good or bad: met by the sign of that third, or missed and false."""
    for third, mood in true.items():
        value = found[f"sentiment_{third}_customer"].value or 0.0
        if sign := MOODS.get(mood):
            for verdict in ("hits",) if value * sign > 0 else ("missed", "false"):
                yield "mood", verdict, f"{third} third: {mood}, found {value:.2f}"


def verdicts(kind: str, true: bool, found: bool, which: str) -> Iterator[tuple[str, str, str]]:
    if true or found:
        yield kind, "hits" if true and found else "missed" if true else "false", which


def turns(kind: str, true: list[Span], found: list[tuple[Span, str]]) -> Iterator[tuple[str, str, str]]:
    """Labels and finds that share a moment; a second find in a labelled turn is no error."""
    for span in true:
        yield kind, "hits" if any(span & other for other, _ in found) else "missed", f"at {span.start:.0f} s"
    for span, note in found:
        if not any(span & other for other in true):
            yield kind, "false", f"at {span.start:.0f} s: {note}"


def figures(found: Found) -> str:
    shown = {name: "-" if rate is None else f"{rate:.2f}" for name, rate in found.rates().items()}
    return "  ".join(f"{name} {rate}" for name, rate in shown.items()) + f"  ({found.hits + found.missed} true)"


if __name__ == "__main__":
    main()
