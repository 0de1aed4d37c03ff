"""In which order a batch works."""

from pathlib import Path

import pytest

from callqa.pipeline import Job
from callqa.plan import Case, ordered
from callqa.store.many import KnownFile
from callqa.types import Metadata


def case(name, seconds, started_at=None):
    job = Job(Path(name), Metadata(name, started_at=started_at))
    return Case(job, KnownFile(name, round(seconds * 16_000), 0))


@pytest.mark.parametrize(
    ("calls", "expected"),
    [
        ([], ""),
        ([("a", 60), ("b", 240), ("c", 120)], "bca"),  # nobody knows when they were: the longest first
        ([("a", 60, "2026-03-02T12:00"), ("b", 240, "2026-03-02T10:00"), ("c", 120, "2026-03-02T11:00")], "bca"),
        ([("a", 60, "2026-03-02T12:00"), ("b", 50, "2026-03-02T11:00"), ("c", 9000, "2026-03-02T13:00")], "cba"),
        ([("a", 60, "2026-03-02T12:00+03:00"), ("b", 60, "2026-03-02T10:00")], "ab"),  # nine in UTC
        ([("a", 60, "2026-03-02T12:00"), ("b", 50)], "ba"),
    ],
)
def test_the_very_long_come_first_then_calls_as_they_were(calls, expected):
    cases = {told[0]: case(f"{told[0]}.wav", *told[1:]) for told in calls}
    assert "".join(ordered(cases)) == expected
