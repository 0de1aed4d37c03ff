"""Recognisers so small that a test makes them: letters are tones, in the very files that onnx-asr expects.

Each kind's own front end (mel bands; T-one's raw samples) and way of decoding (CTC, transducer) is at work; only the
network between them is one layer of filters set by hand. A transducer here does not write a letter twice in a row.
"""

import json

import numpy as np
from onnx import TensorProto, helper, numpy_helper, save

from callqa.models import Onnx

TONES = {" ": 400, "а": 700, "б": 1100, "в": 1600, "г": 2300, "д": 2900, "f": 3500}  # Hz, all within a telephone's band
LETTER, GAP = 0.12, 0.06  # seconds
LETTERS, BLANK = tuple(TONES), len(TONES)
FLOAT, HALF, INT32, INT64 = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.INT32, TensorProto.INT64


def said(text, rate):
    """The sound of a text: each letter a tone and a short silence, over the noise of a line; "_" is a silence."""
    clock = np.arange(int(LETTER * rate)) / rate
    swell = 0.3 * np.minimum(1, np.minimum(clock, clock[::-1]) / 0.01)
    silence = np.zeros(int(GAP * rate))
    tones = [np.concatenate([swell * np.sin(2 * np.pi * TONES.get(letter, 0) * clock), silence]) for letter in text]
    sound = np.concatenate([silence, *tones])
    return (sound + 0.001 * np.random.default_rng(0).standard_normal(len(sound))).astype(np.float32)


def gigaam(folder):
    """GigaAM's CTC: 64 mel bands of 16 kHz, four frames a step."""
    from onnx_asr.preprocessors.numpy_preprocessor import GigaamPreprocessorNumpy

    _vocabulary(folder / "v3_vocab.txt")
    (folder / "config.json").write_text('{"model_type": "gigaam", "version": "v3"}')
    steps = [
        *_letters("features", "heard", stride=4),
        ("Transpose", ["heard"], "steps", {"perm": [0, 2, 1]}),
        ("LogSoftmax", ["steps"], "log_probs", {"axis": -1}),
    ]
    inputs = {"features": (FLOAT, ["b", 64, "t"]), "feature_lengths": (INT64, ["b"])}
    constants = _filters(GigaamPreprocessorNumpy("gigaam_v3"), threshold=-2)
    _write(folder / "v3_ctc.onnx", steps, inputs, {"log_probs": FLOAT}, constants)
    return Onnx("gigaam-v3-ctc", ("ru",))


def t_one(folder):
    """T-one's CTC: 2400 samples of 8 kHz at a time, ten steps of them, and a state handed on."""
    about = {
        "decoder_params": {"vocabulary": LETTERS},
        "pad_token_id": BLANK,
        "encoder_params": {"reduction_kernel_size": 3},
    }
    (folder / "config.json").write_text(json.dumps(about))
    phase = np.arange(240)[:, None] / 8000 * 2 * np.pi * np.array(list(TONES.values()))
    window = np.hanning(240)[:, None] / 32767
    constants = {
        "frames": np.array([0, 10, 240]),
        "cosine": (window * np.cos(phase)).astype(np.float32),
        "sine": (window * np.sin(phase)).astype(np.float32),
        "least": np.array([1e-6], np.float32),
        "sides": np.array([0, 0, 0, 0, 0, 1]),
        "threshold": np.array(3.5, np.float32),
    }
    steps = [
        ("Cast", ["signal"], "wave", {"to": FLOAT}),
        ("Reshape", ["wave", "frames"], "framed", {}),
        ("MatMul", ["framed", "cosine"], "x", {}),
        ("MatMul", ["framed", "sine"], "y", {}),
        ("Mul", ["x", "x"], "x2", {}),
        ("Mul", ["y", "y"], "y2", {}),
        ("Sum", ["x2", "y2", "least"], "power", {}),
        ("Log", ["power"], "level", {}),
        ("Pad", ["level", "sides", "threshold"], "steps", {}),
        ("LogSoftmax", ["steps"], "logprobs", {"axis": -1}),
        ("Identity", ["state"], "state_next", {}),
    ]
    inputs = {"signal": (INT32, ["b", 2400, 1]), "state": (HALF, ["b", 4])}
    _write(folder / "model.onnx", steps, inputs, {"logprobs": FLOAT, "state_next": HALF}, constants)
    return Onnx("t-tech/t-one", ("ru",))


def vosk(folder):
    """Vosk's transducer: 80 Kaldi bands, four frames a step, the last token seen by a decoder of its own."""
    from onnx_asr.preprocessors.numpy_preprocessor import KaldiPreprocessorNumpy

    (folder / "am").mkdir()
    _vocabulary(folder / "am" / "tokens.txt")
    bands = [
        ("Transpose", ["x"], "features", {"perm": [0, 2, 1]}),
        *_letters("features", "heard", stride=4),
        ("Transpose", ["heard"], "encoder_out", {"perm": [0, 2, 1]}),
        *_steps_of("x_lens", "encoder_out_lens"),
    ]
    constants = _filters(KaldiPreprocessorNumpy("kaldi"), threshold=0, bands_last=True) | _counts(4)
    inputs = {"x": (FLOAT, ["b", "t", 80]), "x_lens": (INT64, ["b"])}
    outputs = {"encoder_out": FLOAT, "encoder_out_lens": INT64}
    _write(folder / "am" / "encoder.onnx", bands, inputs, outputs, constants)
    last = [("Gather", ["y", "last"], "token", {"axis": 1}), ("Gather", ["not_again", "token"], "decoder_out", {})]
    constants = {"last": np.array(1), "not_again": _not_again()}
    _write(folder / "am" / "decoder.onnx", last, {"y": (INT64, [1, 2])}, {"decoder_out": FLOAT}, constants)
    both = {"encoder_out": (FLOAT, [1, BLANK + 1]), "decoder_out": (FLOAT, [1, BLANK + 1])}
    _write(folder / "am" / "joiner.onnx", [("Add", list(both), "logit", {})], both, {"logit": FLOAT}, {})
    return Onnx("vosk", ("ru",))


def parakeet(folder):
    """Parakeet's transducer: 128 normed bands, eight frames a step, and how far to go on said with every token."""
    from onnx_asr.preprocessors.numpy_preprocessor import NemoPreprocessorNumpy

    _vocabulary(folder / "vocab.txt")
    (folder / "config.json").write_text('{"features_size": 128, "subsampling_factor": 8}')
    bands = [
        *_letters("audio_signal", "outputs", stride=8),
        *_steps_of("length", "encoded_lengths"),
    ]
    constants = _filters(NemoPreprocessorNumpy("nemo128"), threshold=2.1) | _counts(8)
    inputs = {"audio_signal": (FLOAT, ["b", 128, "t"]), "length": (INT64, ["b"])}
    outputs = {"outputs": FLOAT, "encoded_lengths": INT64}
    _write(folder / "encoder-model.onnx", bands, inputs, outputs, constants)
    joint = [
        ("Transpose", ["encoder_outputs"], "step", {"perm": [0, 2, 1]}),
        ("Gather", ["not_again", "targets"], "said", {}),
        ("Add", ["step", "said"], "tokens", {}),
        ("Concat", ["tokens", "go_on"], "outputs", {"axis": 2}),
        ("Identity", ["input_states_1"], "output_states_1", {}),
        ("Identity", ["input_states_2"], "output_states_2", {}),
    ]
    states = {f"input_states_{i}": (FLOAT, [1, 1, 4]) for i in (1, 2)}
    inputs = {
        "encoder_outputs": (FLOAT, [1, BLANK + 1, 1]),
        "targets": (INT32, [1, 1]),
        "target_length": (INT32, [1]),
        **states,
    }
    outputs = {"outputs": FLOAT, "output_states_1": FLOAT, "output_states_2": FLOAT}
    constants = {"not_again": _not_again(), "go_on": np.array([[[0, 9, 0, 0, 0]]], np.float32)}
    _write(folder / "decoder_joint-model.onnx", joint, inputs, outputs, constants)
    return Onnx("nemo-parakeet-tdt-0.6b-v3", ("ru", "en"))


MAKERS = {"gigaam": gigaam, "t-one": t_one, "vosk": vosk, "parakeet": parakeet}


def _vocabulary(file):
    tokens = [*("▁" if letter == " " else letter for letter in LETTERS), "<blk>"]
    file.write_text("".join(f"{token} {i}\n" for i, token in enumerate(tokens)), encoding="utf-8")


def _filters(bands, threshold, bands_last=False):
    """What ``_letters`` needs: for each letter the band in which its tone is the loudest."""
    weights = []
    for frequency in TONES.values():
        tone = (0.3 * np.sin(2 * np.pi * frequency * np.arange(8000) / 16000)).astype(np.float32)
        tone[:4000] = 0  # what norms its features wants silence beside the tone
        features, _ = bands(tone[None], np.array([len(tone)]))
        loud = features[0] if bands_last else features[0].T
        weights.append(np.eye(loud.shape[1], dtype=np.float32)[loud[37].argmax()])
    return {
        "filters": 4 * np.stack(weights)[:, :, None],
        "threshold": np.array(4 * threshold, np.float32),
        "sure": np.array(10, np.float32),
    }


def _letters(bands, heard, stride):
    """A step hears the letter whose band is the loudest, and nothing where none is louder than the threshold."""
    return [
        ("Conv", [bands, "filters"], "loudness", {"strides": [stride]}),
        ("ReduceMax", ["loudness"], "loudest", {"axes": [1]}),
        ("Sub", ["threshold", "loudest"], "nothing", {}),
        ("LogSoftmax", ["loudness"], "likely", {"axis": 1}),
        ("Mul", ["likely", "sure"], "letters", {}),
        ("Concat", ["letters", "nothing"], heard, {"axis": 1}),
    ]


def _steps_of(frames, steps):
    return [
        ("Sub", [frames, "one"], "before", {}),
        ("Div", ["before", "stride"], "whole", {}),
        ("Add", ["whole", "one"], steps, {}),
    ]


def _counts(stride):
    return {"one": np.array([1]), "stride": np.array([stride])}


def _not_again():
    """What is added to a step's letters, by the last letter written."""
    table = -100 * np.eye(BLANK + 1, dtype=np.float32)
    table[BLANK, BLANK] = 0
    return table


def _write(file, steps, inputs, outputs, constants):
    """An ONNX file of ``steps``: (operator, inputs, output, attributes)."""
    graph = helper.make_graph(
        [helper.make_node(kind, given, [made], **attributes) for kind, given, made, attributes in steps],
        file.stem,
        [helper.make_tensor_value_info(name, kind, shape) for name, (kind, shape) in inputs.items()],
        [helper.make_tensor_value_info(name, kind, None) for name, kind in outputs.items()],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in constants.items()],
    )
    save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9), file)
