"""Where anybody speaks, where two do at once, and where one speaker gives way to another: pyannote's segmentation-3.0.

The network names at most three speakers in each ten seconds, anew in every window. What its windows agree on is kept
(speech, overlap, a change of speaker); who is who over the whole call is left to the voices (``callqa.speech.voices``).
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from callqa.speech.offline import import_pyannote

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
else:
    Floats = Any

RATE = 16_000
FRAME = 270 / RATE  # seconds from frame to frame
FIRST = 991 / 2 / RATE  # the middle of the first frame
WEIGHTS = "pytorch_model.bin"
# columns of the network's output: nobody, one of three, two of three
MEMBERS = ((), (0,), (1,), (2,), (0, 1), (0, 2), (1, 2))
_REACH = 2  # frames either side of a change within which windows are taken to mean the same one


@dataclass(frozen=True, slots=True)
class Activity:
    """One value a frame of 16.875 ms, each 0..1: somebody speaks, two speak, the share of windows that see a change."""

    speaking: Floats
    both: Floats
    changing: Floats

    @classmethod
    def of(cls, windows: Floats, step: float, frames: int) -> Activity:
        """Windows (count, frames, 7) of probabilities, one every ``step`` seconds, averaged to ``frames`` frames."""
        import numpy as np

        total, weights = np.zeros((frames, 3)), np.zeros((frames, 1))
        taper = np.hamming(windows.shape[1])[:, None] + 1e-3  # a window is least sure at its ends
        for i, window in enumerate(windows):
            first = round(i * step / FRAME)
            last = min(frames, first + len(window))
            if last > first:
                seen = np.stack([1 - window[:, 0], window[:, 4:].sum(axis=1), _changes(window)], axis=1)
                total[first:last] += (seen * taper)[: last - first]
                weights[first:last] += taper[: last - first]
        speaking, both, changing = (total / np.maximum(weights, 1e-9)).T
        return cls(speaking, both, changing)


def _changes(window: Floats) -> Floats:
    """1.0 where the leading speaker differs from the one who led before: from his last frame to the other's first."""
    import numpy as np

    single = np.stack(
        [window[:, [j for j, who in enumerate(MEMBERS) if k in who]].sum(axis=1) for k in range(3)], axis=1
    )
    heard = np.flatnonzero(single.max(axis=1) > 0.5)
    leader = single.argmax(axis=1)[heard]
    result = np.zeros(len(window))
    for i in np.flatnonzero(leader[1:] != leader[:-1]):
        result[max(0, heard[i] - _REACH) : heard[i + 1] + _REACH + 1] = 1.0
    return result


class Segmentation:
    """The network, ready to run. ``model`` is pyannote's own object."""

    def __init__(self, model: Any, step: float) -> None:
        from pyannote.audio import Inference

        self.model = model
        self.step = step
        self._inference = Inference(model, step=step, skip_aggregation=True, skip_conversion=True, batch_size=16)

    @classmethod
    def load(cls, folder: Path, step: float, device: str = "cpu") -> Segmentation:
        """The trained network of a verified weights folder; a window every ``step`` seconds."""
        import_pyannote()
        import torch
        from pyannote.audio.core.task import Problem, Resolution, Specifications
        from pyannote.audio.models.segmentation import PyanNet
        from torch.torch_version import TorchVersion

        # nothing but tensors and these three enumerations is unpickled
        with torch.serialization.safe_globals([TorchVersion, Problem, Resolution, Specifications]):
            checkpoint = torch.load(folder / WEIGHTS, map_location="cpu", weights_only=True)
        model = PyanNet(**checkpoint["hyper_parameters"])
        model.on_load_checkpoint(checkpoint)
        model.load_state_dict(checkpoint["state_dict"])
        return cls(model.to(torch.device(device)).eval(), step)

    def __call__(self, samples: Any) -> Activity:
        """Activity of samples (n,), a float32 tensor at 16 kHz, at least one of them."""
        import numpy as np
        import torch

        # TF32 costs this network accuracy; the flag is put back for others
        with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True, allow_tf32=False):
            windows: Any = self._inference.slide(samples[None], RATE, hook=None)
        frames = int(max(0.0, (len(samples) / RATE - FIRST) / FRAME + 0.5))  # the last ends within the sound
        return Activity.of(np.exp(windows.data.astype(np.float64)), self.step, frames)
