"""Whatever order calls are measured in, each is judged once, after every earlier call of its rep."""

from hypothesis import given
from hypothesis import strategies as st

from callqa.lineup import History, Lineup
from callqa.types import Metadata


def told(rep, minute):
    """A call of one of few reps at one of few moments; some have no rep or no time."""
    at = None if minute is None else f"2026-03-02T09:{minute:02}:00"
    return Metadata(f"{rep}-{minute}.wav", rep_id=rep, started_at=at)


@st.composite
def runs(draw):
    """Calls by name, those that are to be measured in the order in which that comes to its end, and which failed."""
    reps, minutes = st.sampled_from(["a", "b", None]), st.sampled_from([*range(6), None])
    calls = dict(enumerate(draw(st.lists(st.builds(told, reps, minutes), max_size=12))))
    calls = {f"{number:02}": metadata for number, metadata in calls.items()}
    stale = draw(st.permutations(draw(st.lists(st.sampled_from(sorted(calls)), unique=True)))) if calls else []
    return calls, list(stale), draw(st.sets(st.sampled_from(sorted(calls)))) if calls else set()


def released(calls, stale, failed):
    """Calls in the order in which they can be judged; those that nothing can change come first, then those measured."""
    lineup = Lineup({})
    settled = lineup.enter(calls, set(stale))
    free = []
    for sha in stale:
        if sha in failed:
            free.append([name for name in lineup.passed(sha, calls[sha]) if name not in failed])
        else:
            free.append([name for name in lineup.measured(sha, calls[sha], f"h{sha}") if name not in failed])
    return settled, [name for names in free for name in names], lineup


def before(calls, one, other):
    """Whether a call is an earlier one of the other's rep."""
    mine, its = calls[one], calls[other]
    return bool(mine.rep_id and mine.rep_id == its.rep_id and mine.started_at and its.started_at) and (
        mine.started_at < its.started_at
    )


@given(runs())
def test_every_call_that_did_not_fail_is_released_exactly_once(run):
    calls, stale, failed = run
    failed &= set(stale)
    settled, free, _ = released(calls, stale, failed)
    assert sorted([*settled, *free, *failed]) == sorted(calls)


@given(runs())
def test_no_call_is_released_before_every_earlier_one_of_its_rep_is_over(run):
    calls, stale, failed = run
    failed &= set(stale)
    lineup = Lineup({})
    settled = lineup.enter(calls, set(stale))
    over = set(calls) - set(stale)
    assert not [name for name in settled if any(before(calls, other, name) for other in stale)]
    for sha in stale:
        over.add(sha)
        end = lineup.passed if sha in failed else lambda sha, m: lineup.measured(sha, m, "h")
        for name in end(sha, calls[sha]):
            assert not [other for other in calls if other not in over and before(calls, other, name)]


@given(runs(), st.randoms())
def test_the_order_of_measuring_changes_neither_what_is_released_nor_what_it_is_compared_with(run, chance):
    calls, stale, failed = run
    failed &= set(stale)
    other = list(stale)
    chance.shuffle(other)
    settled, free, lineup = released(calls, stale, failed)
    settled_too, free_too, lineup_too = released(calls, other, failed)
    assert (sorted(settled), sorted(free)) == (sorted(settled_too), sorted(free_too))
    for name in calls:
        assert list(lineup.past(calls[name], 3)) == list(lineup_too.past(calls[name], 3))


def test_the_past_is_the_last_few_calls_strictly_before_and_a_call_measured_anew_counts_once():
    history = History()
    for entry in [("10", "b", "1"), ("09", "a", "1"), ("11", "c", "1"), ("10", "b", "2")]:
        history.put(entry)
    assert history.before("11", 5) == [("09", "a", "1"), ("10", "b", "2")]
    assert history.before("12", 2) == [("10", "b", "2"), ("11", "c", "1")]
    assert history.before("09", 2) == []
