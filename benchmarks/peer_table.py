"""What benchmarks/peers.py measured, as figures: a document for JSON and a table to read."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import reduce
from operator import add
from statistics import fmean, median, quantiles
from typing import TYPE_CHECKING, Any

from machine import Taken

from callqa import evaluation
from callqa.speech import Party
from callqa.speech.listen import Spoken
from callqa.truth import Truth
from callqa.types import Word, covered

if TYPE_CHECKING:
    from peers import Measured

SIDES = ("rep", "customer", "ivr")


def document(measured: Sequence[Measured], calls: Sequence[Truth]) -> dict[str, Any]:
    """Every figure of every peer; ``calls`` are those of all rounds, one after the other."""
    sums = {
        "calls": len(calls),
        "call_seconds": sum(call.duration for call in calls),
        "channel_seconds": sum(call.duration * (2 if call.layout == "stereo" else 1) for call in calls),
        "speech_seconds": sum(
            covered(turn.span for turn in call.turns if turn.side == side) for call in calls for side in SIDES
        ),
    }
    truths = {call.id: call for call in calls}
    first = next((one for one in measured if one.rounds), None)
    return {"work": sums, "peers": {str(one.spec): _figures(one, first, sums, truths) for one in measured}}


def _figures(
    one: Measured, first: Measured | None, sums: Mapping[str, float], truths: Mapping[str, Truth]
) -> dict[str, Any]:
    if one.problem or first is None:
        return {"problem": one.problem}
    taken = reduce(add, one.rounds, Taken())
    pairs = list(zip(one.rounds, first.rounds, strict=False))
    ratios = [mine.seconds / other.seconds for mine, other in pairs]
    waits = one.seconds if len(one.seconds) > 1 else one.seconds * 2
    return {
        "about": {**one.about, "load_seconds": round(one.load, 2)},
        "seconds": round(taken.seconds, 2),
        "calls_per_hour": round(3600 * sums["calls"] / taken.seconds),
        **{
            name: round(sums[f"{name[:-2]}_seconds"] / taken.seconds, 2) for name in ("call_x", "channel_x", "speech_x")
        },
        "p50": round(median(waits), 2),
        "p95": round(quantiles(waits, n=20, method="inclusive")[-1], 2),
        "peak_mb": round(taken.peak / 2**20),
        "growth": None if taken.growth is None else round(taken.growth, 3),
        "call_x_per_core": round(sums["call_seconds"] / max(1e-9, taken.cpu), 2),
        "cores_busy": round(taken.cpu / taken.seconds, 2),
        "cores_of_others": round(taken.others / taken.seconds, 2),
        "gpu_busy": taken.gpu_share,
        **_errors(one, truths),
        "first_is": round(median(ratios), 3),
        "first_is_per_core": round(median(mine.cpu / other.cpu for mine, other in pairs), 3),
        "first_is_by_round": [round(ratio, 3) for ratio in ratios],
        "memory": [(at, round(size / 2**20)) for at, size in taken.memory],
    }


def _errors(one: Measured, truths: Mapping[str, Truth]) -> dict[str, Any]:
    """WER by language, words heard where nobody speaks, mean DER where speakers are told."""
    counted: dict[str, tuple[int, int]] = {}
    invented, ders, alone = 0, [], 0.0
    failed = [key for key, call in truths.items() if call.turns and key not in one.results]
    for key, call in truths.items():
        result = one.results.get(key, {"segments": []})  # a call that failed is a call of which no word was heard
        said, wrong = _counted(call, result, one.spec.mixes)
        if not said:
            invented += wrong
        before = counted.get(call.language, (0, 0))
        counted[call.language] = (before[0] + said, before[1] + wrong)
        if result.get("der") is not None:
            ders.append(float(result["der"]))  # type: ignore[arg-type]
        alone += float(result.get("transcriber", 0.0))  # type: ignore[arg-type]
    return {
        **{f"wer_{code}": round(wrong / said, 4) for code, (said, wrong) in sorted(counted.items()) if said},
        "failed": len(failed),
        "invented_words": invented,
        "der": round(fmean(ders), 4) if ders else None,
        "transcriber_seconds": round(alone, 2) or None,
    }


def _counted(call: Truth, result: Mapping[str, Any], mixed: bool) -> tuple[int, int]:
    """(words said, errors) of a call."""
    if "segments" not in result:
        return result["words"], result["errors"]
    parties = tuple(
        Party(channel, (), tuple(Word(text, start, end) for start, end, said in segments for text in said.split()))
        for channel, segments in enumerate(result["segments"])
    )
    layout: Any = "mono" if mixed or call.layout == "mono" else "stereo"
    return evaluation.word_errors(call, Spoken(call.language, layout, "", 1.0, parties))


COLUMNS = (
    ("calls/h", "calls_per_hour", "{:.0f}"),
    ("call x", "call_x", "{:.1f}"),
    ("channel x", "channel_x", "{:.1f}"),
    ("speech x", "speech_x", "{:.1f}"),
    ("call x/core", "call_x_per_core", "{:.1f}"),
    ("failed", "failed", "{:.0f}"),
    ("p50 s", "p50", "{:.1f}"),
    ("p95 s", "p95", "{:.1f}"),
    ("peak MB", "peak_mb", "{:.0f}"),
    ("growth", "growth", "{:+.1%}"),
    ("cores", "cores_busy", "{:.2f}"),
    ("others", "cores_of_others", "{:.2f}"),
    ("GPU", "gpu_busy", "{:.0%}"),
    ("WER ru", "wer_ru", "{:.1%}"),
    ("WER en", "wer_en", "{:.1%}"),
    ("DER", "der", "{:.1%}"),
    ("{} is", "first_is", "{:.2f} x"),
    ("by core", "first_is_per_core", "{:.2f} x"),
)


def text(told: Mapping[str, Any]) -> str:
    """The table, what was worked on above it."""
    work, peers = told["work"], told["peers"]
    first = next((name for name, figures in peers.items() if "seconds" in figures), "-")
    rows = [["peer", *(title.format(first) for title, _, _ in COLUMNS)]]
    for name, figures in peers.items():
        shown = [(figures.get(key), form) for _, key, form in COLUMNS]
        rows.append([name, *("-" if value is None else form.format(value) for value, form in shown)])
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = ["  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)) for row in rows]
    about = (
        f"{work['calls']} calls, {work['call_seconds']:.0f} s of calls, {work['channel_seconds']:.0f} s of channels, "
    )
    about += f"{work['speech_seconds']:.0f} s of speech; {told['hardware']}"
    problems = [f"{name}: {figures['problem']}" for name, figures in peers.items() if figures.get("problem")]
    return "\n".join([about, *lines, *problems])
