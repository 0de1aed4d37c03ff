"""Makes pyannote.audio importable on any torch, silent about what callqa does not use, and without a word to anyone."""

from __future__ import annotations

import importlib
import os
import sys
import warnings
from types import ModuleType
from typing import Any

_EXTENSION = "torchaudio._extension"


def import_pyannote() -> ModuleType:
    """The module pyannote.audio, its usage reports off.

    It imports torchaudio, whose compiled part loads beside one build of torch only, and torchcodec, which wants FFmpeg
    libraries. callqa hands sound over as arrays and needs neither.
    """
    os.environ["PYANNOTE_METRICS_ENABLED"] = "0"
    os.environ.setdefault("HF_HUB_OFFLINE", "1")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        _import_torchaudio()
        return importlib.import_module("pyannote.audio")


def _import_torchaudio() -> None:
    try:
        importlib.import_module("torchaudio")
    except (ImportError, OSError, RuntimeError):  # another CUDA than torch's, or none
        for name in [name for name in sys.modules if name.split(".")[0] == "torchaudio"]:
            del sys.modules[name]
        sys.modules[_EXTENSION] = _no_extension()
        importlib.import_module("torchaudio")


def _no_extension() -> ModuleType:
    """What torchaudio sees of its compiled part where it was built without one."""

    def unavailable(function: Any) -> Any:
        def fail(*_: Any, **__: Any) -> None:
            raise RuntimeError(f"torchaudio.{function.__name__} needs a torchaudio built for this torch")

        return fail

    module = ModuleType(_EXTENSION)
    vars(module).update(_IS_TORCHAUDIO_EXT_AVAILABLE=False, _IS_ALIGN_AVAILABLE=False, fail_if_no_align=unavailable)
    return module
