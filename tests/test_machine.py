"""What the machine's owner is told: models here or not, what is missing and how to mend it."""

import shutil
import subprocess
import sys

import pytest
from typer.testing import CliRunner

from callqa import checkup, models
from callqa.cli import app
from callqa.cli.machine import needed

CONFIG = 'languages = ["ru", "en"]\n'


@pytest.fixture
def run(tmp_path, monkeypatch):
    """A command in an empty folder, on a machine with an empty weights folder."""
    monkeypatch.setattr(models, "weights", lambda: tmp_path / "weights")
    # looking whether pyannote.audio loads takes ten seconds; one test below does it
    monkeypatch.setattr(checkup, "installed", lambda module: module != "pyannote.audio")
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, words)


def place(name):
    """The sizes of a model's files, without their content."""
    folder = models.folder(name)
    folder.mkdir(parents=True)
    for file in models.manifest(name).files:
        with (folder / file.name).open("wb") as empty:
            empty.truncate(file.size)


def test_list_shows_every_model_with_licence_size_and_state(run):
    place("campplus")
    lines = run("models", "list").stdout.splitlines()
    rows = {line.split()[0]: line for line in lines[1:-1]}
    assert set(rows) == set(models.names())
    assert "Apache-2.0" in rows["campplus"]
    assert rows["campplus"].rstrip().endswith("altered or incomplete")
    assert "150 MB" in rows["whisper-base"]
    assert rows["whisper-base"].rstrip().endswith("no")
    assert lines[-1] == f"weights: {models.weights()}"


def test_verify_names_the_altered_file_and_exits_1(run):
    place("campplus")
    done = run("models", "verify")
    assert done.exit_code == 1
    assert "campplus_cn_en_common.pt is altered" in done.stderr


def test_verify_of_nothing_here_exits_0_and_of_a_named_model_1(run):
    assert run("models", "verify").exit_code == 0
    done = run("models", "verify", "whisper-base")
    assert done.exit_code == 1
    assert "run `callqa models pull whisper-base`" in done.stderr


@pytest.mark.parametrize(
    ("extra", "device", "large", "names"),
    [
        (False, "cpu", False, ["whisper-base", "silero-vad"]),
        (True, "cpu", False, ["whisper-base", "silero-vad", "campplus", "segmentation-3.0"]),
        (True, "cuda", True, ["whisper-large-v3-turbo", "silero-vad", "campplus", "segmentation-3.0"]),
    ],
)
def test_a_machine_needs_the_models_of_its_extras(monkeypatch, extra, device, large, names):
    monkeypatch.setattr(checkup, "installed", lambda module: extra)
    monkeypatch.setattr(models, "device", lambda: device)
    monkeypatch.setattr(models, "in_place", lambda name: large)
    assert needed() == names


def test_doctor_says_what_is_missing_and_the_cure_and_exits_1(run, tmp_path):
    done = run("doctor")
    assert done.exit_code == 1
    assert "missing  weights whisper-base: not on this machine; run `callqa models pull whisper-base`" in done.stdout
    assert "ok       Whisper: whisper-base: " in done.stdout
    assert done.stdout.splitlines()[-1].endswith("weights whisper-base, weights silero-vad")
    assert "made by the first `callqa score`" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_doctor_names_a_wrong_setting(run, tmp_path):
    (tmp_path / "callqa.toml").write_text('[store]\nur = "sqlite:///x.db"\n')
    done = run("doctor")
    assert done.exit_code == 1
    assert "missing  settings: callqa.toml: store.ur: unknown; did you mean 'url'?" in done.stdout


def test_doctor_says_which_extra_a_part_needs(run, monkeypatch):
    monkeypatch.setattr(checkup, "installed", lambda module: False)
    out = run("doctor").stdout
    assert "missing  extra speech: not installed: faster_whisper, swift_f0" in out
    assert f"{sys.executable} -m pip install -e '.[speech]'" in out
    assert "-        extra diarize: not installed: pyannote.audio, torch" in out


@pytest.mark.parametrize("url", ["sqlite:////proc/nowhere/x.db", "nosuch://x"])
def test_doctor_finds_a_store_that_cannot_be_reached(run, url):
    assert "missing  store: " in run("doctor", "--store", url).stdout


@pytest.mark.skipif(not all(map(models.in_place, needed())), reason="weights are not here: callqa models pull")
def test_doctor_is_content_where_two_channel_calls_can_be_scored(tmp_path):
    done = subprocess.run([sys.executable, "-m", "callqa", "doctor"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stdout
    assert done.stdout.splitlines()[-1] == "two-channel calls can be scored"
    assert "missing" not in done.stdout
    if shutil.which("chromium"):
        assert "ok       Chromium: " in done.stdout
