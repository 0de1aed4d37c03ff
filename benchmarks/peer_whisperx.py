"""WhisperX as its README shows it, without alignment: a peer's process for benchmarks/peers.py, in its own environment.

    python3 -m venv /tmp/whisperx && /tmp/whisperx/bin/pip install --requirement requirements/benchmarks.txt

``whisperx.load_model(folder, device, compute_type)`` takes the folder of the same weights, and its voice activity
(pyannote's, the default) comes inside its package, so nothing is fetched; Silero's would be, by torch.hub. Alignment
and diarization need weights of their own and are left out, which makes WhisperX faster than it is for its users. Its
load_audio runs the ffmpeg command; here PyAV (the same libraries) reads the file, mixed down or by "channels" apart.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from importlib.metadata import version
from typing import Any

from peer_protocol import Results, Work, one_by_one, serve, settings


def load() -> tuple[Mapping[str, Any], Work, Results]:
    told = settings()
    os.environ |= {"HF_HUB_OFFLINE": "1", "PYANNOTE_METRICS_ENABLED": "0"}
    import torch
    import whisperx
    from faster_whisper import decode_audio

    torch.set_num_threads(told["threads"])
    options = told["options"]
    model = whisperx.load_model(
        told["model"],
        told["device"],
        compute_type=told["compute"],
        threads=told["threads"],
        asr_options={"beam_size": options.get("beam", 5)},
        local_files_only=True,
    )
    batch = options.get("batch", 16)

    def hear(call: Mapping[str, Any]) -> list[list[list[Any]]]:
        apart = "channels" in options and call["channels"] == 2
        sounds = decode_audio(call["path"], split_stereo=True) if apart else [decode_audio(call["path"])]
        language = {"language": call["language"]} if "told" in options else {}
        return [
            [
                [s["start"], s["end"], s["text"]]
                for s in model.transcribe(sound, batch_size=batch, **language)["segments"]
            ]
            for sound in sounds
        ]

    versions = {name: version(name) for name in ("whisperx", "faster-whisper", "ctranslate2", "torch")}
    return {**versions, "batch_size": batch, "beam_size": options.get("beam", 5)}, *one_by_one(hear)


if __name__ == "__main__":
    serve(load)
