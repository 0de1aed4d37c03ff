"""The runbook, the advice and the code know the same reasons for setting a recording aside."""

import ast
import re
from pathlib import Path

import pytest

from callqa import errors
from callqa.engines import attempt
from callqa.nightly.advice import ADVICE, UNKNOWN, of

ROOT = Path(__file__).parent.parent
PLACES = {
    "AudioError": 1,
    "TranscriptError": 1,
    "Failed": 1,
    "Unread": 0,
    "Gone": 0,
}  # which argument of these is the code
# these end a run or a command: no recording fails for them
WHOLE = {"engine_error", "store_busy", "callqa_error", "audio_error", "transcript_error"}


def raised():
    """Every code that stands in the code itself."""
    for file in sorted((ROOT / "callqa").rglob("*.py")):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in PLACES:
                place = PLACES[node.func.id]
                given = [k.value for k in node.keywords if k.arg == "code"] or node.args[place : place + 1]
                yield from constants(given[0])
            elif isinstance(node, ast.Assign) and [getattr(t, "id", "") for t in node.targets] == ["code"]:
                yield from constants(node.value)


def constants(node):
    branches = [node.body, node.orelse] if isinstance(node, ast.IfExp) else [node]
    return [b.value for b in branches if isinstance(b, ast.Constant) and re.fullmatch(r"[a-z_]+", str(b.value))]


def kinds():
    """What a recording fails with when an error without a code of its own comes out of the work."""
    found = {}
    for name, kind in vars(errors).items():
        if isinstance(kind, type) and issubclass(kind, errors.CallqaError):
            found[re.sub(r"(?<!^)(?=[A-Z])", "_", name).lower()] = kind
    return found


CODES = sorted({*raised(), *kinds()} - WHOLE)


def test_the_codes_are_found():
    assert len(CODES) > 25
    assert {"truncated", "bad_times", "worker_lost", "timeout", "memory", "bug", "vanished", "growing"} <= set(CODES)


def test_an_error_without_a_code_is_counted_by_its_kind():
    def work(item):
        raise errors.StoreError("away")

    assert attempt(work, 1).code == "store_error"


@pytest.mark.parametrize("code", CODES)
def test_every_reason_has_its_advice_and_its_line_in_the_runbook(code):
    assert code in ADVICE
    assert f"\n| `{code}` |" in (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")


def test_advice_and_runbook_name_nothing_else():
    page = (ROOT / "docs" / "runbook.md").read_text(encoding="utf-8")
    rows = [row for row in page.splitlines() if re.match(r"\| `[a-z_]+` \|", row)]
    assert sorted(re.match(r"\| `([a-z_]+)`", row)[1] for row in rows) == sorted(ADVICE) == CODES
    by_itself = {re.match(r"\| `([a-z_]+)`", row)[1] for row in rows if row.split("|")[3].strip() == "yes"}
    assert by_itself == {code for code, advice in ADVICE.items() if advice.passes}


@pytest.mark.parametrize("code", ADVICE)
def test_advice_fits_its_line_in_a_mail(code):
    told = of(code)
    assert len(f"  {code:<20}{1:>8,}{1:>8,}   {told.means}") <= 80
    assert len(f"    is tried again by itself; else: {told.cure}") <= 80


def test_a_reason_of_a_newer_callqa_is_told_all_the_same():
    assert of("of_tomorrow") is UNKNOWN


def test_errors_that_may_pass_are_the_ones_that_are_tried_again():
    passing = {name for name, kind in kinds().items() if kind.retryable and name not in WHOLE}
    assert passing <= {code for code, advice in ADVICE.items() if advice.passes}
