"""Thousands of short recordings, each with content of its own, some of them broken: work for a batch's drills.

    python benchmarks/short_calls.py /tmp/calls --count 2000

Pieces of 1.5 to 4 s of the sample calls, cut where somebody speaks, at levels of their own; calls.csv gives each a rep
and a time. The same seed gives the same bytes.
"""

from __future__ import annotations

import argparse
import csv
import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from callqa.audio import decode, resample
from callqa.config import shipped

RATE = 8_000
REPS = 12
FIRST = datetime(2026, 3, 2, 9, 0)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--broken", type=float, default=0.05, help="share of broken ones")
    parser.add_argument("--spoken", type=float, default=1.0, help="share in which somebody speaks")
    options = parser.parse_args()
    broken = make(options.folder, options.count, options.broken, options.spoken)
    print(f"{options.folder}: {options.count} recordings, {len(broken)} of them broken")


def make(folder: Path, count: int, share: float = 0.05, spoken: float = 1.0) -> dict[str, str]:
    """Writes the folder, a second of line noise where nobody speaks.

    Gives the code under which each broken file is to be set aside, by its name.
    """
    import numpy as np

    folder.mkdir(parents=True, exist_ok=True)
    chance = np.random.default_rng(count)
    calls = _spoken() if spoken else []
    broken = set(chance.choice(count, round(share * count), replace=False).tolist())
    codes: dict[str, str] = {}
    for number in range(count):
        path = folder / f"{number:05d}.wav"
        sound = _piece(chance, calls) if chance.random() < spoken else _noise(chance, 1.0)
        if number in broken:
            code = list(BREAKS)[len(codes) % len(BREAKS)]
            codes[path.name] = code
            BREAKS[code](path, sound, number)
        else:
            _write(path, sound)
    _write_table(folder / "calls.csv", chance.permutation(count))
    return codes


def _spoken() -> list[tuple[Any, list[float]]]:
    """The two-channel sample calls, samples of shape (2, n) at RATE, and when their turns begin."""
    import numpy as np

    found = []
    for label in sorted(shipped("sample_audio").glob("*.json")):
        told = json.loads(label.read_text(encoding="utf-8"))
        if told["layout"] == "stereo":
            sound = decode(label.parent / told["audio"])
            samples = np.stack([resample(channel, sound.rate, RATE) for channel in sound.samples[:2]])
            found.append((samples, [turn["start"] for turn in told["turns"]]))
    return found


def _piece(chance: Any, calls: Sequence[tuple[Any, list[float]]]) -> Any:
    """Samples of shape (2, n)."""
    samples, turns = calls[chance.integers(len(calls))]
    length = round(chance.uniform(1.5, 4.0) * RATE)
    begin = round((turns[chance.integers(len(turns))] - chance.uniform(0.05, 0.5)) * RATE)
    first = min(max(0, begin), samples.shape[1] - length)
    return samples[:, first : first + length] * chance.uniform(0.5, 1.0)


def _noise(chance: Any, seconds: float) -> Any:
    return (chance.standard_normal((2, round(seconds * RATE))) * 1e-3).astype("float32")


def _write(path: Path, samples: Any) -> None:
    import soundfile

    soundfile.write(path, samples.T, RATE, subtype="PCM_16")


def _cut_off(path: Path, samples: Any, number: int) -> None:
    import numpy as np

    _write(path, np.tile(samples, 4)[:, : 4 * RATE])
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])


def _dead_line(path: Path, samples: Any, number: int) -> None:
    import numpy as np

    _write(path, np.zeros((2, 2 * RATE + number), np.float32))


BREAKS: dict[str, Callable[[Path, Any, int], None]] = {
    "empty": lambda path, samples, number: path.write_bytes(b"") and None,
    "text": lambda path, samples, number: path.write_text(f"<html>404 {number}</html>") and None,
    "truncated": _cut_off,
    "silent": _dead_line,
    "too_short": lambda path, samples, number: _write(path, samples[:, : RATE // 5]),
    "not_audio": lambda path, samples, number: path.write_bytes(bytes([0, 255, number % 251, 7]) * 999) and None,
}


def _write_table(path: Path, order: Sequence[int]) -> None:
    """The calls of a few reps, at times that do not follow the files' names."""
    with path.open("w", encoding="utf-8", newline="") as file:
        table = csv.writer(file)
        table.writerow(("file", "started_at", "direction", "rep_id", "rep_name", "rep_channel"))
        for number, place in enumerate(order):
            at = FIRST + timedelta(minutes=7 * int(place))
            rep = number % REPS
            table.writerow((f"{number:05d}.wav", at.isoformat(), "outbound", f"r{rep:02d}", f"Rep {rep:02d}", 0))


if __name__ == "__main__":
    main()
