"""Sound that a browser plays: the recording itself where it can, else an exact copy as FLAC beside the report."""

from __future__ import annotations

from pathlib import Path

from callqa.audio import Sound

# what Chromium, Firefox and Safari all play; A-law, mu-law, GSM and AMR are a telephone's alone
SUFFIXES = (".mp3", ".m4a", ".mp4", ".flac", ".opus", ".ogg", ".oga", ".webm", ".aac")
PCM = ("pcm_16", "pcm_u8", "pcm_s8", "pcm_24", "pcm_s16le", "pcm_s24le", "float", "pcm_f32le")


def plays(path: Path, codec: str) -> bool:
    """Whether a browser plays this file; ``codec`` as in Recording."""
    suffix = path.suffix.lower()
    return suffix in SUFFIXES or (suffix in (".wav", ".wave") and codec.rpartition("/")[2] in PCM)


def write_copy(sound: Sound, path: Path) -> None:
    """The sound as 16-bit FLAC, whole or not at all."""
    import soundfile

    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(path.name + ".part")
    samples = sound.samples.T.clip(-1.0, 32767 / 32768)
    soundfile.write(partial, samples[:, :8], sound.rate, format="FLAC", subtype="PCM_16")
    partial.replace(path)
