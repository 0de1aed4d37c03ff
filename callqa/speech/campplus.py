"""What a voice sounds like, as 192 numbers: the CAM++ speaker network and its filter bank, in plain torch.

Architecture: Wang et al., "CAM++", Interspeech 2023; layer names follow the weights of 3D-Speaker (Apache-2.0).
"""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.nn import functional

RATE = 16_000
HOP = 160  # samples, 10 ms
WINDOW = 400  # samples, 25 ms
BANDS = 80
DIMENSION = 192
WEIGHTS = "campplus_cn_en_common.pt"
_FFT = 512
_LOWEST_HZ = 20.0
_GROWTH = 32
_SEGMENT = 100  # frames over which a masking layer looks around itself
_BLOCKS = ((12, 1), (24, 2), (16, 2))  # layers, dilation


def fbank(samples: Tensor) -> Tensor:
    """Log mel energies of samples (n,) at 16 kHz: shape (frames, 80), a frame every 10 ms, as Kaldi computes them.

    No dither, no mean subtraction; under 25 ms of sound there are no frames.
    """
    if len(samples) < WINDOW:
        return samples.new_zeros((0, BANDS))
    window, mel = _povey(), _mel()
    blocks = []
    for first in range(0, len(samples) - WINDOW + 1, 6000 * HOP):  # a minute at a time keeps an hour's call small
        frames = samples[first : first + 5999 * HOP + WINDOW].unfold(0, WINDOW, HOP)
        frames = frames - frames.mean(dim=1, keepdim=True)
        before = torch.cat([frames[:, :1], frames[:, :-1]], dim=1)
        spectrum = torch.fft.rfft((frames - 0.97 * before) * window, n=_FFT).abs().square()
        blocks.append(torch.log((spectrum[:, :-1] @ mel).clamp(min=torch.finfo(torch.float32).eps)))
    return torch.cat(blocks)


@lru_cache
def _povey() -> Tensor:
    return torch.hann_window(WINDOW, periodic=False).pow(0.85)


@lru_cache
def _mel() -> Tensor:
    """Triangles, equally wide on the mel scale, shape (256, 80)."""

    def to_mel(hertz: Tensor) -> Tensor:
        return 1127.0 * torch.log(1.0 + hertz / 700.0)

    edges = to_mel(torch.tensor([_LOWEST_HZ, RATE / 2], dtype=torch.float64))
    corners = torch.linspace(float(edges[0]), float(edges[1]), BANDS + 2, dtype=torch.float64)
    bins = to_mel(torch.arange(_FFT // 2, dtype=torch.float64) * RATE / _FFT)[:, None]
    width = corners[1] - corners[0]
    rise, fall = (bins - corners[:-2]) / width, (corners[2:] - bins) / width
    return torch.minimum(rise, fall).clamp(min=0).float()


class Campplus(nn.Module):
    """Features (batch, frames, 80), mean over time subtracted, to embeddings (batch, 192), not normalised."""

    def __init__(self) -> None:
        super().__init__()
        self.head = _Head()
        layers: dict[str, nn.Module] = {"tdnn": _Tdnn(32 * BANDS // 8, 128)}
        channels = 128
        for i, (count, dilation) in enumerate(_BLOCKS, start=1):
            layers[f"block{i}"] = _Dense(channels, count, dilation)
            channels += count * _GROWTH
            layers[f"transit{i}"] = _Transit(channels, channels // 2)
            channels //= 2
        layers |= {"out_nonlinear": _Norm(channels), "stats": _Moments(), "dense": _Last(2 * channels, DIMENSION)}
        self.xvector = nn.Sequential()
        for name, layer in layers.items():
            self.xvector.add_module(name, layer)

    @classmethod
    def load(cls, folder: Path, device: str = "cpu") -> Campplus:
        """The trained network of a verified weights folder, ready to embed."""
        network = cls()
        network.load_state_dict(torch.load(folder / WEIGHTS, map_location="cpu", weights_only=True))
        return network.to(device).eval()

    def forward(self, features: Tensor) -> Tensor:
        embeddings: Tensor = self.xvector(self.head(features.transpose(1, 2)))
        return embeddings


class _Norm(nn.Module):
    """Batch normalisation and what follows it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.batchnorm = nn.BatchNorm1d(channels)

    def forward(self, x: Tensor) -> Tensor:
        return functional.relu(self.batchnorm(x))


class _Residual(nn.Module):
    def __init__(self, channels: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, stride=(stride, 1), padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.shortcut = nn.Sequential()
        if stride != 1:
            self.shortcut.append(nn.Conv2d(channels, channels, 1, stride=(stride, 1), bias=False))
            self.shortcut.append(nn.BatchNorm2d(channels))

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x)))
        return functional.relu(self.bn2(self.conv2(y)) + self.shortcut(x))


class _Head(nn.Module):
    """Convolutions over time and frequency: (batch, 80, frames) to (batch, 320, frames)."""

    def __init__(self, channels: int = 32) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.layer1 = nn.Sequential(_Residual(channels, 2), _Residual(channels, 1))
        self.layer2 = nn.Sequential(_Residual(channels, 2), _Residual(channels, 1))
        self.conv2 = nn.Conv2d(channels, channels, 3, stride=(2, 1), padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        y = functional.relu(self.bn1(self.conv1(x.unsqueeze(1))))
        y = functional.relu(self.bn2(self.conv2(self.layer2(self.layer1(y)))))
        return y.flatten(1, 2)


class _Tdnn(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(inputs, outputs, 5, stride=2, padding=2, bias=False)
        self.nonlinear = _Norm(outputs)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.nonlinear(self.linear(x))
        return y


class _Masked(nn.Module):
    """A dilated convolution, masked by what its surroundings and the whole stretch sound like."""

    def __init__(self, channels: int, dilation: int) -> None:
        super().__init__()
        self.linear_local = nn.Conv1d(channels, _GROWTH, 3, padding=dilation, dilation=dilation, bias=False)
        self.linear1 = nn.Conv1d(channels, channels // 2, 1)
        self.linear2 = nn.Conv1d(channels // 2, _GROWTH, 1)

    def forward(self, x: Tensor) -> Tensor:
        near = functional.avg_pool1d(x, _SEGMENT, _SEGMENT, ceil_mode=True)
        context = x.mean(-1, keepdim=True) + near.repeat_interleave(_SEGMENT, dim=-1)[..., : x.shape[-1]]
        mask = torch.sigmoid(self.linear2(functional.relu(self.linear1(context))))
        masked: Tensor = self.linear_local(x) * mask
        return masked


class _Layer(nn.Module):
    def __init__(self, inputs: int, dilation: int) -> None:
        super().__init__()
        self.nonlinear1 = _Norm(inputs)
        self.linear1 = nn.Conv1d(inputs, 4 * _GROWTH, 1, bias=False)
        self.nonlinear2 = _Norm(4 * _GROWTH)
        self.cam_layer = _Masked(4 * _GROWTH, dilation)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.cam_layer(self.nonlinear2(self.linear1(self.nonlinear1(x))))
        return y


class _Dense(nn.ModuleDict):
    """Layers that each see the output of all before them."""

    def __init__(self, inputs: int, count: int, dilation: int) -> None:
        super().__init__({f"tdnnd{i + 1}": _Layer(inputs + i * _GROWTH, dilation) for i in range(count)})

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.values():
            x = torch.cat([x, layer(x)], dim=1)
        return x


class _Transit(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.nonlinear = _Norm(inputs)
        self.linear = nn.Conv1d(inputs, outputs, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.linear(self.nonlinear(x))
        return y


class _Moments(nn.Module):
    """Mean and deviation over time."""

    def forward(self, x: Tensor) -> Tensor:
        return torch.cat([x.mean(-1), x.std(-1)], dim=-1)


class _Last(nn.Module):
    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Conv1d(inputs, outputs, 1, bias=False)
        self.nonlinear = nn.Sequential()
        self.nonlinear.add_module("batchnorm", nn.BatchNorm1d(outputs, affine=False))

    def forward(self, x: Tensor) -> Tensor:
        y: Tensor = self.nonlinear(self.linear(x.unsqueeze(-1)).squeeze(-1))
        return y
