"""A peer at work in a process of its own, spoken to by lines of JSON (peer_protocol.py)."""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

from callqa.truth import Truth

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True)
class Spec:
    """A peer and its options: "batched:channels,beam=1"."""

    text: str
    name: str
    options: tuple[tuple[str, int | bool], ...]

    RUNNERS: ClassVar[dict[str, str]] = {
        "callqa": "peer_callqa.py",
        "callqa-asr": "peer_callqa.py",
        "sequential": "peer_faster_whisper.py",
        "batched": "peer_faster_whisper.py",
        "whisperx": "peer_whisperx.py",
    }

    @classmethod
    def of(cls, text: str) -> Spec:
        name, _, rest = text.partition(":")
        pairs = [part.partition("=") for part in rest.split(",") if part]
        return cls(text, name, tuple((key, int(value) if value else True) for key, _, value in pairs))

    @property
    def mixes(self) -> bool:
        """It hears a two-channel call as one sound."""
        return not self.name.startswith("callqa") and "channels" not in dict(self.options)

    def __str__(self) -> str:
        return self.text


class Peer:
    """Starts the process and waits until its models are loaded; RuntimeError where they are not."""

    def __init__(self, spec: Spec, options: argparse.Namespace) -> None:
        self.spec = spec
        self.process = subprocess.Popen(
            [str(self._python(spec, options)), str(HERE / Spec.RUNNERS[spec.name]), json.dumps(_told(spec, options))],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            env=_environment(spec, options),
        )
        ready = self._read()
        self.about: dict[str, object] = ready["ready"]
        self.load: float = ready["load"]
        self._results: dict[str, dict[str, object]] = {}

    @property
    def pid(self) -> int:
        return self.process.pid

    def work(self, calls: Sequence[Truth]) -> list[float]:
        """Seconds of each call; returns when the last is done."""
        request = {"calls": [_request(call) for call in calls]}
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(request) + "\n")
        self.process.stdin.flush()
        seconds = []
        while "end" not in (line := self._read()):
            seconds.append(float(line["seconds"]))
        return seconds

    def results(self) -> dict[str, dict[str, object]]:
        """What was found in the calls of the last request, by key."""
        found: dict[str, dict[str, object]] = self._read()["results"]
        return found

    def stop(self) -> None:
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait(60)

    def _read(self) -> dict[str, Any]:
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if not line:
            raise RuntimeError(f"its process ended with {self.process.wait()}; what it printed is above")
        found: dict[str, Any] = json.loads(line)
        return found

    @staticmethod
    def _python(spec: Spec, options: argparse.Namespace) -> Path:
        if spec.name != "whisperx":
            return Path(sys.executable)
        if not options.whisperx.is_file():
            raise RuntimeError(f"{options.whisperx}: not there; peer_whisperx.py says how to install WhisperX")
        return Path(options.whisperx)


def _told(spec: Spec, options: argparse.Namespace) -> dict[str, object]:
    return {
        "peer": spec.name,
        "options": dict(spec.options),
        "model": str(options.model.resolve()),
        "device": options.device,
        "compute": options.compute or ("int8" if options.device == "cpu" else "float16"),
        "threads": options.threads,
        "config": f"{options.config or options.checkout / 'configs/callqa.toml'}",
    }


def _environment(spec: Spec, options: argparse.Namespace) -> dict[str, str]:
    """Threads as allowed; callqa comes from a checkout that knows the model."""
    told = {"OMP_NUM_THREADS": f"{options.threads}", "PYANNOTE_METRICS_ENABLED": "0", "HF_HUB_OFFLINE": "1"}
    if options.device == "cpu":
        told["CUDA_VISIBLE_DEVICES"] = ""
    if spec.name.startswith("callqa"):
        told["PYTHONPATH"] = f"{options.checkout}"
    return os.environ | told


def _request(call: Truth) -> dict[str, object]:
    return {
        "key": call.id,
        "path": str(call.audio.absolute()),
        "channels": 2 if call.layout == "stereo" else 1,
        "language": call.language,
        "truth": str(call.file.absolute()),
    }
