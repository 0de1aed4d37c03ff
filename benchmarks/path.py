"""How many times faster than real time the whole path is, from file to score, models loaded.

    python benchmarks/path.py sample_audio

Scores every recording of a folder into a fresh store in memory, after one warm-up call, and prints for two-channel and
for mono calls: seconds of call, seconds of work, and their ratio. Both channels of a two-channel call are transcribed.
"""

from __future__ import annotations

import argparse
import time
from collections import defaultdict
from pathlib import Path

from callqa import api
from callqa.audio import decode
from callqa.engines import Done
from callqa.pipeline import Job, worker
from callqa.speech.listen import listen


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--config", type=Path)
    options = parser.parse_args()
    with api.team(options.config, "sqlite://") as team:
        jobs = team.jobs([options.folder]).items
        warm_up(team, jobs)
        called: dict[str, float] = defaultdict(float)
        worked: dict[str, float] = defaultdict(float)
        for job in jobs:
            started = time.perf_counter()
            (outcome,) = team.score([job])
            passed = time.perf_counter() - started
            if isinstance(outcome, Done):
                call = outcome.value.call
                called[call.transcript.layout] += call.recording.duration
                worked[call.transcript.layout] += passed
                print(f"{job.path.name:44} {call.transcript.layout:6} {call.recording.duration / passed:5.1f} x")
        for layout in sorted(called):
            ratio = called[layout] / worked[layout]
            print(f"{layout}: {called[layout]:.0f} s of calls in {worked[layout]:.0f} s, {ratio:.1f} times real time")


def warm_up(team: api.Team, jobs: tuple[Job, ...]) -> None:
    """Load every model once, so that none is loaded within a measured call."""
    worker(team.settings, team.parts)
    sound = decode(jobs[0].path)
    transcriber, diarizer = team.parts.make_transcriber(), team.parts.make_diarizer()
    listen("warm-up", sound, transcriber, lambda: diarizer, team.settings.languages)
    channel = sound.samples[:1]
    mono = type(sound)(channel, sound.rate, sound.file_rate, sound.codec)
    listen("warm-up", mono, transcriber, lambda: diarizer, team.settings.languages)


if __name__ == "__main__":
    main()
