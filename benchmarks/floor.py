"""The least time that this machine can hear an hour of calls in, from its matrix rate, beside what CTranslate2 takes.

    python benchmarks/floor.py ../shared/calls --threads 2
    python benchmarks/floor.py ../shared/calls --device cuda --shape large-v3-turbo --batch 64

The rate is that of CTranslate2's own matrix products where nothing else matters (two wide layers, many rows), the
bandwidth that of reading memory. An hour of calls holds so much speech (the folder's truth), packed into full windows
of 28 s: encoder and decoder of the shape need so many operations for each, the decoder reads its weights once a step
for the whole batch. The floor is the sum, as if nothing else were to be done: no decoding, no voice activity, no
analyser. "Measured" is the same shape with random weights on the same machine: encoding and 119 tokens a window. On a
CPU times are processor time by thread, which other programs change less than the clock's.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import random_whisper
from machine import hardware
from random_whisper import WINDOW, Shape

from callqa import truth
from callqa.types import covered

SPEECH = 28.0  # seconds in a window
TOKENS = 120  # with the end of the text
WIDE = Shape(2, 1, 2048, 16)
BYTES = {"int8": 1, "int8_float32": 1, "int8_float16": 1, "float16": 2, "float32": 4}


def main() -> None:
    options = arguments()
    os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = f"{options.threads}"
    windows = windows_an_hour(options.folder)
    with tempfile.TemporaryDirectory(prefix="callqa-floor-") as folder:
        rate, bandwidth = matrix_rate(Path(folder), options), memory_bandwidth(options.device)
        took = measured(random_whisper.make(options.shape, Path(folder) / options.shape), options)
    least = floor(random_whisper.SHAPES[options.shape], rate, bandwidth, options)
    print(hardware())
    print(f"{options.compute} matrices: {rate / 1e9:,.0f} GFLOP/s; memory: {bandwidth / 1e9:.0f} GB/s")
    if options.device == "cpu":
        print(f"float32 matrices by numpy: {numpy_rate(options.threads) / 1e9:,.0f} GFLOP/s")
    print(f"{options.shape}, beam {options.beam}, batch {options.batch}: {windows:.0f} windows in an hour of calls")
    print(f"{'':10}{'GFLOP a window':>16}{'floor, s an hour':>18}{'measured':>10}{'of the floor':>14}")
    work = operations(random_whisper.SHAPES[options.shape])
    flops = {"encode": work["encode"], "generate": work["keys"] + TOKENS * options.beam * work["token"]}
    for name in ("encode", "generate"):
        share = took[name] / least[name]
        print(
            f"{name:10}{flops[name] / 1e9:16.1f}{windows * least[name]:18.1f}{windows * took[name]:10.1f}{share:13.1f}x"
        )
    both = [sum(some.values()) * windows for some in (least, took)]
    print(f"{'both':10}{sum(flops.values()) / 1e9:16.1f}{both[0]:18.1f}{both[1]:10.1f}{both[1] / both[0]:13.1f}x")
    print(f"so at most {3600 / both[0]:,.0f} times real time; CTranslate2 alone {3600 / both[1]:,.0f}")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="labelled calls")
    parser.add_argument("--shape", choices=tuple(random_whisper.SHAPES), default="base")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--batch", type=int, default=8, help="windows at once")
    parser.add_argument("--beam", type=int, default=5)
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--compute", default="", choices=("", *BYTES), help="int8 on a CPU, float16 on a GPU")
    options = parser.parse_args()
    options.compute = options.compute or ("int8" if options.device == "cpu" else "float16")
    return options


def windows_an_hour(folder: Path) -> float:
    """Full windows of speech in an hour of calls, each channel's speech its own."""
    calls = [truth.read(path) for path in truth.find(folder)]
    speech = sum(
        covered(turn.span for turn in call.turns if turn.side == side)
        for call in calls
        for side in ("rep", "customer", "ivr")
    )
    return speech / SPEECH * 3600 / sum(call.duration for call in calls)


def operations(shape: Shape) -> dict[str, float]:
    """Floating point operations: "encode" a window, its "keys" and values for the decoder, a "token" of one beam."""
    d, n = shape.width, WINDOW
    convolutions = 2 * 3 * shape.bands * d * 2 * n + 2 * 3 * d * d * n
    # self-attention 4 matrices, feed-forward 8 (two four times as wide); and every frame looks at every other
    layer = 2 * (4 + 8) * d * d * n + 2 * 2 * n * n * d
    # beside those, cross-attention's query and output, and a look at every frame
    token = 2 * (4 + 2 + 8) * d * d + 2 * 2 * n * d
    return {
        "encode": float(convolutions + shape.encoder * layer),
        "keys": float(shape.decoder * 2 * 2 * d * d * n),
        "token": float(shape.decoder * token + 2 * shape.vocabulary * d),
    }


def floor(shape: Shape, rate: float, bandwidth: float, options: argparse.Namespace) -> dict[str, float]:
    """Seconds a window."""
    work = operations(shape)
    weights = (shape.decoder * 14 * shape.width**2 + shape.vocabulary * shape.width) * BYTES[options.compute]
    step = max(options.beam * work["token"] / rate, weights / bandwidth / options.batch)
    return {"encode": work["encode"] / rate, "generate": work["keys"] / rate + TOKENS * step}


def matrix_rate(folder: Path, options: argparse.Namespace) -> float:
    """Operations a second of an encoder that is nearly nothing but large matrix products."""
    import numpy as np

    random_whisper.SHAPES["wide"] = WIDE
    model = loaded(random_whisper.make("wide", folder / "wide"), options)
    rows, frames = 16, 192  # few frames, so that attention is small; many rows, so that the products are large
    n = rows * frames / 2
    features = storage(np.zeros((rows, WIDE.bands, frames), np.float32))
    layer = 2 * 12 * WIDE.width**2 * n + 2 * 2 * n * frames / 2 * WIDE.width
    work = 2 * 3 * WIDE.bands * WIDE.width * 2 * n + 2 * 3 * WIDE.width**2 * n + WIDE.encoder * layer
    return float(work / best(lambda: model.encode(features, to_cpu=True), timed(options)))


def measured(folder: Path, options: argparse.Namespace) -> dict[str, float]:
    """Seconds a window of encoding, and of generating, at that batch and beam."""
    import numpy as np
    import tokenizers

    model, shape = loaded(folder, options), random_whisper.SHAPES[options.shape]
    names = ("<|startoftranscript|>", "<|ru|>", "<|transcribe|>", "<|notimestamps|>")
    reader = tokenizers.Tokenizer.from_file(str(folder / "tokenizer.json"))
    prompt = [reader.token_to_id(name) for name in names]
    features = storage(np.zeros((options.batch, shape.bands, 2 * WINDOW), np.float32))
    encoded = model.encode(features)

    def generate() -> None:
        (found, *_) = model.generate(encoded, [prompt] * options.batch, beam_size=options.beam)
        assert len(found.sequences_ids[0]) in (TOKENS - 1, TOKENS), "not the text that the decoder is made to say"

    return {
        "encode": best(lambda: model.encode(features, to_cpu=True), timed(options)) / options.batch,
        "generate": best(generate, timed(options)) / options.batch,
    }


def loaded(folder: Path, options: argparse.Namespace) -> Any:
    from ctranslate2.models import Whisper

    return Whisper(str(folder), options.device, compute_type=options.compute, intra_threads=options.threads)


def storage(array: Any) -> Any:
    import ctranslate2

    return ctranslate2.StorageView.from_array(array)


def best(work: Callable[[], object], threads: int = 0) -> float:
    """The shortest of several runs: what disturbs a run only makes it longer. ``threads`` 0: by the clock."""
    took = []
    for _ in range(5):
        started, used = time.perf_counter(), time.process_time()
        work()
        took.append((time.process_time() - used) / threads if threads else time.perf_counter() - started)
    return min(took)


def timed(options: argparse.Namespace) -> int:
    """How ``best`` takes time on that device."""
    return int(options.threads) if options.device == "cpu" else 0


def numpy_rate(threads: int, size: int = 2048) -> float:
    import numpy as np

    matrix = np.ones((size, size), np.float32)
    return 2 * size**3 / best(lambda: matrix @ matrix, threads)


def memory_bandwidth(device: str) -> float:
    """Bytes a second; of a GPU by torch, endless where torch does not see it."""
    if device == "cpu":
        import numpy as np

        many = np.ones(2**27, np.float32)
        return many.nbytes / best(many.max, 1)
    try:
        import torch
    except ImportError:
        return float("inf")
    if not torch.cuda.is_available():
        return float("inf")
    block = torch.ones(2**30, device="cuda")

    def read() -> None:
        block.sum()
        torch.cuda.synchronize()

    return float(block.nbytes / best(read))


if __name__ == "__main__":
    main()
