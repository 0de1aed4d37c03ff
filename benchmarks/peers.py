"""callqa beside its peers in one run: the same calls, weights, threads; speed, memory, word and speaker errors.

    python benchmarks/peers.py ../shared/calls --hours 2 --threads 2 --json /tmp/peers.json
    python benchmarks/peers.py ../shared/calls --only callqa,batched:channels --rounds 5
    python benchmarks/peers.py ../shared/calls --only whisperx,whisperx:channels --whisperx /tmp/whisperx/bin/python

A peer is NAME[:OPTION,...]: "sequential" and "batched" are faster-whisper's two ways and "whisperx" WhisperX, as their
READMEs show them, one file after the other; "callqa" is the whole path with every analyser and page, "callqa-asr" its
recogniser alone. Options: "channels" hears the channels of a file apart, as callqa does (the READMEs' calls mix them
down); beam=N, batch=N; "words" asks for word times, "told" tells the language, "vad" filters sequential's silence.

Each peer is a process of its own, held to --threads cores. The calls, repeated to --hours, are dealt into --rounds; in
every round each peer has the same calls, in another order of peers each time, while the others wait: "callqa is" is the
median over rounds of the peer's time by callqa's (the first peer named), "by core" the same of processor time, which a
busy machine changes less. Model loading and a first short call are not counted, but for callqa's whole path, whose
workers start with each round. Times real time are given by seconds of call, of channels (a two-channel call has two)
and of speech (the truth's). WER is computed as ``callqa eval`` does, against each channel's words, or the whole call's
where a peer mixes. p50 and p95: seconds of work on a call. "growth" is memory of the last third of the run against the
first; "cores" are those kept busy, "others" those that other programs took. The runners are benchmarks/peer_*.py; what
they say to this one is in peer_protocol.py.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import checkout
import copies
import peer_table
from machine import Taken, Watch, hardware
from peer_process import Peer, Spec

from callqa import truth

DEFAULT = (
    "callqa", "callqa-asr", "batched:channels", "batched:channels,words", "batched", "batched:batch=8",
    "sequential:channels", "sequential",
)  # fmt: skip


@dataclass
class Measured:
    """What one peer did: a Taken a round, seconds of each call, and what it heard."""

    spec: Spec
    about: dict[str, object] = field(default_factory=dict)
    load: float = 0.0
    rounds: list[Taken] = field(default_factory=list)
    seconds: list[float] = field(default_factory=list)
    results: dict[str, dict[str, object]] = field(default_factory=dict)
    problem: str = ""


def main() -> None:
    options = arguments()
    specs = [Spec.of(text) for text in options.only]
    with tempfile.TemporaryDirectory(prefix="callqa-peers-") as folder:
        calls = prepared(options, Path(folder) / "calls")
        options.checkout = checkout.linked(options.model, Path(folder) / "checkout")
        measured = run(specs, calls, options)
    told = peer_table.document(measured, [call for group in calls for call in group])
    told |= {"hardware": hardware(), "settings": {k: str(v) for k, v in vars(options).items()}}
    print(peer_table.text(told))
    if options.json:
        options.json.write_text(json.dumps(told, ensure_ascii=False, indent=1), encoding="utf-8")
    sys.exit(any(one.problem for one in measured))


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path, help="labelled calls")
    parser.add_argument("--hours", type=float, default=0.0, help="repeat the calls until they last so long")
    parser.add_argument("--rounds", type=int, default=0, help="by default one a repetition")
    parser.add_argument("--calls", default="", help="only the calls whose name begins so: o01,o02")
    parser.add_argument("--only", type=split, default=list(DEFAULT), help=f"peers; by default {' '.join(DEFAULT)}")
    parser.add_argument("--threads", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--model", type=Path, default=Path("weights/whisper-base"), help="a CTranslate2 folder")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--compute", default="", help="CTranslate2's type; int8 on a CPU, float16 on a GPU")
    parser.add_argument("--config", type=Path, help="callqa's settings")
    parser.add_argument("--whisperx", type=Path, default=Path("/tmp/whisperx/bin/python"), help="its own python")
    parser.add_argument("--json", type=Path, help="write every figure here")
    return parser.parse_args()


def split(text: str) -> list[str]:
    """Peers from a list whose members have commas of their own: an option is no peer's name.

    >>> split("callqa,batched:channels,beam=1,whisperx")
    ['callqa', 'batched:channels,beam=1', 'whisperx']
    """
    peers: list[str] = []
    for part in text.split(","):
        if part.split(":")[0] in Spec.RUNNERS:
            peers.append(part)
        elif peers:
            peers[-1] += f",{part}"
        else:
            raise argparse.ArgumentTypeError(f"{part}: no such peer; there are {', '.join(Spec.RUNNERS)}")
    return peers


def prepared(options: argparse.Namespace, folder: Path) -> list[list[truth.Truth]]:
    """The calls of each round, copied into the folder."""
    count = copies.times(options.folder, options.hours)
    files = copies.repeat(options.folder, folder, count)
    each = len(files) // count
    repetitions = [[truth.read(path) for path in files[k * each : (k + 1) * each]] for k in range(count)]
    wanted = tuple(options.calls.split(","))
    repetitions = [[call for call in some if call.id.split("-")[-1].startswith(wanted)] for some in repetitions]
    rounds = options.rounds or count
    if rounds < count:
        edges = [round(k * count / rounds) for k in range(rounds + 1)]
        return [[c for some in repetitions[a:b] for c in some] for a, b in pairwise(edges)]
    return [repetitions[k % count] for k in range(rounds)]


def run(specs: Sequence[Spec], calls: Sequence[Sequence[truth.Truth]], options: argparse.Namespace) -> list[Measured]:
    measured = [Measured(spec) for spec in specs]
    peers = {one.spec: started(one, options) for one in measured}
    shortest = min((call for group in calls for call in group), key=lambda call: call.duration)
    for number, one in in_turn(measured, len(calls)):
        peer = peers[one.spec]
        if one.problem or peer is None:
            continue
        try:
            if not one.rounds:
                peer.work([shortest] * options.threads)
                peer.results()
            with Watch(peer.pid) as watch:
                one.seconds += peer.work(calls[number])
            one.results |= peer.results()
            one.rounds.append(watch.taken)
            note(f"round {number + 1} of {len(calls)}: {one.spec}: {watch.taken.seconds:.1f} s")
        except RuntimeError as error:
            one.problem = str(error)
            note(f"{one.spec}: {error}")
    for peer in peers.values():
        if peer:
            peer.stop()
    return measured


def started(one: Measured, options: argparse.Namespace) -> Peer | None:
    try:
        peer = Peer(one.spec, options)
    except RuntimeError as error:
        one.problem = str(error)
        note(f"{one.spec}: {error}")
        return None
    one.about, one.load = peer.about, peer.load
    note(f"{one.spec}: loaded in {peer.load:.1f} s, {peer.about}")
    return peer


def in_turn(measured: Sequence[Measured], rounds: int) -> Iterator[tuple[int, Measured]]:
    """Every peer in every round; who comes first changes, and so does who follows whom."""
    for number in range(rounds):
        order = [*measured[number % len(measured) :], *measured[: number % len(measured)]]
        yield from ((number, one) for one in (reversed(order) if number % 2 else order))


def note(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


if __name__ == "__main__":
    main()
