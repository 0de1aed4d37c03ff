"""Whisper's encoder in bfloat16: the same network as CTranslate2's, read from its file."""

import struct

import numpy as np
import pytest
from speech_models import missing

from callqa import errors, models
from callqa.speech import encoder
from callqa.speech.encoder import Encoder, floats, read
from callqa.speech.whisper import Whisper, WhisperOptions

pytest.importorskip("torch", reason="the extra diarize is not installed")
WEIGHTS = missing("whisper-base")
needs_weights = pytest.mark.skipif(bool(WEIGHTS), reason=WEIGHTS or "-")


@pytest.fixture(scope="module")
def own():
    return Encoder.load(models.path("whisper-base"))


def features(frames, count=1):
    """Of noise that swells: no two windows alike."""
    return np.random.default_rng(frames).normal(0, 0.5, (count, 80, frames)).astype(np.float32).clip(-1, 1.5)


@needs_weights
@pytest.mark.parametrize("frames", [1000, 1600, 3000])
def test_it_is_nearer_to_the_exact_values_than_int8(own, frames):
    from faster_whisper import WhisperModel

    exact, eight = (
        WhisperModel(str(models.path("whisper-base")), device="cpu", compute_type=kind, local_files_only=True)
        for kind in ("float32", "int8")
    )
    given = features(frames)
    true, rough, mine = np.asarray(exact.encode(given)), np.asarray(eight.encode(given)), own(given)
    assert mine.shape == true.shape == (1, frames // 2, 512)
    assert mine.dtype == np.float32
    assert np.abs(mine - true).mean() < np.abs(rough - true).mean()
    assert np.abs(mine - true).mean() < 0.05 * np.abs(true).mean()


@needs_weights
def test_a_window_is_encoded_the_same_alone_and_among_others(own):
    given = features(1200, 3)
    together = own(given)
    assert all(np.array_equal(together[n : n + 1], own(given[n : n + 1])) for n in range(3))


@needs_weights
def test_the_number_of_threads_changes_nothing_and_is_not_left_behind(own):
    import torch

    given, before = features(2200, 2), torch.get_num_threads()
    torch.set_num_threads(2)
    try:
        two = Encoder.load(models.path("whisper-base"), 2)(given)
        assert torch.get_num_threads() == 2
        torch.set_num_threads(1)
        assert np.array_equal(two, own(given))
    finally:
        torch.set_num_threads(before)


def test_a_matrix_of_int8_is_read_with_its_scales():
    weights = {"a": np.array([[10, -20], [3, 6]], np.int8), "a_scale": np.array([10.0, 3.0], np.float32)}
    assert floats(weights, "a").tolist() == [[1.0, -2.0], [1.0, 2.0]]
    assert floats({"a": np.array([0.5], np.float16)}, "a").tolist() == [0.5]


def written(path, version=6, kind=b"WhisperSpec"):
    name = b"encoder/num_heads"
    text = struct.pack("<I", version) + struct.pack("<H", len(kind) + 1) + kind + b"\0" + struct.pack("<I", 3)
    text += struct.pack("<I", 1) + struct.pack("<H", len(name) + 1) + name + b"\0" + struct.pack("<BBI", 0, 2, 2)
    path.write_bytes(text + struct.pack("<h", 8))
    return path


def test_a_variable_without_dimensions_is_read(tmp_path):
    assert read(written(tmp_path / "model.bin"), lambda name: True) == {"encoder/num_heads": 8}
    assert read(tmp_path / "model.bin", lambda name: False) == {}


@pytest.mark.parametrize(
    ("make", "problem"),
    [
        (lambda path: written(path, version=7), "WhisperSpec, layout 7"),
        (lambda path: written(path, kind=b"TransformerSpec"), "TransformerSpec, layout 6"),
        (written, "encoder/"),  # what is there is no whole encoder
        (lambda path: path.write_bytes(b"\x06\0"), "unpack"),
        (lambda path: path.write_bytes(written(path).read_bytes()[:-1]), "buffer|reshape|cannot"),
    ],
)
def test_a_file_of_another_kind_is_told_and_automatically_left_to_ctranslate2(
    tmp_path, monkeypatch, caplog, make, problem
):
    from callqa.speech.whisper import _own_encoder

    make(tmp_path / "model.bin")
    with pytest.raises(errors.ModelError, match=problem):
        Encoder.load(tmp_path)
    monkeypatch.setattr(encoder, "suits", lambda: True)
    assert _own_encoder(tmp_path, WhisperOptions()) is None
    assert 'encoder = "ctranslate2"' in caplog.text
    with pytest.raises(errors.ModelError):
        _own_encoder(tmp_path, WhisperOptions(encoder="bfloat16"))


@needs_weights
@pytest.mark.parametrize("flags", ["fpu amx_bf16 avx2", "fpu avx2"])
def test_the_machine_decides_unless_told(tmp_path, monkeypatch, flags):
    monkeypatch.setattr(encoder, "PROCESSOR", tmp_path / "cpuinfo")
    (tmp_path / "cpuinfo").write_text(f"processor : 0\nflags : {flags}\n")
    folder = models.path("whisper-base")
    assert (Whisper.load(folder, WhisperOptions()).own is not None) == ("amx_bf16" in flags)
    assert Whisper.load(folder, WhisperOptions(encoder="ctranslate2")).own is None
    assert Whisper.load(folder, WhisperOptions(encoder="bfloat16")).own is not None
