"""faster-whisper as its README shows it, one file after the other: a peer's process for benchmarks/peers.py.

"sequential": ``WhisperModel.transcribe(path, beam_size=5)``. "batched": ``BatchedInferencePipeline.transcribe(path,
batch_size=16)``. The README's calls mix a two-channel file down; with "channels" each channel is heard apart, as
callqa hears it. "words" asks for word times, "told" for no language detection, "vad" for sequential's voice activity.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from peer_protocol import Results, Work, one_by_one, serve, settings


def load() -> tuple[Mapping[str, Any], Work, Results]:
    import ctranslate2
    import faster_whisper
    from faster_whisper import BatchedInferencePipeline, WhisperModel, decode_audio

    told = settings()
    options = told["options"]
    model = WhisperModel(
        told["model"],
        device=told["device"],
        compute_type=told["compute"],
        cpu_threads=told["threads"],
        local_files_only=True,
    )
    given: dict[str, Any] = {"beam_size": options.get("beam", 5), "word_timestamps": "words" in options}
    if told["peer"] == "batched":
        transcribe = BatchedInferencePipeline(model=model).transcribe
        given["batch_size"] = options.get("batch", 16)
    else:
        transcribe, given["vad_filter"] = model.transcribe, "vad" in options

    def hear(call: Mapping[str, Any]) -> list[list[list[Any]]]:
        sounds: Any = [call["path"]]
        if "channels" in options and call["channels"] == 2:
            sounds = decode_audio(call["path"], split_stereo=True)
        language = {"language": call["language"]} if "told" in options else {}
        return [
            [[part.start, part.end, part.text] for part in transcribe(sound, **given, **language)[0]]
            for sound in sounds
        ]

    about = {"faster-whisper": faster_whisper.__version__, "ctranslate2": ctranslate2.__version__, **given}
    return about, *one_by_one(hear)


if __name__ == "__main__":
    serve(load)
