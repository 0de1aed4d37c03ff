"""Which recogniser hears a call: from callqa.toml to the words and the fingerprint under which they are kept."""

from dataclasses import dataclass

import msgspec
import numpy as np
import pytest
import soundfile
import toy_recognisers as toys
from speech_models import missing, sample
from typer.testing import CliRunner

from callqa import checkup, models
from callqa.audio import decode
from callqa.cli import app
from callqa.cli.machine import needed
from callqa.config import load
from callqa.errors import ConfigError, MissingExtra, ModelError
from callqa.parts import Parts
from callqa.pipeline import Job, Pipeline, worker
from callqa.speech import Channel, Heard
from callqa.speech.by_language import ByLanguage
from callqa.speech.listen import Spoken
from callqa.speech.whisper import Whisper
from callqa.types import Metadata, Word

OWN = '[transcriber.ru]\nuse = "onnx"\nmodel = "gigaam-v3-e2e-ctc"\n'


@pytest.fixture
def written(tmp_path):
    """A callqa.toml of these lines, read."""

    def write(text):
        (tmp_path / "callqa.toml").write_text(text)
        return load(tmp_path / "callqa.toml")

    return write


@dataclass(frozen=True)
class Ear:
    """Hears its own name in every channel, and takes every call for Russian."""

    name: str

    def language(self, channels, allowed):
        return "ru"

    def transcribe(self, channels, languages):
        return [Heard((Word(f"{self.name}:{channel.key}:{len(channels)}", 0, 1),)) for channel in channels]


def test_each_language_goes_to_its_own_and_every_recogniser_gets_its_channels_at_once():
    ear = ByLanguage(Ear("general"), {"ru": Ear("own")})
    channels = [Channel(key, np.zeros(8), 8000, ()) for key in "abcd"]
    heard = ear.transcribe(channels, ["ru", "en", "ru", "ru"])
    assert [one.words[0].text for one in heard] == ["own:a:3", "general:b:1", "own:c:3", "own:d:3"]
    assert ear.language(channels, ["en", "ru"]) == "ru"


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("", {"transcriber": "whisper"}),
        (OWN, {"transcriber": "whisper", "transcriber.ru": "onnx"}),
        ('[transcriber]\nuse = "onnx"\nmodel = "parakeet-tdt-0.6b-v3"\n', {"transcriber": "onnx"}),
        ('languages = ["ru"]\n' + OWN, {"transcriber.ru": "onnx"}),  # nobody else is needed
        ('[transcriber]\nuse = "whisper"\nbeam = 2\n' + OWN, {"transcriber": "whisper", "transcriber.ru": "onnx"}),
    ],
)
def test_the_settings_name_the_recognisers_in_use(written, text, chosen):
    assert {key: choice.use for key, choice in written(text).recognisers.items()} == chosen


def test_what_a_file_leaves_out_of_the_general_recogniser_is_as_shipped(written):
    assert written(OWN).transcriber == written("").transcriber


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('languages = ["en"]\n' + OWN, "transcriber.ru: languages has no 'ru'"),
        ('[transcriber.ru]\nmodel = "t-one"\n', "transcriber.ru: missing 'use'"),
        ('[transcriber.ru]\nuse = "onx"\nmodel = "t-one"\n', "transcriber.ru.onx: unknown; did you mean 'onnx'?"),
        ('[transcriber.ru]\nuse = "onnx"\n', "transcriber.ru: Object missing required field `model`"),
        (OWN + "chnk = 20\n", "transcriber.ru.chnk: unknown; did you mean 'chunk'?"),
        (
            '[transcriber]\nuse = "onnx"\nmodel = "t-one"\n',
            "transcriber.model: t-one hears no 'en'; put it under [transcriber.ru]",
        ),
        ('[transcriber.en]\nuse = "onnx"\nmodel = "t-one"\n', "transcriber.en.model: t-one hears no 'en'"),
        ('[transcriber.de]\nuse = "onnx"\nmodel = "t-one"\n', "transcriber.de: languages has no 'de'"),
    ],
)
def test_a_wrong_choice_names_its_key_and_the_cure(written, text, says):
    with pytest.raises(ConfigError) as refusal:
        Parts.of(written(text))
    assert says in str(refusal.value)


@pytest.mark.parametrize(
    ("use", "model", "says"),
    [
        ("onnx", "whisper-base", "is not for onnx-asr; choose from gigaam-v3-ctc"),
        ("whisper", "t-one", 'is no Whisper; it is run by use = "onnx"'),
        ("onnx", "t-won", "did you mean 't-one'"),
    ],
)
def test_a_model_of_another_recogniser_is_refused(written, use, model, says):
    with pytest.raises(ModelError, match=says):
        Parts.of(written(f'[transcriber.ru]\nuse = "{use}"\nmodel = "{model}"\n'))


def prints(settings):
    pipeline = Pipeline(settings, Parts.of(settings))
    return {
        (layout, code): pipeline.speech_print(layout, code) for layout in ("stereo", "mono") for code in ("ru", "en")
    }


@pytest.mark.parametrize(
    ("before", "after", "heard_again"),
    [
        ("", OWN, {"ru"}),
        (OWN, OWN.replace("e2e-ctc", "e2e-rnnt"), {"ru"}),
        (OWN, OWN + "chunk = 15.0\n", {"ru"}),
        (OWN, OWN + "threads = 1\nbatch = 2\n", set()),  # changes no word
        (OWN, "[transcriber]\nuse = 'whisper'\nbeam = 2\n" + OWN, {"ru", "en"}),  # it may tell another language
    ],
)
def test_a_call_is_heard_again_only_when_its_own_recogniser_changes(written, before, after, heard_again):
    old, new = prints(written(before)), prints(written(after))
    assert {code for (_, code), print_ in new.items() if print_ != old[_, code]} == heard_again


def test_a_recogniser_that_is_not_installed_names_its_extra(written, monkeypatch):
    monkeypatch.setattr("callqa.parts.find_spec", lambda module: None)
    with pytest.raises(MissingExtra, match=r"gigaam-v3-e2e-ctc needs an extra: pip install 'callqa\[onnx\]'"):
        Parts.of(written('languages = ["ru"]\n' + OWN)).make_transcriber()


def test_a_pull_brings_the_recognisers_that_the_settings_name(written, tmp_path, monkeypatch):
    written('languages = ["ru"]\n' + OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(checkup, "installed", lambda module: False)
    assert needed() == ["gigaam-v3-e2e-ctc", "silero-vad"]


def test_doctor_looks_at_every_recogniser_in_use(written, tmp_path, monkeypatch):
    written(OWN)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(models, "weights", lambda: tmp_path / "weights")
    monkeypatch.setattr(checkup, "installed", lambda module: module not in ("pyannote.audio", "onnx_asr"))
    out = CliRunner().invoke(app, ["doctor"]).stdout
    assert "ok       Whisper: whisper-base: " in out
    assert "missing  extra onnx: not installed: onnx_asr (the recognisers GigaAM, T-one, Vosk and Parakeet)" in out
    assert "ok       recogniser for ru: gigaam-v3-e2e-ctc: named in the settings, runs on the CPU" in out
    assert "missing  weights gigaam-v3-e2e-ctc: not on this machine; run `callqa models pull gigaam-v3-e2e-ctc`" in out


# A whole call by a recogniser made here

WEIGHTS = missing("silero-vad")


@pytest.fixture
def toy(tmp_path, monkeypatch):
    """The toy GigaAM in a weights folder, its files pinned by a manifest of its own."""
    manifests, weights = tmp_path / "models", tmp_path / "weights"
    (weights / "toy").mkdir(parents=True)
    manifests.mkdir()
    about = toys.gigaam(weights / "toy")
    files = [
        f'{{ name = "{file.name}", size = {file.stat().st_size}, sha256 = "{models.sha256(file)}" }}'
        for file in sorted((weights / "toy").iterdir())
    ]
    head = 'title = "Toy"\ntask = "speech"\nlicense = "MIT"\norigin = "us"\ndownload = 1\n'
    runs = f'[onnx]\nkind = "{about.kind}"\nlanguages = ["ru"]\n[[sources]]\nkind = "folder"\npath = "/nowhere"\n'
    (manifests / "toy.toml").write_text(f"{head}files = [{', '.join(files)}]\n{runs}")
    for name in ("silero-vad", "whisper-base", "segmentation-3.0", "campplus"):
        (manifests / f"{name}.toml").symlink_to(models.manifests() / f"{name}.toml")
        (weights / name).symlink_to(models.folder(name))
    monkeypatch.setattr(models, "manifests", lambda: manifests)
    monkeypatch.setattr(models, "weights", lambda: weights)


@pytest.mark.skipif(bool(WEIGHTS), reason=WEIGHTS or "-")
def test_a_call_is_listened_to_by_the_recogniser_chosen_and_needs_no_whisper(written, toy, tmp_path, monkeypatch):
    monkeypatch.setattr(Whisper, "load", lambda *arguments: pytest.fail("Whisper was loaded"))
    settings = written('languages = ["ru"]\n[transcriber.ru]\nuse = "onnx"\nmodel = "toy"\n')
    sound = decode(sample("exemplary")[0])
    soundfile.write(tmp_path / "call.wav", sound.samples[:, : 15 * sound.rate].T, sound.rate)
    heard = worker(settings, Parts.of(settings))(Job(tmp_path / "call.wav", Metadata("call.wav"), "0" * 64))
    spoken = msgspec.json.decode(heard.answers[0][2], type=Spoken)
    assert spoken.language == "ru"
    letters = {letter for party in spoken.parties for word in party.words for letter in word.text}
    assert letters
    assert letters <= set(toys.LETTERS)
