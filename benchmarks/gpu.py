"""The whole path on a GPU: with Whisper base, and with a model of large-v3-turbo's shape and random weights.

    python benchmarks/gpu.py ../shared/calls --hours 20 --json /tmp/gpu.json
    python benchmarks/gpu.py ../shared/calls --device cpu --tiny --calls o14   # the same code on a machine without one

For each model ``callqa batch`` scores the calls, repeated to --hours, into a fresh store with every page, as in
benchmarks/peers.py: call-time x, how busy the GPU was (nvidia-smi, once a second), memory. Then benchmarks/floor.py
says what the same shape could do at best there. Weights of base are the real ones where they are on this machine;
turbo's are random, made here (3 GB for a moment, 1.6 GB on disk): its text is the same in every window
(random_whisper.py), so its word errors mean nothing and are not shown. Aim: 1,000 x call time on one H100, at least
200 x, GPU busy over 80 %.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import checkout
import peer_table
import peers
import random_whisper
from machine import hardware
from peer_process import Spec

AIM, LEAST, BUSY = 1000.0, 200.0, 0.8
BASE = checkout.ROOT / "weights" / "whisper-base"
SHOWN = ("call_x", "channel_x", "speech_x", "calls_per_hour", "failed", "gpu_busy", "cores_busy", "peak_mb", "growth")


def main() -> None:
    options = arguments()
    shapes = ["tiny-random"] if options.tiny else options.shapes.split(",")
    told: dict[str, Any] = {"hardware": hardware()}
    print(told["hardware"], flush=True)
    with tempfile.TemporaryDirectory(prefix="callqa-gpu-") as folder:
        calls = peers.prepared(options, Path(folder) / "calls")
        for shape in shapes:
            options.model = weights(shape, options.weights or Path(folder) / "weights")
            options.checkout = checkout.linked(options.model, Path(folder) / f"checkout-{shape}")
            measured = peers.run([Spec.of(f"callqa:workers={options.workers}")], calls, options)
            document = peer_table.document(measured, [call for group in calls for call in group])
            told[shape] = {**document, "weights": "real" if options.model == BASE else "random"}
            show(shape, told[shape])
            floor(shape, options)
    if options.json:
        options.json.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="labelled calls")
    parser.add_argument("--hours", type=float, default=0.0, help="repeat the calls until they last so long")
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--calls", default="", help="only the calls whose name begins so: o01,o02")
    parser.add_argument("--shapes", default="base,large-v3-turbo", help=f"of {', '.join(random_whisper.SHAPES)}")
    parser.add_argument("--tiny", action="store_true", help="a tiny random model alone: does the path work?")
    parser.add_argument("--device", default="cuda", choices=("cpu", "cuda"))
    parser.add_argument("--compute", default="", help="CTranslate2's type; int8 on a CPU, float16 on a GPU")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)), help="cores that may be used")
    parser.add_argument("--workers", type=int, default=0, help="worker processes; by default as callqa batch has them")
    parser.add_argument("--batch", type=int, default=64, help="windows at once, for the floor")
    parser.add_argument("--beam", type=int, default=5, help="for the floor")
    parser.add_argument("--weights", type=Path, help="keep the random models in this folder")
    parser.add_argument("--json", type=Path, help="write every figure here")
    options = parser.parse_args()
    options.config = None
    return options


def weights(shape: str, folder: Path) -> Path:
    """The real weights of base, random ones of every other shape."""
    if shape == "base" and (BASE / "model.bin").is_file():
        return BASE
    return random_whisper.make(shape, folder / f"random-{shape}")


def show(shape: str, told: dict[str, Any]) -> None:
    (figures,) = told["peers"].values()
    if figures.get("problem"):
        sys.exit(f"{shape}: {figures['problem']}")
    shown = {name: figures[name] for name in SHOWN if figures[name] is not None}
    print(
        f"{shape}, {told['weights']} weights, {told['work']['call_seconds'] / 3600:.2f} hours of calls: {shown}",
        flush=True,
    )
    if figures["gpu_busy"] is not None:
        speed = "aim reached" if figures["call_x"] >= AIM else f"aim {AIM:.0f} x, at least {LEAST:.0f} x"
        print(
            f"{shape}: {figures['call_x']:.0f} x ({speed}); GPU busy {figures['gpu_busy']:.0%} (at least {BUSY:.0%})",
            flush=True,
        )


def floor(shape: str, options: argparse.Namespace) -> None:
    told = ["--device", options.device, "--shape", shape, "--threads", f"{options.threads}"]
    told += ["--batch", f"{options.batch}", "--beam", f"{options.beam}"]
    told += ["--compute", options.compute] if options.compute else []
    script = Path(__file__).with_name("floor.py")
    subprocess.run([sys.executable, str(script), str(options.folder), *told], check=True)


if __name__ == "__main__":
    main()
