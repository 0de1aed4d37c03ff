"""Whisper's encoder in bfloat16, for a processor that multiplies matrices of it (Intel's AMX); CTranslate2's weights.

There it takes a third of the time of CTranslate2's int8 and stays nearer to the weights (docs/decisions/0014). A window
is encoded by itself on one thread, so neither what is beside it in a batch nor the number of cores changes it.

The network: Radford et al., Robust Speech Recognition via Large-Scale Weak Supervision (2022), 2.2. The file's layout:
``serialize`` in ctranslate2.specs.model_spec, binary version 6.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from importlib.util import find_spec
from itertools import count, takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from callqa.errors import ModelError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from torch import Tensor

    Samples = NDArray[np.float32]
    Weights = Mapping[str, NDArray[Any]]
else:
    Samples = Weights = Tensor = Any

FILE = "model.bin"
VERSION = 6
KINDS = ("float32", "int8", "int16", "int32", "float16")  # by their number in the file
PROCESSOR = Path("/proc/cpuinfo")


def suits() -> bool:
    """Whether this machine has the instructions, and torch."""
    return find_spec("torch") is not None and PROCESSOR.is_file() and "amx_bf16" in PROCESSOR.read_text().split()


class Encoder:
    """``weights`` by CTranslate2's names, the encoder's alone; ``threads`` windows are encoded side by side."""

    def __init__(self, weights: Weights, threads: int = 1) -> None:
        import torch

        self.threads = threads

        def tensor(name: str) -> Tensor:
            return torch.from_numpy(floats(weights, f"encoder/{name}")).bfloat16()

        def pair(name: str, kind: tuple[str, str] = ("weight", "bias")) -> tuple[Tensor, Tensor]:
            return tensor(f"{name}/{kind[0]}"), tensor(f"{name}/{kind[1]}")

        def norm(name: str) -> tuple[Tensor, Tensor]:
            return pair(f"{name}/layer_norm", ("gamma", "beta"))

        present = takewhile(lambda n: f"encoder/layer_{n}/ffn/linear_0/weight" in weights, count())
        self.layers = [
            (
                norm(f"layer_{n}/self_attention"),
                pair(f"layer_{n}/self_attention/linear_0"),
                pair(f"layer_{n}/self_attention/linear_1"),
                norm(f"layer_{n}/ffn"),
                pair(f"layer_{n}/ffn/linear_0"),
                pair(f"layer_{n}/ffn/linear_1"),
            )
            for n in present
        ]
        self.heads = int(weights["encoder/num_heads"])
        self.first, self.second = pair("conv1"), pair("conv2")
        self.places = tensor("position_encodings/encodings")
        self.last = pair("layer_norm", ("gamma", "beta"))

    @classmethod
    def load(cls, folder: Path, threads: int = 1) -> Encoder:
        """Raises ModelError for a file of another kind."""
        try:
            return cls(read(folder / FILE, lambda name: name.startswith("encoder/")), threads)
        except (KeyError, ValueError, struct.error) as error:
            cure = 'encoder = "ctranslate2" does without'
            raise ModelError(folder.name, f"not a Whisper that this encoder knows ({error}); {cure}") from error

    def __call__(self, features: Samples) -> Samples:
        """(windows, mels, frames) to (windows, frames / 2, width)."""
        import numpy as np
        import torch

        def encoded(window: Samples) -> Samples:
            with torch.inference_mode():
                return self._window(torch.from_numpy(window).bfloat16()).float().numpy()

        # torch counts its threads by the thread that calls: the diarizer's are its own
        with ThreadPoolExecutor(self.threads, "encoder", torch.set_num_threads, (1,)) as pool:
            return np.stack(list(pool.map(encoded, features)))

    def _window(self, features: Tensor) -> Tensor:
        from torch.nn import functional as nn

        x = nn.gelu(nn.conv1d(features[None], *self.first, padding=1))
        x = nn.gelu(nn.conv1d(x, *self.second, padding=1, stride=2))[0].T
        x = x + self.places[: len(x)]
        length, width = x.shape
        for before, together, out, between, wide, narrow in self.layers:
            parts = nn.linear(nn.layer_norm(x, (width,), *before), *together)
            query, key, value = parts.view(length, 3, self.heads, -1).permute(1, 2, 0, 3)[:, None]
            seen = nn.scaled_dot_product_attention(query, key, value)[0].transpose(0, 1).reshape(length, width)
            x = x + nn.linear(seen, *out)
            x = x + nn.linear(nn.gelu(nn.linear(nn.layer_norm(x, (width,), *between), *wide)), *narrow)
        return nn.layer_norm(x, (width,), *self.last)


def floats(weights: Weights, name: str) -> Samples:
    """A variable as float32; a matrix kept as int8 has a scale a row."""
    import numpy as np

    found = weights[name].astype(np.float32)
    scale = weights.get(f"{name}_scale")
    return found if scale is None else found / scale.astype(np.float32).reshape(-1, *[1] * (found.ndim - 1))


def read(path: Path, wanted: Callable[[str], bool]) -> Weights:
    """Variables of a CTranslate2 model by their names. Raises ValueError for another layout or a file cut short."""
    import numpy as np

    with path.open("rb") as file:
        version, kind, _ = _number(file, "I"), _text(file), _number(file, "I")
        if (version, kind) != (VERSION, "WhisperSpec"):
            raise ValueError(f"{kind}, layout {version}")
        found = {}
        for _ in range(_number(file, "I")):
            name = _text(file)
            shape = [_number(file, "I") for _ in range(_number(file, "B"))]
            dtype, size = KINDS[_number(file, "B")], _number(file, "I")
            if wanted(name):
                found[name] = np.frombuffer(file.read(size), dtype).reshape(shape)
            else:
                file.seek(size, 1)
        return found


def _number(file: BinaryIO, form: str) -> int:
    return int(struct.unpack(f"<{form}", file.read(struct.calcsize(form)))[0])


def _text(file: BinaryIO) -> str:
    return file.read(_number(file, "H")).rstrip(b"\0").decode()
