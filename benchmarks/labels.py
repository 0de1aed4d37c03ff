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
from dataclasses import replace
from functools import cache
from pathlib import Path

from callqa import labels, truth
from callqa.analysers import Analyser
from callqa.analysers.objections import Objection, Objections
from callqa.analysers.registry import make
from callqa.config import find_settings
from callqa.engines import Done
from callqa.evaluation import Found
from callqa.types import Call, Measurement, Metadata, Recording

USED = ("dynamics", "questions", "script", "trackers", "objections", "next_step", "phases", "sentiment")


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
        true = labels.read(path)
        assert true is not None, f"{path}: no labels"
        for kind, verdict, what in labels.judged(true, measures, objections):
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


def figures(found: Found) -> str:
    shown = {name: "-" if rate is None else f"{rate:.2f}" for name, rate in found.rates().items()}
    return "  ".join(f"{name} {rate}" for name, rate in shown.items()) + f"  ({found.hits + found.missed} true)"


if __name__ == "__main__":
    main()
