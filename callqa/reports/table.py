"""One call as CSV: a row a measure, for a spreadsheet."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from callqa.types import Measure, Scored

COLUMNS = (
    "call", "file", "started_at", "rep", "customer", "call_type",
    "name", "value", "unit", "n", "trust", "reason", "points_lost",
)  # fmt: skip


def csv(scored: Scored, catalogue: Mapping[str, Measure]) -> str:
    """Score, blocks and measures, one a row; numbers with a decimal point, null as an empty cell."""
    import csv as lines
    import io

    out = io.StringIO()
    writer = lines.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for row in _rows(scored, catalogue):
        writer.writerow([*_head(scored), *row])
    return out.getvalue()


def _head(scored: Scored) -> list[str]:
    call = scored.call
    told = call.metadata
    cells = (
        call.recording.id,
        Path(call.recording.path).name,
        told.started_at,
        told.rep_name or told.rep_id,
        told.customer_id or told.customer_phone,
        scored.scorecard.call_type,
    )
    return [_inert(cell or "") for cell in cells]


def _rows(scored: Scored, catalogue: Mapping[str, Measure]) -> list[tuple[str, ...]]:
    card = scored.scorecard
    lost: dict[str, float] = {}
    for p in card.points_lost:
        lost[p.measure] = round(lost.get(p.measure, 0.0) + p.points, 2)
    total = "" if card.score is None else _figure(round(100 - card.score, 2))
    rows: list[tuple[str, ...]] = [
        ("score", _figure(card.score), "0-100", "", card.trust, card.reason or "", total),
        ("coverage", _figure(card.coverage), "0-1", "", "", "", ""),
    ]
    rows += [(f"block.{name}", _figure(block.score), "0-100", "", "", "", "") for name, block in card.blocks.items()]
    for name, m in scored.measures.items():
        unit = catalogue[name].unit if name in catalogue else ""
        points = _figure(lost[name]) if name in lost else ""
        rows.append((name, _figure(m.value), unit, _figure(m.n), m.trust or scored.call.trust, m.reason or "", points))
    return rows


def _figure(value: float | None) -> str:
    return "" if value is None else f"{round(value, 6):.10g}"


def _inert(cell: str) -> str:
    """A spreadsheet runs a cell that begins like a formula; a phone number may begin with +."""
    signed = cell.startswith(("+", "-")) and not cell[1:].replace(" ", "").isdigit()
    if signed or cell.startswith(("=", "@", "\t", "\r")):
        return "'" + cell
    return cell
