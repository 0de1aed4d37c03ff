"""Whatever a telephone system writes is read; whatever is no recording says why and what to do."""

import shutil
import struct
from pathlib import Path

import av
import numpy as np
import pytest
import soundfile

from callqa.audio import decode, resample, sha256
from callqa.errors import AudioError

SHARED = Path(__file__).parents[1].parent / "shared"
RATE, SECONDS = 8000, 4.0


def tone(channels=2, rate=RATE, seconds=SECONDS):
    """A pitch of its own on each channel, float32, shape (n, channels)."""
    t = np.arange(int(rate * seconds)) / rate
    return np.stack([0.3 * np.sin(2 * np.pi * (300 + 200 * c) * t) for c in range(channels)], axis=1).astype("float32")


def pitch(samples, rate):
    spectrum = np.abs(np.fft.rfft(samples * np.hanning(len(samples))))
    return float(np.argmax(spectrum) * rate / len(samples))


def by_av(path, codec, rate=RATE, layout="stereo", video=False):
    with av.open(str(path), "w") as container:
        if video:
            picture = container.add_stream("mpeg4", rate=10)
            picture.width = picture.height = 32
            picture.pix_fmt = "yuv420p"
        stream = container.add_stream(codec, rate=rate, layout=layout)
        samples = tone(1 if layout == "mono" else 2, rate)
        resampler = av.AudioResampler(stream.format.name, layout, rate, frame_size=stream.frame_size or 0)
        frame = av.AudioFrame.from_ndarray(np.ascontiguousarray(samples.reshape(1, -1)), "flt", layout)
        frame.rate = rate
        frames = [*resampler.resample(frame), *resampler.resample(None)]
        if video:
            black = av.VideoFrame(32, 32, "yuv420p")
            container.mux(picture.encode(black))
            container.mux(picture.encode(None))
        for piece in frames:
            container.mux(stream.encode(piece))
        container.mux(stream.encode(None))


@pytest.mark.parametrize(
    ("name", "subtype", "channels", "rate"),
    [
        ("pcm16.wav", "PCM_16", 2, 8000),
        ("pcm24.wav", "PCM_24", 1, 44100),
        ("pcm8.wav", "PCM_U8", 2, 11025),
        ("float.wav", "FLOAT", 2, 48000),
        ("alaw.wav", "ALAW", 2, 8000),
        ("mulaw.wav", "ULAW", 2, 8000),
        ("gsm.wav", "GSM610", 1, 8000),
        ("adpcm.wav", "IMA_ADPCM", 2, 8000),
        ("call.flac", "PCM_16", 8, 16000),
        ("call.au", "ULAW", 1, 8000),
    ],
)
def test_what_soundfile_writes(tmp_path, name, subtype, channels, rate):
    soundfile.write(tmp_path / name, tone(channels, rate), rate, subtype=subtype)
    sound = decode(tmp_path / name)
    assert sound.samples.shape[0] == channels
    assert (sound.rate, sound.file_rate) == (min(rate, 16000), rate)
    assert sound.duration == pytest.approx(SECONDS, abs=0.1)
    assert [pitch(s, sound.rate) for s in sound.samples] == pytest.approx(
        [300 + 200 * c for c in range(channels)], abs=3
    )


@pytest.mark.parametrize(
    ("name", "codec", "rate", "layout"),
    [
        ("call.mp3", "libmp3lame", 16000, "stereo"),
        ("call.opus", "libopus", 48000, "stereo"),
        ("call.ogg", "libopus", 16000, "mono"),
        ("call.m4a", "aac", 16000, "stereo"),
        ("call.mka", "pcm_mulaw", 8000, "stereo"),
        ("call.mp4", "aac", 16000, "stereo"),
    ],
)
def test_what_pyav_writes(tmp_path, name, codec, rate, layout):
    by_av(tmp_path / name, codec, rate, layout, video=name.endswith("mp4"))
    sound = decode(tmp_path / name)
    assert sound.samples.shape[0] == (1 if layout == "mono" else 2)
    assert sound.duration == pytest.approx(SECONDS, abs=0.2)
    assert pitch(sound.samples[-1], sound.rate) == pytest.approx(300 if layout == "mono" else 500, abs=3)


def test_a_wrong_suffix_does_no_harm(tmp_path):
    by_av(tmp_path / "call.mp3", "libmp3lame", 16000)
    shutil.copy(tmp_path / "call.mp3", tmp_path / "renamed.wav")
    assert decode(tmp_path / "renamed.wav").duration == pytest.approx(SECONDS, abs=0.2)


def cut(path, share):
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])


def broken(tmp_path, kind):
    path = tmp_path / f"{kind}.wav"
    soundfile.write(path, tone(), RATE, subtype="PCM_16")
    if kind == "empty":
        path.write_bytes(b"")
    elif kind == "text":
        path.write_text("Здравствуйте, запись звонка во вложении\n" * 20, encoding="utf-8")
    elif kind == "truncated":
        cut(path, 0.5)
    elif kind == "silent":
        soundfile.write(path, np.zeros((RATE, 2)), RATE)
    elif kind == "no_frames":
        soundfile.write(path, np.zeros((0, 2)), RATE)
    elif kind == "too_short":
        soundfile.write(path, tone(seconds=0.2), RATE)
    elif kind == "noise":
        path.write_bytes(np.random.default_rng(1).bytes(20_000))
    elif kind == "missing":
        path.unlink()
    elif kind == "folder":
        path.unlink()
        path.mkdir()
    return path


@pytest.mark.parametrize(
    ("kind", "code", "says"),
    [
        ("empty", "empty", "0 bytes"),
        ("no_frames", "empty", "0 seconds of sound"),
        ("text", "text", "bytes of text, no sound"),
        ("truncated", "truncated", "its header says 4.0 s, the sound ends at 2.0 s"),
        ("silent", "silent", "check the recorder"),
        ("too_short", "too_short", "0.20 s of sound, under 0.5 s"),
        ("noise", "not_audio", "no recording callqa can read"),
        ("missing", "unreadable", "No such file"),
        ("folder", "unreadable", "Is a directory"),
    ],
)
def test_what_is_no_recording_says_why(tmp_path, kind, code, says):
    path = broken(tmp_path, kind)
    with pytest.raises(AudioError) as caught:
        decode(path)
    assert caught.value.code == code
    assert says in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_truncated_container_is_told(tmp_path):
    by_av(tmp_path / "call.m4a", "aac", 16000)
    cut(tmp_path / "call.m4a", 0.5)  # its index stands at the end
    with pytest.raises(AudioError, match=r"call\.m4a"):
        decode(tmp_path / "call.m4a")


def test_ten_hours_are_refused_before_they_are_read(tmp_path):
    path = tmp_path / "long.wav"
    size = 10 * 3600 * 8000
    with path.open("wb") as file:  # a sparse file: ten hours of A-law on no disk
        file.write(
            b"RIFF" + struct.pack("<I", 36 + size) + b"WAVEfmt " + struct.pack("<IHHIIHH", 16, 6, 1, 8000, 8000, 1, 8)
        )
        file.write(b"data" + struct.pack("<I", size))
        file.truncate(44 + size)
    with pytest.raises(AudioError, match=r"10\.0 h of sound, over the limit of 6 h"):
        decode(path)


def test_a_video_without_sound_is_told(tmp_path):
    with av.open(str(tmp_path / "mute.mp4"), "w") as container:
        picture = container.add_stream("mpeg4", rate=10)
        picture.width = picture.height = 32
        picture.pix_fmt = "yuv420p"
        for _ in range(20):
            container.mux(picture.encode(av.VideoFrame(32, 32, "yuv420p")))
        container.mux(picture.encode(None))
    with pytest.raises(AudioError, match="no sound track"):
        decode(tmp_path / "mute.mp4")


def test_the_same_bytes_have_one_name(tmp_path):
    for name in ("a.wav", "b.wav"):
        (tmp_path / name).write_bytes(b"same")
    assert sha256(tmp_path / "a.wav") == sha256(tmp_path / "b.wav")


def test_resampling_keeps_pitch_and_length():
    up = resample(tone(1)[:, 0], RATE, 16000)
    assert len(up) == 2 * int(RATE * SECONDS)
    assert pitch(up, 16000) == pytest.approx(300, abs=1)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the shared recordings are not beside this checkout")
@pytest.mark.parametrize(
    ("name", "outcome"),
    [
        ("formats/big_buck_bunny_small.mp4", None),
        ("formats/common_voice_en_651325.mp3", None),
        ("formats/empty_mono.wav", "empty"),
        ("formats/incorrect_sampling_freq.wav", "empty"),
        ("formats/mono_c0.opus", None),
        ("formats/notsound.wav", "text"),
        ("formats/real_8ch.wav", "too_short"),
        ("formats/silence.wav", "silent"),
        ("formats/stereo.mp3", None),
        ("formats/stereo.opus", None),
        ("formats/stereo.sph", None),
        ("formats/stereo.wav", None),
        ("formats/test_mpeg.m4a", None),
        ("formats/unknown_sound", "text"),
        ("en_phone_call/auto_repair_40.flac", None),
    ],
)
def test_real_and_broken_files(name, outcome):
    if outcome is None:
        assert decode(SHARED / "data" / name).duration >= 0.5
        return
    with pytest.raises(AudioError) as caught:
        decode(SHARED / "data" / name)
    assert caught.value.code == outcome
