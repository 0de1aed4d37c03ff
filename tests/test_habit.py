"""Delivery against the rep's own last calls: z-scores from the store, and no score without a habit."""

from dataclasses import replace
from statistics import fmean, stdev

import pytest

from callqa import habit
from callqa.store import Store
from callqa.types import Measurement, Metadata, Recording

RATES = (100.0, 110.0, 120.0, 130.0, 140.0)


def kept(store, number, rate, rep="r1", at=None):
    """A scored call in the store: call number n was on day n of October."""
    sha = f"{number:064d}"
    metadata = Metadata(f"{number}.wav", at or f"2026-10-{number:02d}T10:00:00", rep_id=rep)
    measures = {} if rate is None else {"speech_rate": Measurement("speech_rate", rate)}
    with store.write() as write:
        write.put_recording(Recording(sha[-12:], f"{number}.wav", sha, 60.0, 8000, 2, ""))
        write.put_metadata(sha, metadata)
        write.put(sha, habit.STAGE, "one", habit.values(measures))


@pytest.fixture
def store(tmp_path):
    opened = Store.open(f"sqlite:///{tmp_path / 'callqa.db'}")
    yield opened
    opened.close()


@pytest.fixture
def used(store):
    """A rep with five calls and a colleague with one that must not count."""
    for number, rate in enumerate(RATES, start=1):
        kept(store, number, rate)
    kept(store, 6, 900.0, rep="r11")
    return store


THIS = Metadata("this.wav", "2026-10-20T10:00:00", rep_id="r1")


def z(store, metadata=THIS, value=150.0, name="speech_rate"):
    m = Measurement(name, value) if value is not None else Measurement(name, None, reason="too_little_speech")
    found = habit.against(store, metadata, {name: m})[f"{name}_z"]
    return found.reason if found.value is None else found.value


def test_a_figure_is_given_in_deviations_from_the_reps_own_mean(used):
    assert z(used) == pytest.approx((150 - fmean(RATES)) / stdev(RATES), abs=1e-6)
    assert z(used, value=120.0) == 0.0  # as always: that is known


@pytest.mark.parametrize(
    ("metadata", "value", "reason"),
    [
        (replace(THIS, rep_id=None), 150.0, "no_rep"),
        (replace(THIS, started_at=None), 150.0, "no_date"),
        (replace(THIS, rep_id="r2"), 150.0, "too_few_calls"),
        (replace(THIS, started_at="2026-10-05T09:00:00"), 150.0, "too_few_calls"),  # later calls are no habit yet
        (THIS, None, "too_little_speech"),
    ],
)
def test_without_a_habit_there_is_a_reason_and_no_zero(used, metadata, value, reason):
    assert z(used, metadata, value) == reason


def test_calls_that_do_not_differ_and_calls_that_were_not_measured(store):
    for number in range(1, 8):
        kept(store, number, 120.0 if number > 2 else None)
    assert z(store) == "no_variation"
    assert habit.against(store, THIS, {"speech_rate": Measurement("speech_rate", 1.0)})["speech_rate_z"].n == 5


def test_a_habit_is_that_of_the_last_fifty_calls(store):
    for number in range(60):
        kept(
            store,
            number,
            500.0 if number < 10 else 100.0 + number % 2,
            at=f"2026-09-01T{number // 60:02d}:{number:02d}:00",
        )
    assert habit.against(store, THIS, {"speech_rate": Measurement("speech_rate", 100.5)})["speech_rate_z"].value == 0.0


def test_time_zones_do_not_disturb_the_order(used):
    assert z(used, replace(THIS, started_at="2026-10-05T09:30:00-02:00")) != "too_few_calls"
    assert z(used, replace(THIS, started_at="2026-10-05T11:30:00+02:00")) == "too_few_calls"


def test_a_score_depends_on_a_habit_only_where_its_card_names_one():
    habits = {"speech_rate_z": Measurement("speech_rate_z", 1.0)}
    assert habit.used({"rules": [{"measure": "speech_rate"}]}, habits) == []
    assert habit.used({"rules": [{"measure": "speech_rate_z"}]}, habits) == [habits["speech_rate_z"]]
