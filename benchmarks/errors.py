"""How often recogniser and diarizer err on labelled calls: the rates and margins of configs/errors.toml.

    python benchmarks/errors.py sample_audio ../shared/calls > configs/errors.toml
    python benchmarks/errors.py sample_audio ../shared/calls --store sqlite:////tmp/heard.db   # nothing heard twice
    python benchmarks/errors.py sample_audio --test ../shared/calls   # measured on one folder, tried on the other

The rates come first, from the edges, pieces, words and marks of truth and transcript laid side by side; then, with
those rates, how far beyond their interval the true figures lie: the margins.
"""

from __future__ import annotations

import argparse
import math
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from statistics import fmean, median, stdev

from callqa import api, truth
from callqa.engines import Done
from callqa.evaluation import inside, plain, true_values
from callqa.intervals import HEADLINES, SCORE, SIDES, Edge, Errors, Margin, Rates
from callqa.lemmas import read
from callqa.parts import Parts
from callqa.trust import doubted
from callqa.types import Scored, Side, Span, Turn, Word, covered, joined

BINS = (0.5, 0.7, 0.85, 0.95, 1.01)
SHORT = 1.0
GAP = 0.3
FAR = 0.5  # an edge further off than this belongs to another piece of speech
# figures whose errors grow with them; those of the others are in the measure's own unit
BY_SHARE = (
    "longest_monologue", "longest_customer_story", "silence_share", "switches_per_minute", "patience", "question_yield",
    "speech_rate",
)  # fmt: skip
Pair = tuple[truth.Truth, Scored]


@dataclass
class Seen:
    """What was counted in the calls of one language and layout."""

    minutes: float = 0.0
    starts: list[float] = field(default_factory=list)
    ends: list[float] = field(default_factory=list)
    stretches: list[float] = field(default_factory=list)
    counts: dict[str, int] = field(default_factory=lambda: defaultdict(int))

    def __add__(self, other: Seen) -> Seen:
        counts: dict[str, int] = defaultdict(int)
        for one in (self.counts, other.counts):
            for name, n in one.items():
                counts[name] += n
        return Seen(
            self.minutes + other.minutes,
            self.starts + other.starts,
            self.ends + other.ends,
            self.stretches + other.stretches,
            counts,
        )

    def share(self, part: str, whole: str) -> float:
        """One of each is added: what did not happen in a few calls may happen in the next."""
        return round((self.counts[part] + 0.5) / (self.counts[whole] + 1), 4)

    def rates(self, wide: Seen) -> Rates:
        """``wide``: the calls of all layouts, for what is rare."""
        return Rates(
            start=_edge(self.starts),
            end=_edge(self.ends),
            stretch=_edge(wide.stretches),
            missed=round(wide.counts["missed"] / wide.minutes, 4),
            false=wide.share("false", "short_heard"),
            flipped=self.share("flipped", "short_heard") if self.counts["mono"] else 0.0,
            deleted=self.share("deleted", "said"),
            inserted=wide.share("inserted", "wrong"),
            asked=self.share("asked", "unmarked"),
            unasked=wide.share("unasked", "marked"),
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path)
    parser.add_argument("--store", default="sqlite://")
    parser.add_argument("--test", type=Path)
    options = parser.parse_args()
    with api.team(None, options.store) as team:
        errors = measured(team.parts, [pair for folder in options.folders for pair in pairs(team, folder)])
        if options.test is None:
            print("\n".join(toml(errors, options.folders)))
            return
        found: dict[str, list[bool]] = defaultdict(list)
        for said, scored in pairs(team, options.test):
            for name, within in inside(said, doubting(team.parts, scored, errors), team.parts).items():
                found[name].append(within)
    for name in (n for n in HEADLINES if n in found):
        print(f"{name:24} {sum(found[name])}/{len(found[name])}")
    print(f"{'all':24} {sum(map(sum, found.values()))}/{sum(map(len, found.values()))}")


def pairs(team: api.Team, folder: Path) -> Iterator[Pair]:
    """The labelled calls of a folder and what callqa made of them, conversations only."""
    said = {t.audio.absolute(): t for t in team.labelled(folder)}
    table = folder / "calls.csv"
    for outcome in team.score(team.jobs(sorted(said), table if table.is_file() else None).items):
        if isinstance(outcome, Done) and outcome.value.scorecard.eligible:
            yield said[outcome.item.path], outcome.value


def doubting(parts: Parts, scored: Scored, errors: Errors) -> Scored:
    """The call with the intervals that these errors give."""
    card = parts.cards[scored.call.transcript.language]
    found = doubted(scored.call, scored.measures, scored.scorecard, card, parts.analysers, errors)
    return replace(scored, doubt=found)


def measured(parts: Parts, known: Sequence[Pair]) -> Errors:
    """Rates, then the margins of the measures, then that of the score, which has the others in it."""
    errors = rated(known)
    for names in (set(HEADLINES) - {SCORE}, {SCORE}):
        beyond: dict[str, list[tuple[float, float]]] = defaultdict(list)
        for said, scored in known:
            true = true_values(said, scored, parts)
            for name, (low, high) in doubting(parts, scored, errors).doubt.intervals.items():
                if name in names and true.get(name) is not None:
                    value = scored.scorecard.score if name == SCORE else scored.measures[name].value
                    unit = abs(value or 1.0) if name in BY_SHARE else 1.0
                    beyond[name].append(((low - true[name]) / unit, (true[name] - high) / unit))
        margins = {name: margin(name, rows) for name, rows in beyond.items()}
        errors = replace(errors, margins={**errors.margins, **{n: m for n, m in margins.items() if m != Margin()}})
    return errors


def margin(name: str, beyond: Sequence[tuple[float, float]]) -> Margin:
    """How far the true figures lie beyond, one call in twenty left out on either side."""
    left_out = len(beyond) // 20
    below, above = (_up(max(0.0, sorted(side, reverse=True)[left_out])) for side in zip(*beyond, strict=True))
    return Margin(0, 0, below, above) if name in BY_SHARE else Margin(below, above)


def _up(value: float) -> float:
    """Four decimals, rounded up: the true figure a margin was measured on lies inside it."""
    return math.ceil(value * 10_000 - 1e-6) / 10_000


def rated(known: Sequence[Pair]) -> Errors:
    """The rates of each language and layout, and of words by confidence."""
    seen: dict[str, dict[str, Seen]] = defaultdict(lambda: defaultdict(Seen))
    words: list[tuple[float, bool]] = []
    for said, scored in known:
        mine = Seen(minutes=said.duration / 60)
        for side in SIDES:
            laid_beside(mine, said, scored, side)
            words += spelled(mine, said, scored, side)
        mine.counts["mono"] += scored.call.transcript.layout == "mono"
        seen[said.language][scored.call.transcript.layout] += mine
    bounds = list(zip((0.0, *BINS[:-1]), BINS, strict=True))
    inside = [[wrong for confidence, wrong in words if low <= confidence < high] for low, high in bounds]
    rates = {
        language: {layout: one.rates(sum(layouts.values(), Seen())) for layout, one in sorted(layouts.items())}
        for language, layouts in sorted(seen.items())
    }
    return Errors(BINS, tuple(round(fmean(one), 4) for one in inside), rates, short=SHORT)


def laid_beside(seen: Seen, said: truth.Truth, scored: Scored, side: Side) -> None:
    """Edges of pieces that are one in both, and short pieces of one that are not in the other."""
    true, heard = (pieces(turns, side) for turns in (said.turns, scored.call.transcript.turns))
    others = joined(t.span for t in said.turns if t.side in SIDES and t.side != side)
    if not true or not heard:
        return
    seen.stretches.append(covered(true) / covered(heard) - 1)
    for piece in heard:
        same = [p for p in true if p & piece]
        if len(same) == 1 and sum(bool(p & same[0]) for p in heard) == 1:
            seen.starts.append(same[0].start - piece.start)
            seen.ends.append(same[0].end - piece.end)
        if piece.duration <= SHORT:
            own, other = shared(piece, true), shared(piece, others)
            seen.counts["short_heard"] += 1
            seen.counts["flipped"] += own < 0.3 and other > 0.7
            seen.counts["false"] += own < 0.3 and other <= 0.7
    seen.counts["missed"] += sum(p.duration <= SHORT and shared(p, heard) < 0.3 for p in true)


def spelled(seen: Seen, said: truth.Truth, scored: Scored, side: Side) -> Iterator[tuple[float, bool]]:
    """(confidence, whether it is another word) of each word heard; losses and question marks are counted."""
    import jiwer

    true, heard = (wordy(turns, side) for turns in (said.turns, scored.call.transcript.turns))
    seen.counts["said"] += len(true)
    if not true or not heard:
        return
    texts = (" ".join(bare(word) for word in words) for words in (true, heard))
    for chunk in jiwer.process_words(*texts).alignments[0]:
        mine = heard[chunk.hyp_start_idx : chunk.hyp_end_idx]
        theirs = true[chunk.ref_start_idx : chunk.ref_end_idx]
        seen.counts["deleted"] += len(theirs) if chunk.type == "delete" else 0
        for i, word in enumerate(mine):
            wrong = chunk.type == "insert" or not same_word(theirs[i], word, said.language)
            seen.counts["wrong"] += wrong
            seen.counts["inserted"] += chunk.type == "insert"
            yield word.confidence, wrong
            if chunk.type != "insert" and side == "rep":
                mark(seen, theirs[i].text, word.text)


def mark(seen: Seen, true: str, heard: str) -> None:
    asks = "?" in true
    if "?" in heard:
        seen.counts["marked"] += 1
        seen.counts["unasked"] += not asks
    elif heard.endswith((".", "!", "…")):
        seen.counts["unmarked"] += 1
        seen.counts["asked"] += asks


def pieces(turns: Iterable[Turn], side: Side) -> tuple[Span, ...]:
    return joined((t.span for t in turns if t.side == side), GAP)


def shared(piece: Span, others: Iterable[Span]) -> float:
    return sum(both.duration for other in others if (both := piece & other)) / max(piece.duration, 1e-6)


def wordy(turns: Iterable[Turn], side: Side) -> list[Word]:
    ordered = sorted((t for t in turns if t.side == side), key=lambda t: t.start)
    return [word for turn in ordered for word in turn.words if bare(word)]


def bare(word: Word) -> str:
    return plain(word.text).replace(" ", "")


def same_word(true: Word, heard: Word, language: str) -> bool:
    """Whether lists would take them for one: the same dictionary form."""
    if bare(true) == bare(heard):
        return True
    (first, _), (second, _) = (read(bare(word), language) for word in (true, heard))  # type: ignore[arg-type]
    return not first.isdisjoint(second)


def _edge(values: Sequence[float]) -> Edge:
    """Mean and deviation of those within FAR of each other's middle."""
    middle = median(values)
    near = [value for value in values if abs(value - middle) <= FAR]
    return Edge(round(fmean(near), 4), round(stdev(near), 4))


def toml(errors: Errors, folders: Sequence[Path]) -> Iterator[str]:
    """The settings file."""
    names = " ".join(map(str, folders))
    yield "# How often recogniser and diarizer err, and what that leaves open; see docs/measures/trust.md."
    yield f"# Measured with the shipped weights by: python benchmarks/errors.py {names}"
    yield f"draws = {errors.draws}"
    yield f"level = {errors.level}"
    yield f"short = {errors.short}"
    yield f"spread = {errors.spread}"
    yield f"confidence = {list(errors.confidence)}"
    yield f"wrong = {list(errors.wrong)}"
    for language, layouts in errors.rates.items():
        for layout, rates in layouts.items():
            yield f"\n[rates.{language}.{layout}]"
            for one in fields(rates):
                value = getattr(rates, one.name)
                shown = f"{{ bias = {value.bias}, spread = {value.spread} }}" if isinstance(value, Edge) else value
                yield f"{one.name} = {shown}"
    yield "\n[margins]"
    for name, one in errors.margins.items():
        kept = {f.name: v for f in fields(one) if (v := getattr(one, f.name))}
        yield f"{name} = {{ {', '.join(f'{key} = {value}' for key, value in kept.items())} }}"


if __name__ == "__main__":
    main()
