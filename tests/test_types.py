"""The algebra of time spans and the promises of the values."""

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from callqa.types import (
    Call,
    Measurement,
    Metadata,
    Recording,
    Span,
    Transcript,
    Turn,
    Word,
    covered,
    joined,
    overlaps,
    without,
)

SPANS = st.lists(
    st.tuples(st.integers(0, 200), st.integers(0, 30)).map(lambda p: Span(p[0] / 4, (p[0] + p[1]) / 4)), max_size=12
)


@given(SPANS, SPANS)
def test_what_is_cut_out_and_what_is_shared_make_the_whole(left, right):
    whole = covered(left)
    assert covered(overlaps(left, right)) + covered(without(left, right)) == pytest.approx(whole)
    assert covered(overlaps(left, right)) <= min(whole, covered(right)) + 1e-9


@given(SPANS)
def test_joined_spans_are_apart_and_in_order(spans):
    result = joined(spans)
    assert all(a.end < b.start for a, b in itertools.pairwise(result))
    assert covered(result) == pytest.approx(covered(spans))


@given(SPANS, st.integers(0, 40))
def test_moving_spans_in_time_changes_no_duration(spans, shift):
    moved = [Span(s.start + shift, s.end + shift) for s in spans]
    assert covered(moved) == pytest.approx(covered(spans))
    assert len(joined(moved, 0.25)) == len(joined(spans, 0.25))


@pytest.mark.parametrize(("start", "end"), [(-1, 2), (3, 2)])
def test_a_span_runs_forward_from_the_first_sample(start, end):
    with pytest.raises(ValueError, match="span must satisfy"):
        Span(start, end)


@pytest.mark.parametrize(("value", "reason"), [(None, None), (1.0, "no_speech")])
def test_a_measurement_has_a_value_or_a_reason_never_both_or_neither(value, reason):
    with pytest.raises(ValueError, match="either a value or a reason"):
        Measurement("talk_share", value, reason=reason)


@pytest.mark.parametrize(
    ("layout", "separation", "roles", "confidence", "trust"),
    [
        ("stereo", 1.0, 1.0, 0.9, "high"),
        ("mono", 0.6, 0.9, 0.9, "medium"),
        ("mono", 0.2, 0.9, 0.9, "low"),  # voices hardly apart
        ("stereo", 1.0, 0.3, 0.9, "low"),  # who is who is a guess
        ("stereo", 1.0, 1.0, 0.4, "low"),  # words are a guess
    ],
)
def test_trust(layout, separation, roles, confidence, trust):
    turn = Turn("rep", 0, 2, (Word("да", 0, 1, confidence),))
    transcript = Transcript("ru", (turn,), layout, separation, "opening", roles)
    assert Call(Recording("1", "a", "1", 2, 8000, 2, ""), Metadata("a"), transcript).trust == trust
