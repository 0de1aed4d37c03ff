"""How well and how fast mono calls are told apart: callqa's diarizer on labelled calls, stock pyannote beside it.

    python benchmarks/diarization.py ../shared/calls --mix --stock

Two-channel calls are taken with --mix, mixed down to one channel. DER is without collar, overlaps included; the talk
share error is that of the two voices that answer to rep and customer. Speed is seconds of call per second of work,
models loaded, voice activity given; per core: per second of processor time, which a busy machine changes less. --stock
adds pyannote.audio's own SpeakerDiarization with the same weights (a window every 2.5 s, agglomerative clustering), the
number of speakers free and, in brackets, told.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--mix", action="store_true", help="take two-channel calls too, mixed down")
    parser.add_argument("--stock", action="store_true", help="run pyannote.audio's own pipeline beside it")
    parser.add_argument("--weights", type=Path, default=WEIGHTS)
    options = parser.parse_args()
    diarizer = Pyannote.load(options.weights / "segmentation-3.0", options.weights / "campplus", PyannoteOptions())
    stock = stock_pipeline(options.weights, diarizer) if options.stock else None
    rows: list[tuple[float, float]] = []
    seconds = worked = computed = 0.0
    for path in truth.find(options.folder):
        call = truth.read(path)
        if not call.turns or (call.layout == "stereo" and not options.mix):
            continue
        channel = mono(call)
        started, used = time.perf_counter(), time.process_time()
        (found,) = diarizer.diarize([channel])
        passed, computed = time.perf_counter() - started, computed + time.process_time() - used
        error, share = der(call.turns, found.spans), share_error(call.turns, found.spans)
        rows.append((error, abs(share or 0.0)))
        seconds, worked = seconds + call.duration, worked + passed
        voices = f"{len(found.spans)} voices, separation {found.separation:.2f}"
        talk = "   -  " if share is None else f"{share:+.3f}"
        speed = f"{call.duration / passed:5.1f} x"
        beside = told(stock, call, channel) if stock else ""
        print(f"{call.id:5} {call.layout:6} {voices}: DER {error:6.1%}  share {talk}  {speed}{beside}", flush=True)
    errors, shares = zip(*rows, strict=True)
    print(f"{len(rows)} calls: mean DER {np.mean(errors):.1%}, worst {max(errors):.1%}; ", end="")
    print(f"worst talk share error {max(shares):.3f}; {seconds / worked:.1f} times real time, ", end="")
    print(f"{seconds / computed:.1f} per core")


def mono(call: truth.Truth) -> Channel:
    """The call as one channel with its voice activity, music and tones left out."""
    sound = decode(call.audio)
    samples = sound.samples.mean(axis=0)
    no_talk = [event.span for event in events(samples[None], sound.rate)]
    return Channel(call.id, samples, sound.rate, without(speech(samples, sound.rate), no_talk))


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


def stock_pipeline(weights: Path, diarizer: Pyannote) -> Callable[..., Any]:
    """pyannote's SpeakerDiarization built offline on the same two networks."""
    import_pyannote()
    import pyannote.audio.pipelines.speaker_diarization as module
    from pyannote.audio.core.plda import PLDA

    embedding = StockEmbedding(Campplus.load(weights / "campplus"))
    module.PretrainedSpeakerEmbedding = lambda *_, **__: embedding
    pipeline = module.SpeakerDiarization(
        segmentation=diarizer.segmentation.model,
        segmentation_step=0.25,  # its default of 0.1 takes twice real time on two cores
        embedding="campplus",
        plda=PLDA.__new__(PLDA),
        clustering="AgglomerativeClustering",
        embedding_exclude_overlap=True,
        segmentation_batch_size=16,
        embedding_batch_size=16,
    )
    clustering = {"method": "centroid", "min_cluster_size": 5, "threshold": 0.7}  # 12, scaled with the step
    pipeline.instantiate({"clustering": clustering, "segmentation": {"min_duration_off": 0.0}})
    return pipeline


def told(pipeline: Callable[..., Any], call: truth.Truth, channel: Channel) -> str:
    import torch

    waveform = torch.from_numpy(resample(channel.samples, channel.rate, 16_000))[None]
    found = []
    for speakers in ({}, {"num_speakers": len({turn.side for turn in call.turns})}):
        started = time.perf_counter()
        result = pipeline({"waveform": waveform, "sample_rate": 16_000}, **speakers).speaker_diarization
        passed = time.perf_counter() - started
        spans = [[Span(s.start, s.end) for s in result.label_timeline(label)] for label in result.labels()]
        found.append(f"{der(call.turns, spans):.1%}, {call.duration / passed:.1f} x")
    return f"   stock {found[0]} ({found[1]})"


if __name__ == "__main__":
    main()
