"""Errors are for people, and cross from a worker to the run unchanged."""

import pickle

import pytest

from callqa import errors


@pytest.mark.parametrize(
    "error",
    [
        errors.ConfigError("a.toml", "k", "bad"),
        errors.AudioError("a.wav", "empty", "0 bytes"),
        errors.ModelError("whisper-base", "altered"),
        errors.MissingExtra("diarize", "a mono call"),
        errors.UsageError("no such call"),
        errors.StoreError("away"),
        errors.EngineError("no worker starts"),
        errors.WorkerLost("gone"),
    ],
    ids=lambda e: type(e).__name__,
)
def test_errors_cross_processes_unchanged(error):
    again = pickle.loads(pickle.dumps(error))
    assert (type(again), str(again), again.retryable) == (type(error), str(error), error.retryable)
