# /// script
# requires-python = ">=3.11"
# dependencies = ["av>=12", "numpy>=1.26", "pyworld==0.3.5", "setuptools<81", "soundfile>=0.12", "soxr>=0.4"]
# ///
"""Makes the sample calls from the dialogues in scripts/: sound, truth and calls.csv. Run by hand, never by callqa.

    apt-get install festival festvox-ru flite festvox-us-slt-hts  # Debian 12; pyworld builds with gcc
    python3 -m venv .venv-sounds  # setuptools: pyworld asks for its pkg_resources
    .venv-sounds/bin/pip install av numpy pyworld==0.3.5 'setuptools<81' soundfile soxr
    .venv-sounds/bin/python sample_audio/make.py [s01 s05 ...]

The same dialogues give the same files: every random choice is seeded with the call's name.
"""

from __future__ import annotations

import csv
import json
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from making import line
from making.dialogue import Dialogue, read, sounding
from making.labels import truth
from making.voices import LEVEL, RATE, Samples

HERE = Path(__file__).parent
COLUMNS = ["file", "started_at", "direction", "call_type", "rep_id", "rep_name"]
COLUMNS += ["customer_phone", "customer_id", "deal_id", "rep_channel"]


def main(chosen: list[str]) -> None:
    lexicon = tomllib.loads((HERE / "scripts" / "lexicon.toml").read_text(encoding="utf-8"))
    for path in scripts():
        if not chosen or path.stem.split("-")[0] in chosen:
            made = make(read(path), lexicon)
            print(f"{made['audio']}  {made['duration']:.0f} s  {(HERE / made['audio']).stat().st_size / 1e3:.0f} kB")
    write_calls()


def scripts() -> list[Path]:
    return sorted((HERE / "scripts").glob("s*.toml"))


def make(dialogue: Dialogue, lexicon: Mapping[str, Any]) -> dict[str, Any]:
    """One call's sound and truth, written; the truth is given back."""
    audio = dialogue.script["audio"]
    path = HERE / f"{dialogue.stem}.{audio['format']}"
    channels = mixed(dialogue)
    line.write(path, channels, audio.get("kbps", 0))
    document = truth(dialogue, path.name, facts(dialogue, channels), lexicon)
    path.with_suffix(".json").write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return document


def mixed(dialogue: Dialogue) -> list[Samples]:
    """The recorder's channels: both sides through the telephone, with its noise and leak, or their sum."""
    audio, rng = dialogue.script["audio"], np.random.default_rng(dialogue.seed + 1)
    sides = {side: line.banded(_side(dialogue, side)) for side in ("rep", "customer")}
    if audio["layout"] == "mono":
        return [line.noisy(sides["rep"] + sides["customer"], LEVEL, audio["snr"]["mix"], audio["noise"], rng)]
    rep, customer = line.leaked(sides["rep"], sides["customer"], audio["bleed"])
    noisy = [
        line.noisy(samples, LEVEL, audio["snr"][side], audio["noise"], rng)
        for side, samples in (("rep", rep), ("customer", customer))
    ]
    return noisy if audio["rep_channel"] == 0 else noisy[::-1]


def _side(dialogue: Dialogue, side: str) -> Samples:
    """One end of the line; menu prompts and tones are heard from the customer's."""
    samples = np.zeros(round(dialogue.duration * RATE))
    for said in [*sounding(dialogue, side), *(sounding(dialogue, "ivr") if side == "customer" else ())]:
        at = round(said.start * RATE)
        samples[at : at + len(said.speech.samples)] += said.speech.samples
    for event in dialogue.tones if side == "customer" else ():
        sound = line.tone(event.kind, event.end - event.start, dialogue.script["language"])
        at = round(event.start * RATE)
        samples[at : at + len(sound)] += sound
    return samples


def facts(dialogue: Dialogue, channels: list[Samples]) -> dict[str, Any]:
    """What is true of the recording as a file."""
    audio = dialogue.script["audio"]
    opus = audio["format"] == "opus"
    return {
        "layout": audio["layout"],
        "channels": len(channels),
        "sample_rate": line.OPUS_RATE if opus else line.LINE_RATE,
        "bandwidth_hz": list(line.BAND),
        "source_rate": line.LINE_RATE,
        "duration": round(len(channels[0]) / RATE, 2),
        "codec": f"opus-{audio['kbps']}k" if opus else "flac",
        "snr_db": min(audio["snr"].values()),
        "snr_db_by_channel": audio["snr"],
        "noise": dict.fromkeys(audio["snr"], audio["noise"]),
        "bleed_db": audio.get("bleed"),
    }


def write_calls() -> None:
    """calls.csv as a telephone system would write it: it does not know the rep's channel of every call."""
    with (HERE / "calls.csv").open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, restval="", lineterminator="\n")
        writer.writeheader()
        for path in scripts():
            script = tomllib.loads(path.read_text(encoding="utf-8"))
            audio, rep = script["audio"], script["rep"]
            row = {key: script[key] for key in ("started_at", "direction", "call_type", "deal_id")}
            row |= {"file": f"{path.stem}.{audio['format']}", "rep_id": rep["id"], "rep_name": rep["name"]}
            if audio["layout"] == "stereo" and audio.get("tell_channel", True):
                row["rep_channel"] = audio["rep_channel"]
            writer.writerow(row)


if __name__ == "__main__":
    main(sys.argv[1:])
