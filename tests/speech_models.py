"""What tests on real speech share: the sample calls, and why they cannot run where weights are missing."""

from callqa import models
from callqa.config import shipped
from callqa.errors import CallqaError

SAMPLE = shipped("sample_audio")


def missing(*names):
    """Why tests that need these weights must be skipped; empty when they can run."""
    try:
        for name in names:
            models.path(name)
    except CallqaError as error:
        return str(error)
    return "" if any(SAMPLE.glob("*.json")) else "no sample calls"


def sample(part):
    """The sound and the truth file of the sample call whose name holds ``part``."""
    (truth,) = SAMPLE.glob(f"*{part}*.json")
    (sound,) = (path for path in SAMPLE.glob(f"{truth.stem}.*") if path.suffix != ".json")
    return sound, truth
