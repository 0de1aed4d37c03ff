"""How well and how fast mono calls are told apart: callqa's diarizer on labelled calls, stock pyannote beside it.

    python benchmarks/diarization.py ../shared/calls --mix
    python benchmarks/diarization.py ../shared/calls --stock --threads 2 --json /tmp/diarization.json

Two-channel calls are taken with --mix, mixed down to one channel. Every way is given the samples of the call and no
more: callqa finds voice activity, music and tones itself, within the time. DER is without collar, overlaps included;
the talk share error is that of the two voices that answer to rep and customer. Speed is seconds of call per second of
work, models loaded; per core: per second of processor time, which a busy machine changes less.

--stock adds pyannote.audio's own SpeakerDiarization with the same weights, segmentation-3.0 and CAM++ (agglomerative
clustering), with a window every second (its default, step 0.1 of ten seconds), every 2.5 and every 5 s; --told runs
each of these once more with the number of speakers known. The ways take turns call by call, in another order each
time: how many times faster callqa is, is the median over calls. --calls o03,o05 takes only those.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean, median
from typing import Any

import numpy as np
from machine import hardware

from callqa import truth
from callqa.audio import decode, resample
from callqa.speech import Channel
from callqa.speech.campplus import Campplus, fbank
from callqa.speech.offline import import_pyannote
from callqa.speech.pyannote import Pyannote, PyannoteOptions
from callqa.speech.sounds import events
from callqa.speech.vad import speech
from callqa.types import Span, Turn, covered, without

WEIGHTS = Path("weights")
Spans = Sequence[Sequence[Span]]
Way = Callable[[Any, int, int], Spans]  # samples (n,), their rate, how many speak: spans of each voice
OURS = "callqa"
WARM_UP = 12  # seconds of the first call, heard by every way before time is taken


@dataclass(frozen=True)
class Row:
    """One way on one call: error, talk share error (None without both sides), seconds by the clock and of processor."""

    call: str
    length: float
    der: float
    share: float | None
    wall: float
    cpu: float


def main() -> None:
    options = arguments()
    import_pyannote()
    import torch

    torch.set_num_threads(options.threads)
    diarizer = Pyannote.load(options.weights / "segmentation-3.0", options.weights / "campplus", PyannoteOptions())
    ways: dict[str, Way] = {OURS: ours(diarizer)}
    for step in options.stock:
        pipeline = stock_pipeline(options.weights, diarizer, step)
        ways |= {f"stock {step:g}": stock(pipeline, False)}
        ways |= {f"stock {step:g} told": stock(pipeline, True)} if options.told else {}
    rows: dict[str, list[Row]] = {name: [] for name in ways}
    for number, call in enumerate(calls(options)):
        sound = decode(call.audio)
        samples, shown = sound.samples.mean(axis=0), []
        for way in ways.values() if not number else ():
            way(samples[: WARM_UP * sound.rate], sound.rate, 2)
        for name in in_turn(list(ways), number):
            row = timed(ways[name], call, samples, sound.rate)
            rows[name].append(row)
            talk = "" if row.share is None else f" share {row.share:+.3f}"
            shown.append((name, f"{name}: DER {row.der:.1%}{talk} {row.length / row.wall:.1f} x"))
        print(f"{call.id:5} {call.layout:6} " + " | ".join(line for _, line in sorted(shown)), flush=True)
    told = {"hardware": hardware(), "threads": options.threads, "ways": summary(rows)}
    table(told)
    if options.json:
        options.json.write_text(json.dumps(told, indent=1), encoding="utf-8")


def arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mix", action="store_true", help="take two-channel calls too, mixed down")
    parser.add_argument("--stock", nargs="?", const=[0.1, 0.25, 0.5], default=[], type=steps, help="its steps, 0.1,0.5")
    parser.add_argument("--told", action="store_true", help="stock with the number of speakers known too")
    parser.add_argument("--calls", default="", help="only the calls whose name begins so: o03,o05")
    parser.add_argument("--threads", type=int, default=2, help="of torch; callqa's diarizer takes one")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    parser.add_argument("--json", type=Path, help="write the figures here")
    return parser.parse_args()


def steps(text: str) -> list[float]:
    return [float(step) for step in text.split(",")]


def calls(options: argparse.Namespace) -> Iterator[truth.Truth]:
    """The labelled calls in which somebody speaks: mono ones, with --mix all."""
    for path in truth.find(options.folder):
        call = truth.read(path)
        if (
            call.turns
            and (call.layout == "mono" or options.mix)
            and call.id.startswith(tuple(options.calls.split(",")))
        ):
            yield call


def in_turn(names: list[str], number: int) -> list[str]:
    """Another comes first on every call, and on every second one they come backwards."""
    order = names[number % len(names) :] + names[: number % len(names)]
    return order[::-1] if number % 2 else order


def timed(way: Way, call: truth.Truth, samples: Any, rate: int) -> Row:
    started, used = time.perf_counter(), time.process_time()
    spans = way(samples, rate, len({turn.side for turn in call.turns}))
    wall, cpu = time.perf_counter() - started, time.process_time() - used
    return Row(call.id, call.duration, der(call.turns, spans), share_error(call.turns, spans), wall, cpu)


def summary(rows: dict[str, list[Row]]) -> dict[str, dict[str, Any]]:
    first = rows[OURS]
    return {
        name: {
            "calls": len(mine),
            "der": round(fmean(row.der for row in mine), 4),
            "worst_der": round(max(row.der for row in mine), 4),
            "worst_share": round(max(abs(row.share or 0.0) for row in mine), 4),
            "x": round(sum(row.length for row in mine) / sum(row.wall for row in mine), 2),
            "x_per_core": round(sum(row.length for row in mine) / sum(row.cpu for row in mine), 2),
            "callqa_is": round(median(row.wall / ours.wall for row, ours in zip(mine, first, strict=True)), 2),
            "callqa_is_per_core": round(median(row.cpu / ours.cpu for row, ours in zip(mine, first, strict=True)), 2),
            "each": {row.call: {"der": round(row.der, 4), "x": round(row.length / row.wall, 2)} for row in mine},
        }
        for name, mine in rows.items()
    }


def table(told: dict[str, Any]) -> None:
    print(f"{told['hardware']}, torch on {told['threads']} threads")
    print(f"{'':16}{'mean DER':>9}{'worst':>8}{'share off':>10}{'x':>7}{'x/core':>8}{'callqa is':>11}{'by core':>9}")
    for name, row in told["ways"].items():
        print(
            f"{name:16}{row['der']:9.1%}{row['worst_der']:8.1%}{row['worst_share']:10.3f}{row['x']:7.1f}"
            f"{row['x_per_core']:8.1f}{row['callqa_is']:9.2f} x{row['callqa_is_per_core']:7.2f} x"
        )


def ours(diarizer: Pyannote) -> Way:
    """callqa's diarizer, with voice activity found and music and tones left out as ``listen`` does."""

    def spans(samples: Any, rate: int, speakers: int) -> Spans:
        no_talk = [event.span for event in events(samples[None], rate)]
        channel = Channel("call", samples, rate, without(speech(samples, rate), no_talk))
        (found,) = diarizer.diarize([channel])
        return found.spans

    return spans


def stock(pipeline: Callable[..., Any], told: bool) -> Way:
    """pyannote's own pipeline; ``told``: how many speak is known to it."""

    def spans(samples: Any, rate: int, speakers: int) -> Spans:
        import torch

        waveform = torch.from_numpy(resample(samples, rate, 16_000))[None]
        known = {"num_speakers": speakers} if told else {}
        result = pipeline({"waveform": waveform, "sample_rate": 16_000}, **known).speaker_diarization
        return [[Span(s.start, s.end) for s in result.label_timeline(label)] for label in result.labels()]

    return spans


def der(turns: Sequence[Turn], spans: Spans) -> float:
    from pyannote.core import Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    end = max([turn.end for turn in turns] + [span.end for mine in spans for span in mine])
    reference, found = annotation(turns), annotation_of(spans)
    return float(DiarizationErrorRate(collar=0.0)(reference, found, uem=Timeline([Segment(0, end)])))


def annotation(turns: Sequence[Turn]) -> Any:
    from pyannote.core import Annotation, Segment

    result = Annotation()
    for i, turn in enumerate(turns):
        result[Segment(turn.start, turn.end), i] = turn.side
    return result


def annotation_of(spans: Spans) -> Any:
    return annotation([Turn(f"voice {i}", s.start, s.end) for i, mine in enumerate(spans) for s in mine])  # type: ignore[arg-type]


def share_error(turns: Sequence[Turn], spans: Spans) -> float | None:
    """Error of rep / (rep + customer), each being the voice that answers to it best; None without both."""
    from pyannote.metrics.diarization import DiarizationErrorRate

    sides = {side: covered(t.span for t in turns if t.side == side) for side in ("rep", "customer")}
    if not all(sides.values()):
        return None
    voices = DiarizationErrorRate().optimal_mapping(annotation(turns), annotation_of(spans))
    talk = dict.fromkeys(sides, 0.0)
    for i, mine in enumerate(spans):
        if (side := voices.get(f"voice {i}")) in talk:
            talk[side] += covered(mine)
    return talk["rep"] / max(1e-9, sum(talk.values())) - sides["rep"] / sum(sides.values())


class StockEmbedding:
    """CAM++ as pyannote's pipeline wants an embedding: waveforms (b, 1, n) and masks (b, frames) to rows (b, 192)."""

    sample_rate, dimension, metric, min_num_samples = 16_000, 192, "cosine", 6_400

    def __init__(self, network: Campplus) -> None:
        self.network = network

    def to(self, device: Any) -> StockEmbedding:
        return self

    def __call__(self, waveforms: Any, masks: Any = None) -> Any:
        import torch

        rows = np.full((len(waveforms), self.dimension), np.nan, np.float32)
        for i, waveform in enumerate(waveforms):
            features = fbank(waveform[0])
            if masks is not None:
                centre = (torch.arange(len(features)) + 0.5) / len(features) * masks.shape[1]
                features = features[masks[i][centre.long()] > 0.5]
            if len(features) >= 40:
                with torch.inference_mode():
                    rows[i] = self.network((features - features.mean(dim=0))[None])[0].numpy()
        return rows


def stock_pipeline(weights: Path, diarizer: Pyannote, step: float) -> Callable[..., Any]:
    """pyannote's SpeakerDiarization built offline on the same two networks."""
    import_pyannote()
    import pyannote.audio.pipelines.speaker_diarization as module
    from pyannote.audio.core.plda import PLDA

    embedding = StockEmbedding(Campplus.load(weights / "campplus"))
    module.PretrainedSpeakerEmbedding = lambda *_, **__: embedding
    pipeline = module.SpeakerDiarization(
        segmentation=diarizer.segmentation.model,
        segmentation_step=step,
        embedding="campplus",
        plda=PLDA.__new__(PLDA),
        clustering="AgglomerativeClustering",
        embedding_exclude_overlap=True,
        segmentation_batch_size=16,
        embedding_batch_size=16,
    )
    # 12 windows at the step it was made for: so many seconds, whatever the step
    clustering = {"method": "centroid", "min_cluster_size": round(1.2 / step), "threshold": 0.7}
    pipeline.instantiate({"clustering": clustering, "segmentation": {"min_duration_off": 0.0}})
    return pipeline


if __name__ == "__main__":
    main()
