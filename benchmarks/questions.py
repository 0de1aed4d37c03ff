"""How well questions and their kinds are found on labelled calls: true words, with and without question marks.

    python benchmarks/questions.py ../shared/calls

A turn is asked or not; its kind is that of its last question that is no tag, as the labels name the main question of a
turn. "Without marks" reads the same words with every "?" turned into ".", as a recogniser that loses them would.
"""

from __future__ import annotations

import argparse
import json
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from callqa import truth
from callqa.analysers.asking import Asked
from callqa.analysers.conversation import Conversation
from callqa.analysers.questions import Questions
from callqa.analysers.timeline import PARTIES, Rules
from callqa.config import read_toml, shipped
from callqa.types import Metadata, Recording, Turn


@dataclass(frozen=True)
class Judged:
    """One turn: the kind its label names (None: no question) and the questions found in it."""

    call: str
    turn: Turn
    label: str | None
    found: tuple[Asked, ...]

    @property
    def kind(self) -> str | None:
        kinds = [one.kind for one in self.found]
        return next((k for k in reversed(kinds) if k not in ("tag", "rhetorical")), kinds[-1] if kinds else None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--verbose", action="store_true", help="print every turn judged wrong")
    options = parser.parse_args()
    for name, marks in (("with marks", True), ("without marks", False)):
        turns = list(judged(options.folder, marks))
        for language in ("ru", "en"):
            mine = [t for t in turns if t.call.split()[1] == language]
            print(f"{name}, {language}: {figures(mine)}")
        print(f"{name}: {figures(turns)}")
        if options.verbose:
            print("\n".join(f"  {t.call} {t.label} / {t.kind}: {t.turn.text}" for t in turns if t.label != t.kind))


def judged(folder: Path, marks: bool = True) -> Iterator[Judged]:
    """Every turn of rep and customer in the folder's labelled calls."""
    lists = shipped("configs") / "lexicons"
    questions = Questions({code: _lists(lists / code) for code in ("ru", "en")})
    for path in truth.find(folder):
        true, labels = truth.read(path), [t.get("question") for t in json.loads(path.read_text())["turns"]]
        if not marks:
            true = replace(true, turns=tuple(_unmarked(turn) for turn in true.turns))
        call = true.call(Recording(true.id, str(path), "", 0, 8000, 2, ""), Metadata(path.name))
        backchannels = frozenset(questions.lexicons[true.language]["backchannels"])
        heard = Conversation.of(call, Rules(backchannels=backchannels))
        found = [(side, one) for side in PARTIES for one in questions.asked(heard, side)]
        for turn, label in zip(true.turns, labels, strict=True):
            mine = tuple(one for side, one in found if side == turn.side and one.span & turn.span)
            if turn.side in PARTIES:
                yield Judged(f"{true.id} {true.language}", turn, label, mine)


def _lists(folder: Path) -> dict[str, object]:
    return {**read_toml(folder / "backchannels.toml"), **read_toml(folder / "questions.toml")}


def _unmarked(turn: Turn) -> Turn:
    return replace(turn, words=tuple(replace(w, text=w.text.replace("?", ".")) for w in turn.words))


def rates(turns: list[Judged]) -> dict[str, float]:
    pairs = Counter((t.label is not None, bool(t.found)) for t in turns)
    hits, false, missed = pairs[True, True], pairs[False, True], pairs[True, False]
    return {
        "precision": hits / max(1, hits + false),
        "recall": hits / max(1, hits + missed),
        "f1": 2 * hits / max(1, 2 * hits + false + missed),
    }


def kind_accuracy(turns: list[Judged]) -> float:
    """Of the labelled turns found to ask, the share with the right kind."""
    both = [t for t in turns if t.label and t.found]
    return sum(t.kind == t.label for t in both) / max(1, len(both))


def figures(turns: list[Judged]) -> str:
    shown = ", ".join(f"{name} {value:.3f}" for name, value in rates(turns).items())
    return f"{sum(t.label is not None for t in turns)} asking turns, {shown}, kind {kind_accuracy(turns):.3f}"


if __name__ == "__main__":
    main()
