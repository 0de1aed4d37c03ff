"""The sample calls are what their README says: enough of each kind, small, and labelled where the sound is."""

import csv
import json
import tomllib
from collections import Counter
from functools import lru_cache

import numpy as np
import pytest

from callqa import intake, truth
from callqa.audio import SUFFIXES, decode, resample
from callqa.config import shipped

FOLDER = shipped("sample_audio")
SOUNDS = sorted(path for path in FOLDER.iterdir() if path.suffix in SUFFIXES)
RATE = 8000
STEP = RATE // 100  # levels are looked at in 10 ms
KINDS = ("exemplary", "monologue", "no-next", "price", "voicemail", "interrogator")

each_call = pytest.mark.parametrize("path", SOUNDS, ids=lambda path: path.stem)


def labelled(path):
    return json.loads(path.with_suffix(".json").read_text())


def told():
    with (FOLDER / "calls.csv").open(encoding="utf-8", newline="") as file:
        return {row["file"]: row for row in csv.DictReader(file)}


@lru_cache
def sound(path):
    return decode(path)


@lru_cache
def levels(path):
    """RMS of every 10 ms of every channel, shape (channels, n)."""
    decoded = sound(path)
    channels = [resample(channel, decoded.rate, RATE) for channel in decoded.samples]
    whole = np.stack(channels)[:, : len(channels[0]) // STEP * STEP]
    return np.sqrt((whole.reshape(len(channels), -1, STEP) ** 2).mean(axis=2))


def channel_of(call, side):
    at = call["ivr_channel"] if side == "ivr" else call[side]["channel"]
    return 0 if at is None else at


def between(path, call, side, start, end):
    return levels(path)[channel_of(call, side), round(start * 100) : round(end * 100)]


def test_there_are_calls_of_each_language_layout_and_kind():
    calls = [labelled(path) for path in SOUNDS]
    assert len(calls) >= 8
    languages, layouts = Counter(c["language"] for c in calls), Counter(c["layout"] for c in calls)
    assert (languages["ru"] >= 6, languages["en"] >= 2) == (True, True)
    assert (layouts["stereo"] >= 5, layouts["mono"] >= 3) == (True, True)
    assert {kind: sum(kind in path.name for path in SOUNDS) for kind in KINDS} == dict.fromkeys(KINDS, 1)


def test_all_the_sound_is_small_enough_for_git():
    sizes = [path.stat().st_size for path in SOUNDS]
    assert sum(sizes) < 6e6
    assert max(sizes) < 2e6


def test_every_recording_has_its_script_its_truth_and_its_row_and_none_is_left_over():
    stems = [path.stem for path in SOUNDS]
    assert sorted(path.stem for path in FOLDER.glob("*.json")) == stems
    assert sorted(path.stem for path in (FOLDER / "scripts").glob("s*.toml")) == stems
    assert sorted(told()) == [path.name for path in SOUNDS]


def test_the_rep_channel_is_told_truly_for_most_two_channel_calls_and_never_for_mono():
    stereo = {path.name: labelled(path)["rep"]["channel"] for path in SOUNDS if labelled(path)["layout"] == "stereo"}
    rows = {name: row["rep_channel"] for name, row in told().items()}
    assert not any(channel for name, channel in rows.items() if name not in stereo)
    known = {name: int(rows[name]) for name in stereo if rows[name]}
    assert known == {name: stereo[name] for name in known}
    assert 1 <= len(stereo) - len(known) <= 2
    assert set(stereo.values()) == {0, 1}


def test_calls_csv_reads_without_a_complaint():
    assert list(told()[SOUNDS[0].name]) == list(intake.COLUMNS)


@each_call
def test_the_recording_is_what_its_truth_says(path):
    call, decoded = labelled(path), sound(path)
    assert call["audio"] == path.name
    assert decoded.samples.shape[0] == call["channels"] == {"stereo": 2, "mono": 1}[call["layout"]]
    assert decoded.file_rate == call["sample_rate"]
    assert call["source_rate"] == RATE
    assert decoded.duration == pytest.approx(call["duration"], abs=0.03)
    assert 60 <= decoded.duration <= 150


@each_call
def test_nothing_is_heard_above_the_telephone_band(path):
    decoded = sound(path)
    for channel in decoded.samples:
        spectrum = np.abs(np.fft.rfft(channel)) ** 2
        frequency = np.fft.rfftfreq(len(channel), 1 / decoded.rate)
        assert spectrum[frequency > 3700].sum() < 1e-3 * spectrum.sum()
        assert np.abs(channel).max() < 1.0


@each_call
def test_turns_are_in_order_inside_the_call_and_words_inside_their_turns(path):
    call = labelled(path)
    starts = [turn["start"] for turn in call["turns"]]
    assert starts == sorted(starts)
    for turn in call["turns"]:
        assert 0 <= turn["start"] < turn["end"] <= call["duration"]
        times = [moment for _, start, end in turn["words"] for moment in (start, end)]
        assert times == sorted(times)
        assert turn["start"] <= times[0]
        assert times[-1] <= turn["end"]
        said = [part for part in turn["spoken_text"].split() if any(c.isalnum() for c in part)]
        assert len(said) == len(turn["words"])


@each_call
def test_the_sound_is_loud_where_a_turn_is_and_quiet_where_nothing_is(path):
    call = labelled(path)
    busy = np.zeros(levels(path).shape[1], bool)
    for span in [*call["turns"], *call["events"]]:
        busy[round(span["start"] * 100) - 5 : round(span["end"] * 100) + 5] = True
    quiet = np.median(levels(path)[:, ~busy], axis=1)
    for turn in call["turns"]:
        heard = between(path, call, turn["speaker"], turn["start"], turn["end"])
        assert np.sqrt((heard**2).mean()) > 5 * quiet[channel_of(call, turn["speaker"])], turn["text"]


@each_call
def test_no_delay_lies_between_the_sound_and_its_labels(path):
    call = labelled(path)
    spans = [(span["start"], span["end"]) for span in [*call["turns"], *call["events"]]]
    shifts = []
    for turn in call["turns"]:
        alone = not any(s < turn["end"] + 0.15 and turn["start"] - 0.15 < e for s, e in spans if s != turn["start"])
        if alone:
            near = between(path, call, turn["speaker"], turn["start"] - 0.15, turn["end"] + 0.15)
            loud = np.flatnonzero(near > 0.1 * near.max())
            late, early = loud[0] / 100 - 0.15, 0.15 - (len(near) - 1 - loud[-1]) / 100
            # soft consonants at both ends pull these apart; a codec's delay would move both one way
            shifts.append((late + early) / 2)
    assert len(shifts) >= 4
    assert abs(np.median(shifts)) < 0.04


@each_call
def test_on_two_channels_the_other_side_is_far_quieter(path):
    call = labelled(path)
    if call["layout"] == "mono":
        pytest.skip("one channel")
    for turn in call["turns"]:
        if not any(o["start"] < turn["end"] and turn["start"] < o["end"] for o in call["turns"] if o is not turn):
            mine = between(path, call, turn["speaker"], turn["start"], turn["end"])
            other = levels(path)[1 - channel_of(call, turn["speaker"]), round(turn["start"] * 100) :][: len(mine)]
            assert np.sqrt((other**2).mean()) < 0.2 * np.sqrt((mine**2).mean()), turn["text"]


@each_call
def test_the_labels_are_those_of_the_script_and_read_as_truth(path):
    call = labelled(path)
    script = tomllib.loads((FOLDER / "scripts" / f"{path.stem}.toml").read_text())
    lines = [line for line in script["lines"] if {"rep", "customer", "ivr"} & set(line)]
    assert len(lines) == len(call["turns"])
    asked = Counter(line["ask"] for line in lines if "ask" in line)
    assert Counter(turn["question"] for turn in call["turns"] if turn["question"]) == asked
    read = truth.read(path.with_suffix(".json"))
    assert len([label for label in read.labels if label.kind.startswith("questions")]) == asked.total()
    assert read.channels["rep"] == (-1 if call["layout"] == "mono" else call["rep"]["channel"])
    objections = [label for label in read.labels if label.kind == "objections"]
    assert len(objections) == len(call["labels"]["objections"]) == sum("objection" in line for line in lines)


def test_each_kind_shows_what_it_is_there_for():
    calls = {kind: labelled(path) for kind in KINDS for path in SOUNDS if kind in path.name}
    labels = {kind: call["labels"] for kind, call in calls.items()}
    assert labels["exemplary"]["next_step_agreed"]
    assert labels["exemplary"]["stages_missing"] == []
    assert [o["handled"] for o in labels["exemplary"]["objections"]] == [True]
    assert calls["monologue"]["aggregates"]["longest_monologue_seconds"]["rep"] > 60
    assert not labels["no-next"]["next_step_agreed"]
    assert {(o["kind"], o["handled"]) for o in labels["price"]["objections"]} == {("price", False)}
    assert not labels["voicemail"]["conversation"]
    assert calls["voicemail"]["aggregates"]["talk_seconds"]["customer"] == 0
    assert {event["kind"] for event in calls["voicemail"]["events"]} == {"ringback", "beep"}
    questions = calls["interrogator"]["aggregates"]["questions"]["rep"]
    assert questions["closed"] == questions["total"] >= 10
    assert calls["interrogator"]["layout"] == "mono"
