"""What an installed callqa carries and asks for."""

import re
import tomllib
from pathlib import Path

import pytest

from callqa import __version__
from callqa.checkup import EXTRAS

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
WHEEL = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]


def test_every_folder_that_the_code_asks_for_travels_in_the_wheel():
    asked = set()
    for module in (ROOT / "callqa").rglob("*.py"):
        asked |= set(re.findall(r'shipped\("(\w+)"\)', module.read_text()))
    assert asked >= {"configs", "sample_audio"}
    for folder in asked | {"models"}:
        assert folder in WHEEL["only-include"]
        assert WHEEL["sources"][folder] == f"callqa/_shipped/{folder}"
        assert (ROOT / folder).is_dir()


def test_the_version_is_the_same_everywhere():
    assert PROJECT["project"]["version"] == __version__
    assert f"\n## {__version__}\n" in (ROOT / "CHANGELOG.md").read_text()


@pytest.mark.parametrize("extra", EXTRAS)
def test_every_extra_that_doctor_looks_for_can_be_installed(extra):
    assert extra in PROJECT["project"]["optional-dependencies"]


def test_scoring_two_channel_calls_asks_for_no_torch():
    asked = PROJECT["project"]["dependencies"] + PROJECT["project"]["optional-dependencies"]["speech"]
    assert not [line for line in asked if line.startswith(("torch", "pyannote"))]


def test_pinned_versions_are_of_packages_that_are_asked_for_by_name():
    pinned = re.findall(r"^([\w.-]+)==", (ROOT / "requirements" / "constraints.txt").read_text(), re.MULTILINE)
    extras = PROJECT["project"]["optional-dependencies"]
    installed = (PROJECT["project"]["dependencies"], *(extras[name] for name in ("speech", "onnx", "diarize", "dev")))
    asked = " ".join(line for lines in installed for line in lines)
    beneath = {"ctranslate2"}  # of faster-whisper
    assert set(pinned) - beneath <= set(re.findall(r"[\w.-]+", asked))
