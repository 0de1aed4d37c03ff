"""What commands print: progress on stderr, tables on stdout."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn
from rich.table import Table

if TYPE_CHECKING:
    from callqa.engines import Failed
    from callqa.evaluation import Result
    from callqa.pipeline import Job
    from callqa.types import Scored

REASONS = {
    "no_speech": "nobody speaks",
    "ivr_only": "only a menu speaks",
    "voicemail": "voicemail",
    "wrong_number": "a wrong number",
    "too_short": "too short for a conversation",
    "rep_silent": "the rep hardly speaks",
    "customer_silent": "the customer hardly speaks",
    "not_enough_evidence": "not enough evidence",
}


def note(text: str) -> None:
    """A line for the person at the terminal, never on stdout."""
    print(text, file=sys.stderr, flush=True)


def followed(outcomes: Iterable[Any], total: int, name: Any) -> Iterator[Any]:
    """The outcomes, with count, rate and time left on stderr: a bar on a terminal, a line an outcome elsewhere."""
    if not sys.stderr.isatty():
        yield from _lines(outcomes, total, name)
        return
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeElapsedColumn(),
        TextColumn("left"),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task("calls", total=total)
        for outcome in outcomes:
            progress.update(task, advance=1, description=name(outcome)[:40])
            yield outcome


def _lines(outcomes: Iterable[Any], total: int, name: Any) -> Iterator[Any]:
    started = time.monotonic()
    for done, outcome in enumerate(outcomes, start=1):
        passed = time.monotonic() - started
        left = passed / done * (total - done)
        note(f"[{done}/{total}] {name(outcome)}  ({done / max(passed, 0.001) * 60:.1f}/min, {left:.0f} s left)")
        yield outcome


def console() -> Console:
    # a pipe has no width of its own: wide enough that no column is cut
    return Console(soft_wrap=False) if sys.stdout.isatty() else Console(width=140)


def duration(seconds: float) -> str:
    """
    >>> duration(268.4)
    '4:28'
    """
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes}:{rest:02d}"


def score_text(scored: Scored) -> str:
    card = scored.scorecard
    return "-" if card.score is None else f"{card.score:.1f}"


def why(scored: Scored) -> str:
    """What cost most points, or why there is no score."""
    card = scored.scorecard
    if card.score is None:
        return REASONS.get(card.reason or "", card.reason or "")
    lost = [f"{p.rule} -{p.points:.1f}" for p in card.points_lost[:2]]
    return ", ".join([*card.flags, *lost])


def calls_table(scored: Sequence[Scored]) -> Table:
    """One line a call."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("Call", "Rep", "Date"):
        table.add_column(name, overflow="fold")
    for name in ("Length", "Score", "Coverage"):
        table.add_column(name, justify="right")
    table.add_column("Trust")
    table.add_column("What cost most, or why no score", overflow="fold")
    for s in scored:
        metadata = s.call.metadata
        table.add_row(
            f"{s.call.recording.id[:6]} {Path(s.call.recording.path).name}",
            metadata.rep_name or metadata.rep_id or "-",
            (metadata.started_at or "-")[:10],
            duration(s.call.recording.duration),
            score_text(s),
            f"{s.scorecard.coverage:.0%}",
            s.scorecard.trust,
            why(s),
        )
    return table


def failures(failed: Sequence[Failed[Job]]) -> None:
    """Each file that was set aside, with its reason, and the count of each reason."""
    if not failed:
        return
    note(f"\n{len(failed)} not scored:")
    for failure in failed:
        problem = failure.problem
        path = str(failure.item.path)
        note(f"  {problem if problem.startswith(path) else f'{path}: {problem}'}")
    counts = Counter(f.code for f in failed)
    note("  " + ", ".join(f"{code}: {n}" for code, n in counts.most_common()))


def eval_tables(title: str, results: Sequence[Result], overall: dict[str, Any], measures: Sequence[str]) -> list[Any]:
    """The calls, then the error of every measure."""
    calls = Table(title=title, box=None, pad_edge=False, header_style="bold", title_justify="left")
    calls.add_column("Call")
    for name in ("Lang", "Layout", "WER", "DER", "Roles", "Decided by"):
        calls.add_column(name, justify="right")
    for name in measures:
        calls.add_column(name, justify="right")
    for r in results:
        shown = [_pair(r.measures[m].truth, r.measures[m].value) if m in r.measures else "-" for m in measures]
        calls.add_row(
            r.id, r.language, r.layout, _share(r.wer), _share(r.der), _share(r.role_accuracy), r.roles_by, *shown
        )
    errors = Table(title="Error of each measure", box=None, pad_edge=False, header_style="bold", title_justify="left")
    errors.add_column("Measure")
    for name in ("calls", "mean absolute error", "bias"):
        errors.add_column(name, justify="right")
    for name, error in overall["measures"].items():
        errors.add_row(name, str(error["n"]), f"{error['mae']:.3f}", f"{error['bias']:+.3f}")
    return [calls, _summary(overall), labels_table(overall), "", errors]


def labels_table(overall: dict[str, Any]) -> Table:
    """Precision, recall and F1 of what the labels name, from the true words and from the recognised ones."""
    table = Table(
        title="Labels found: precision / recall / F1",
        box=None,
        pad_edge=False,
        header_style="bold",
        title_justify="left",
    )
    table.add_column("Label")
    true, heard = (overall["labels"][way] for way in ("true", "heard"))
    for language in true:
        table.add_column(f"{language}, true words", justify="right")
        table.add_column(f"{language}, recognised", justify="right")
    for kind in sorted({kind for kinds in (*true.values(), *heard.values()) for kind in kinds}):
        table.add_row(kind, *(_rates(way[language].get(kind)) for language in true for way in (true, heard)))
    return table


def _rates(rates: dict[str, Any] | None) -> str:
    shown = ("-" if value is None else f"{value:.2f}" for value in (rates or {"f1": None}).values())
    return " / ".join(shown)


def _summary(overall: dict[str, Any]) -> str:
    wer = ", ".join(f"{language} {_share(value)}" for language, value in overall["wer"].items())
    found = ", ".join(f"{name} {e['f1']:.2f}" for name, e in overall["events"].items() if e["f1"] is not None)
    held = ", ".join(f"{name} {row['inside']}/{row['n']}" for name, row in overall["intervals"].items())
    return (
        f"\nWER {wer}; mean DER {_share(overall['der'])}; roles right {overall['roles_right']}\nF1 of events: {found}\n"
        f"True value inside the interval: {held}\n"
    )


def _pair(truth: float | None, value: float | None) -> str:
    def one(v: float | None) -> str:
        return "-" if v is None else f"{v:.2f}"

    return f"{one(value)} ({one(truth)})"


def _share(value: float | None) -> str:
    return "-" if value is None else f"{value:.1%}"
