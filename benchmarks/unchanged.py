"""How long a second run over an unchanged folder takes: the command from its start to its end.

    python benchmarks/unchanged.py --count 10000

The first run is a real one over recordings of a second each in which nobody speaks, so that it ends in reasonable time;
each has its row in calls.csv, its answers in the store and its page. The second has nothing to do but to find that out.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import short_calls


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--folder", type=Path, help="keep all there; where a first run was done, it is used")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        here = (options.folder or Path(scratch)).absolute()
        if not (here / "calls").is_dir():
            short_calls.make(here / "calls", options.count, share=0.0, spoken=0.0)
        print(f"first run:  {batch(here)}", flush=True)
        for _ in range(3):
            print(f"second run: {batch(here)}", flush=True)


def batch(here: Path) -> str:
    """One run of the command: seconds, and what it did."""
    command = [sys.executable, "-m", "callqa", "batch", str(here / "calls"), "--out", "pages", "--summary", "last.json"]
    began = time.monotonic()
    with (here / "told.txt").open("ab") as told:
        code = subprocess.run(command, cwd=here, stdout=told, stderr=told).returncode
    counts = json.loads((here / "last.json").read_text())["counts"]
    done = ", ".join(f"{number:,} {kind}" for kind, number in counts.items() if number)
    return f"{time.monotonic() - began:.1f} s, exit code {code}: {done}"


if __name__ == "__main__":
    main()
