"""Pitch trackers against the true prosody of labelled two-channel calls: `python benchmarks/pitch.py FOLDER [NAME...]`.

Trackers: callqa (swift-f0 with octave jumps brought back), yin and pyin (librosa), praat (parselmouth, GPL: never a
part of callqa). What is not installed is passed over. Of every turn over 0.8 s: the error of its median in semitones,
and of its spread. Speed is sound over processor time; callqa reads spoken stretches alone, the others all of a channel.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np

from callqa.audio import decode
from callqa.speech.prosody import tracks
from callqa.types import Span

LOW, HIGH, STEP = 65.0, 400.0, 0.01
OCTAVE = 9.0  # semitones from the turn's median: the tracker's error, as for the measure of spread


def callqa(samples, rate, spans):
    return np.asarray(tracks(samples, rate, spans).f0)


def yin(samples, rate, spans):
    """It knows no voicing: frames 20 dB under the loud ones are left out."""
    import librosa

    hop = round(rate * STEP)
    f0 = librosa.yin(samples, fmin=LOW, fmax=HIGH, sr=rate, frame_length=64 * rate // 1000, hop_length=hop)
    level = librosa.feature.rms(y=samples, frame_length=512, hop_length=hop)[0][: len(f0)]
    return np.where(level > 0.1 * np.percentile(level[level > 0], 95), f0, 0.0)


def pyin(samples, rate, spans):
    import librosa

    hop = round(rate * STEP)
    f0, voiced, _ = librosa.pyin(samples, fmin=LOW, fmax=HIGH, sr=rate, frame_length=rate // 8, hop_length=hop)
    return np.where(voiced, np.nan_to_num(f0), 0.0)


def praat(samples, rate, spans):
    import parselmouth

    pitch = parselmouth.Sound(samples.astype(np.float64), rate).to_pitch(STEP, LOW, HIGH)
    return np.concatenate([np.zeros(round(pitch.xs()[0] / STEP)), pitch.selected_array["frequency"]])


def voices(folder):
    """(samples, rate, turns with their true prosody) of every voice that has a channel of its own."""
    for path in sorted(folder.glob("*.json")):
        raw = json.loads(path.read_text(encoding="utf-8"))
        if "turns" not in raw or raw["layout"] != "stereo" or not raw["turns"]:
            continue
        sound = decode(folder / raw["audio"])
        for side in ("rep", "customer"):
            mine = [t for t in raw["turns"] if t["speaker"] == side and t["end"] - t["start"] > 0.8]
            mine = [t for t in mine if (t.get("prosody") or {}).get("f0_median_hz")]
            if mine and (raw.get(side) or {}).get("channel") is not None:
                yield np.ascontiguousarray(sound.samples[raw[side]["channel"]]), sound.rate, mine


def errors(f0, turn):
    """Of one turn: error of the median and of the spread in semitones, share of octave errors; NaN if unvoiced."""
    heard = f0[round(turn["start"] / STEP) : round(turn["end"] / STEP)]
    heard = heard[heard > 0]
    if len(heard) < 10:
        return np.nan, np.nan, np.nan
    height = 12 * np.log2(heard / np.median(heard))
    near = np.abs(height) < OCTAVE
    true = turn["prosody"]
    median = 12 * np.log2(np.median(heard) / true["f0_median_hz"])
    return median, height[near].std() - true["f0_sd_semitones"], 1 - near.mean()


def judge(tracker, known):
    found, sound, spent = [], 0.0, 0.0
    tracker(known[0][0][: 3 * known[0][1]], known[0][1], [Span(0, 2.9)])  # loads what it needs
    for samples, rate, turns in known:
        end = len(samples) / rate
        spans = [Span(t["start"], min(end, t["end"])) for t in turns]
        begin = time.process_time()
        f0 = tracker(samples, rate, spans)
        spent += time.process_time() - begin
        sound += end
        found += [errors(f0, turn) for turn in turns]
    rows = np.array(found)
    heard = rows[~np.isnan(rows[:, 0])]
    size = np.abs(heard[:, 0])
    print(
        f"{tracker.__name__:<7} {len(rows)} turns, {len(rows) - len(heard)} unheard; "
        f"median off by {np.median(size):.2f} st (signed {np.median(heard[:, 0]):+.2f}), "
        f"over 1 st {np.mean(size > 1):.1%}; spread off by {np.mean(np.abs(heard[:, 1])):.2f} st; "
        f"octave errors {heard[:, 2].mean():.1%}; {sound / spent:.0f} x real time"
    )


if __name__ == "__main__":
    chosen = [globals()[name] for name in sys.argv[2:]] or [callqa, yin, pyin, praat]
    for each in chosen:
        try:
            judge(each, list(voices(Path(sys.argv[1]))))
        except ImportError as error:
            print(f"{each.__name__:<7} passed over: {error}")
