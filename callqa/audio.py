"""Reads whatever a telephone system writes: a file in, float samples out, or the reason why not."""

from __future__ import annotations

import codecs
import hashlib
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callqa.errors import AudioError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Samples = NDArray[np.float32]
else:
    Samples = Any

TOP_RATE = 16_000  # nothing downstream hears more; a 48 kHz file is brought down while it is read
SILENT = 10 ** (-80 / 20)  # peak under -80 dBFS: a dead line, no analogue one is that quiet
TRUNCATED_SECONDS = 1.0
TYPES = (
    ".wav .wave .mp3 .ogg .oga .opus .m4a .aac .mp4 .m4v .mov .mkv .webm .avi .3gp .flac .amr .awb .gsm .sph .nist "
    ".au .snd .aif .aiff .wma .wv .caf .mka .ulaw .alaw .vox .w64 .mp2"
)
SUFFIXES = frozenset(TYPES.split())
# libsndfile decodes opus at 48 kHz, 2.6 times slower, and its mp3 decoder writes to the terminal
BY_AV = frozenset((".opus", ".ogg", ".oga", ".mp3"))


@dataclass(frozen=True, slots=True)
class Sound:
    """Decoded sound: ``samples`` float32 in -1..1, shape (channels, n), at ``rate`` Hz.

    ``rate`` is the file's own (``file_rate``), at most 16 kHz; ``codec`` is the decoder's name of the format.
    """

    samples: Samples
    rate: int
    file_rate: int
    codec: str

    @property
    def duration(self) -> float:
        return float(self.samples.shape[1] / self.rate)


def sha256(path: Path) -> str:
    """Hash of the file's bytes: a recording's identity."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise AudioError(str(path), "unreadable", f"cannot be read: {error.strerror or error}") from error


def decode(path: Path, max_hours: float = 6.0, min_seconds: float = 0.5) -> Sound:
    """The sound of one file, all its channels.

    Raises AudioError with a code: empty, not_audio, text, no_sound_track, unreadable, truncated, too_long, too_short,
    silent.
    """
    _check_bytes(path)
    declared = _riff_shortfall(path)
    if declared is not None:
        raise _truncated(path, *declared)
    sound = _by_soundfile(path, max_hours) or _by_av(path, max_hours)
    if sound.samples.shape[1] == 0:
        raise AudioError(str(path), "empty", "0 seconds of sound in it; set aside, nothing to score")
    if sound.duration < min_seconds:
        raise AudioError(str(path), "too_short", f"{sound.duration:.2f} s of sound, under {min_seconds:g} s; set aside")
    if float(abs(sound.samples).max()) < SILENT:
        raise AudioError(
            str(path), "silent", f"{sound.duration:.0f} s of digital silence on every channel; check the recorder"
        )
    return sound


def resample(samples: Samples, rate: int, to: int) -> Samples:
    """One channel, shape (n,), at another rate."""
    if rate == to:
        return samples
    import soxr

    resampled: Samples = soxr.resample(samples, rate, to, quality="HQ")
    return resampled


def _check_bytes(path: Path) -> None:
    try:
        with path.open("rb") as file:
            head = file.read(512)
        size = path.stat().st_size
    except OSError as error:
        raise AudioError(str(path), "unreadable", f"cannot be read: {error.strerror or error}") from error
    if size == 0:
        raise AudioError(str(path), "empty", "0 bytes; set aside, copy the recording again")
    if _is_text(head):
        raise AudioError(str(path), "text", f"{size} bytes of text, no sound; set aside, find the real recording")


def _is_text(head: bytes) -> bool:
    # sphere and AMR headers are text too
    if head.startswith((b"NIST_1A", b"#!AMR", b"RIFF", b"fLaC", b"OggS")):
        return False
    try:
        # not final: the head may end in the middle of a Cyrillic letter
        decoded = codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError:
        return False
    return all(char.isprintable() or char in "\r\n\t" for char in decoded)


def _riff_shortfall(path: Path) -> tuple[float, float] | None:
    """(seconds declared, seconds there) of a wav that was cut off, else None."""
    with path.open("rb") as file:
        if file.read(4) != b"RIFF" or file.seek(8) != 8 or file.read(4) != b"WAVE":
            return None
        per_second, size = 0, path.stat().st_size
        while len(chunk := file.read(8)) == 8:
            name, length = struct.unpack("<4sI", chunk)
            if name == b"fmt " and length >= 16:
                per_second = struct.unpack("<HHIIHH", file.read(16))[3]
                length -= 16
            elif name == b"data":
                there = size - file.tell()
                open_ended = length in (0, 0xFFFFFFFF) or length >= 0x7FFFF000  # a recorder that writes to a pipe
                short = per_second and not open_ended and length - there > TRUNCATED_SECONDS * per_second
                return (length / per_second, there / per_second) if short else None
            file.seek(length + length % 2, 1)
    return None


def _truncated(path: Path, declared: float, there: float) -> AudioError:
    problem = f"cut off: its header says {declared:.1f} s, the sound ends at {there:.1f} s; set aside, copy it again"
    return AudioError(str(path), "truncated", problem)


def _too_long(path: Path, seconds: float, max_hours: float) -> AudioError:
    hours = f"{seconds / 3600:.1f} h of sound, over the limit of {max_hours:g} h"
    return AudioError(str(path), "too_long", f"{hours}; set aside, raise intake.max_hours if it is a call")


def _by_soundfile(path: Path, max_hours: float) -> Sound | None:
    """soundfile is two to three times faster than PyAV on wav and flac; what it cannot read goes to PyAV."""
    import soundfile

    if path.suffix.lower() in BY_AV:
        return None
    try:
        with soundfile.SoundFile(str(path)) as file:
            if file.frames / file.samplerate > max_hours * 3600:
                raise _too_long(path, file.frames / file.samplerate, max_hours)
            samples = _joined(_blocks(file), file.samplerate, file.channels)
            declared = file.frames / file.samplerate
            codec = f"{file.format.lower()}/{file.subtype.lower()}"
            rate = file.samplerate
    except soundfile.LibsndfileError:
        return None
    sound = Sound(samples, min(rate, TOP_RATE), rate, codec)
    if declared - sound.duration > TRUNCATED_SECONDS:
        raise _truncated(path, declared, sound.duration)
    return sound


def _blocks(file: Any) -> Iterator[Samples]:
    while True:
        block = file.read(1 << 18, dtype="float32", always_2d=True)
        if not len(block):
            return
        yield block


def _joined(blocks: Iterator[Samples], rate: int, channels: int) -> Samples:
    """Blocks of shape (n, channels) as one array (channels, n), brought down to TOP_RATE on the way."""
    import numpy as np
    import soxr

    stream = soxr.ResampleStream(rate, TOP_RATE, channels, dtype="float32") if rate > TOP_RATE else None
    parts = [stream.resample_chunk(block) if stream else block for block in blocks]
    if stream:
        parts.append(stream.resample_chunk(np.zeros((0, channels), np.float32), last=True))
    parts = [part.reshape(-1, channels) for part in parts]
    whole = np.concatenate(parts) if parts else np.zeros((0, channels), np.float32)
    return np.ascontiguousarray(np.clip(np.nan_to_num(whole), -1.0, 1.0).T)


def _by_av(path: Path, max_hours: float) -> Sound:
    import av
    import av.error
    import av.logging

    av.logging.set_level(av.logging.PANIC)
    try:
        with av.open(str(path), metadata_errors="ignore") as container:
            if not container.streams.audio:
                raise AudioError(str(path), "no_sound_track", "no sound track in it; set aside")
            stream = container.streams.audio[0]
            declared = container.duration / av.time_base if container.duration else None
            if declared and declared > max_hours * 3600:
                raise _too_long(path, declared, max_hours)
            blocks = _av_blocks(path, container, stream, max_hours)
            samples = _joined(blocks, stream.rate, stream.channels)
            sound = Sound(samples, min(stream.rate, TOP_RATE), stream.rate, stream.codec_context.name)
    except (av.error.FFmpegError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise AudioError(str(path), "not_audio", f"no recording callqa can read ({reason}); set aside") from error
    # only containers that index their packets know their length; a bit-rate guess (mp3, aac) is no promise
    promised = declared if container.format.name.startswith(("mov", "matroska", "flac", "w64", "wav")) else None
    if promised and promised - sound.duration > max(TRUNCATED_SECONDS, 0.02 * promised):
        raise _truncated(path, promised, sound.duration)
    return sound


def _av_blocks(path: Path, container: Any, stream: Any, max_hours: float) -> Iterator[Samples]:
    import av
    import numpy as np

    to_float = av.AudioResampler(format="flt", layout=stream.layout.name, rate=stream.rate)
    by_time = stream.codec_context.name.startswith("amr")  # frames that DTX left out must stay as silence
    done = 0
    for frame in _frames(container, stream):
        if by_time and frame.pts is not None:
            gap = round(float(frame.pts * frame.time_base) * stream.rate) - done
            if gap >= frame.samples:
                done += gap
                yield np.zeros((gap, stream.channels), np.float32)
        for block in to_float.resample(frame):
            samples = block.to_ndarray().reshape(-1, stream.channels).astype(np.float32, copy=False)
            done += len(samples)
            yield samples
        if done / stream.rate > max_hours * 3600:
            raise _too_long(path, done / stream.rate, max_hours)


def _frames(container: Any, stream: Any) -> Iterator[Any]:
    """Decoded frames; a packet that cannot be decoded is passed over, as a telephone would."""
    import av.error

    bad = good = 0
    for packet in container.demux(stream):
        try:
            frames = packet.decode()
        except av.error.FFmpegError as error:
            bad += 1
            if bad > 50 + good:
                raise error
            continue
        good += len(frames)
        yield from frames
