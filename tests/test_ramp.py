"""New reps made by hand, with answers that a person can count on a calendar."""

from datetime import date, datetime, timedelta

import pytest

from callqa.insight.ramp import CallScore, Cohort, Rep, Rules, Team, Win, cohort, ramp

HIRED = date(2025, 1, 6)  # a Monday
TODAY = date(2025, 5, 5)  # seventeen whole weeks later
OLD = [Rep(f"t{n}", f"Tenured {n}", "A", date(2023, 1, 2)) for n in (1, 2, 3)]
NEW = {
    "ramped": Rep("n1", "Ramped", "A", HIRED),
    "never": Rep("n2", "Never", "A", HIRED),
    "left": Rep("n3", "Left early", "A", HIRED, HIRED + timedelta(days=35)),
    "yesterday": Rep("n4", "Hired yesterday", "A", TODAY - timedelta(days=1)),
}
EVERYBODY = (*OLD, *NEW.values())


def weekly(rep, amount, first_week=1, weeks=17):
    """A win on the Wednesday of every week since HIRED, at noon."""
    start = datetime(2025, 1, 8, 12)
    return [Win(rep, start + timedelta(weeks=n - 1), amount) for n in range(first_week, weeks + 1)]


def team(calls=(), extra=(), rules=None, reps=EVERYBODY):
    wins = [win for rep in OLD for win in weekly(rep.id, 10_000)]
    wins += weekly("n1", 8_000, first_week=3) + weekly("n2", 3_000) + list(extra)
    return Team.of(reps, wins, calls, TODAY, rules)


@pytest.mark.parametrize(
    ("who", "state", "ramped_days", "first_win_days", "weeks", "seen_days"),
    [
        # windows of weeks 3-6 and 4-7 are the first two with 32,000 of 40,000
        ("ramped", "ramped", 42, 16, 17, 119),
        ("never", "on_the_way", None, 2, 17, 119),
        ("left", "left", None, None, 5, 35),
        ("yesterday", "too_early", None, None, 0, 1),
    ],
)
def test_a_rep_is_there_when_two_windows_in_a_row_hold(who, state, ramped_days, first_win_days, weeks, seen_days):
    found = ramp(team(), NEW[who])
    assert (found.state, found.ramped_days, found.first_win_days) == (state, ramped_days, first_win_days)
    assert (len(found.weeks), found.seen_days) == (weeks, seen_days)


def test_a_week_shows_the_rep_beside_the_tenured():
    week = ramp(team(), NEW["ramped"]).weeks[5]
    assert (week.number, week.start, week.won_amount, week.won_count) == (6, date(2025, 2, 10), 8_000, 1)
    assert (week.rolling, week.rolling_band.median, week.holds) == (32_000, 40_000, 0.8)
    assert (week.amount_band.median, week.count_band.median, week.count_band.n) == (10_000, 1, 3)
    assert (week.score, week.score_band, week.blocks) == (None, None, {})


def test_one_deal_holds_for_four_windows_and_no_longer():
    once = Rep("n5", "Once", "A", HIRED)
    deal = Win("n5", datetime(2025, 1, 29, 12), 32_000)  # in the fourth week: inside the windows of weeks 4 to 7
    assert ramp(team(extra=[deal], reps=[*OLD, once]), once).ramped_days == 28
    assert ramp(team(extra=[deal], reps=[*OLD, once], rules=Rules(held=4)), once).ramped_days == 28
    assert ramp(team(extra=[deal], reps=[*OLD, once], rules=Rules(held=5)), once).ramped_days is None


def test_nobody_tenured_means_nothing_to_hold():
    alone = team(reps=[NEW["ramped"], NEW["never"]])
    found = ramp(alone, NEW["ramped"])
    assert (found.ramped_days, found.state, found.weeks[6].holds) == (None, "on_the_way", None)
    assert found.weeks[6].rolling == 8_000 * 4


def test_new_reps_do_not_set_their_own_band_and_neither_do_those_who_left():
    gone = Rep("t4", "Gone", "A", date(2023, 1, 2), date(2025, 2, 1))
    week = ramp(team(reps=[*OLD, gone, *NEW.values()]), NEW["never"]).weeks[9]
    assert week.rolling_band.n == 3


def test_the_cohort_counts_leavers_for_as_long_as_they_were_seen():
    company = team()
    ramps = [ramp(company, rep) for rep in company.newcomers()]
    assert [r.rep.name for r in ramps] == ["Hired yesterday", "Left early", "Never", "Ramped"]
    # first wins: 2 and 16 days, not yet after 1 and 35; 80 %: 42 days, not yet after 1, 35 and 119
    assert cohort(ramps) == Cohort(n=4, ramped=1, left=1, ramped_days=42, first_win_days=16)


def test_a_cohort_of_nobody_has_no_medians():
    assert cohort([]) == Cohort(0, 0, 0, None, None)


def call(rep, day, score, **blocks):
    return CallScore(f"{rep}-{day}", rep, datetime(2025, 4, day, 10), score, blocks)


def test_the_block_that_lags_most_is_named_with_the_weakest_calls_first():
    calls = [call("n2", day, 50, discovery=30 + day, structure=70, delivery=None) for day in (8, 9, 10, 11)]
    calls += [call(rep.id, 9, 80, discovery=75, structure=80, delivery=90) for rep in OLD]
    lag = ramp(team(calls), NEW["never"]).lag
    assert (lag.block, lag.value, lag.tenured) == ("discovery", 39.5, 75)
    assert [c.id for c in lag.calls] == ["n2-8", "n2-9", "n2-10"]


@pytest.mark.parametrize(
    ("calls", "reason"),
    [
        ([], "no_scored_calls"),
        ([call("n2", 9, None)], "no_scored_calls"),
        ([call("n2", 9, 50, discovery=40)], "no_tenured_calls"),
        ([call("n2", 9, 90, discovery=90), call("t1", 9, 80, discovery=75)], "no_block_lags"),
    ],
)
def test_without_a_block_that_lags_the_reason_is_told(calls, reason):
    found = ramp(team(calls), NEW["never"])
    assert (found.lag, found.lag_reason) == (None, reason)


def test_the_call_score_is_there_when_a_window_reaches_the_tenured_middle_half():
    # window of weeks 11-14 ends on 14 April: three calls of 60; the tenured have 50, 70, 90: the lower quartile is 60
    old = [call(rep.id, day, 50 + 20 * n) for n, rep in enumerate(OLD) for day in (1, 2, 3)]
    assert ramp(team([*old, *(call("n2", day, 60) for day in (7, 8, 9))]), NEW["never"]).score_days == 14 * 7
    assert ramp(team([*old, *(call("n2", day, 59) for day in (7, 8, 9))]), NEW["never"]).score_days is None
    assert ramp(team([*old, call("n2", 7, 99)]), NEW["never"]).score_days is None  # one call is no mean


def test_an_amount_that_is_not_known_is_a_win_without_money():
    company = team(extra=[Win("n3", datetime(2025, 1, 7, 9), None)])
    found = ramp(company, NEW["left"])
    assert (found.first_win_days, found.weeks[0].won_count, found.weeks[0].won_amount) == (1, 1, 0)
    assert company.unpriced == 1
