"""Weights: what is known of them, and that nothing half or altered is ever used."""

import re
import subprocess
import sys

import pytest
import toys
from toys import BODY, HUB, pull

from callqa import models
from callqa.download import Pulled
from callqa.errors import ModelError

LICENCES = {"MIT", "Apache-2.0", "CC-BY-4.0"}


@pytest.fixture
def place(tmp_path, monkeypatch):
    return toys.placed(tmp_path, monkeypatch)


@pytest.fixture
def shelf(tmp_path):
    return toys.shelved(tmp_path)


# Manifests


@pytest.mark.parametrize("name", models.names())
def test_a_manifest_says_all_that_is_asked_of_a_model(name):
    about = models.manifest(name)
    assert about.license in LICENCES
    assert about.title
    assert about.origin
    assert about.download > 1_000_000
    assert about.sources
    for source in about.sources:
        files = about.files_of(source)
        assert files
        for file in files:
            assert file.sha256 is None or (re.fullmatch(r"[0-9a-f]{64}", file.sha256) and file.size)
        if isinstance(source, models.Package):
            assert set(source.members) == {file.name for file in files}
            assert all("==" in requirement for requirement in source.packages)


def test_the_models_of_a_cpu_are_pinned_in_the_manifest():
    for name in ("whisper-base", "silero-vad", "segmentation-3.0", "campplus"):
        assert models.pinned(models.manifest(name).files)


def test_an_unknown_key_in_a_manifest_is_refused(place):
    place('kind = "folder"\npath = "/x"\nrevsion = "main"')
    with pytest.raises(Exception, match="revsion"):
        models.manifest("toy")


def test_an_unknown_model_is_named_with_the_one_meant():
    with pytest.raises(ModelError, match="did you mean 'whisper-base'"):
        models.path("whisper-bas")


# Files in place


def test_a_missing_model_names_its_cure(place):
    place(HUB)
    with pytest.raises(ModelError, match="not on this machine; run `callqa models pull toy`"):
        models.path("toy")


def test_a_copied_folder_is_taken_once_its_hashes_are_right(place, shelf):
    folder = place(HUB)
    folder.parent.mkdir()
    shelf.rename(folder)
    assert models.path("toy") == folder
    assert (folder / ".verified.json").is_file()


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda file: file.write_bytes(BODY[:-1] + b"x"), "is altered: its sha256 is not the known one"),
        (lambda file: file.write_bytes(BODY[:1000]), "is altered or cut: 1000 bytes, not 2097152"),
        (lambda file: file.unlink(), "is missing"),
    ],
    ids=["one byte", "cut", "gone"],
)
def test_an_altered_file_is_refused_by_name_and_pulled_again(place, shelf, change, says):
    folder = place(f'kind = "folder"\npath = "{shelf}"')
    pull()
    change(folder / "model.bin")
    for use in (models.path, models.verify):
        with pytest.raises(ModelError, match=says) as refusal:
            use("toy")
        assert str(folder / "model.bin") in str(refusal.value)
        assert "run `callqa models pull toy`" in str(refusal.value)
    assert pull() == [Pulled("toy", f"folder {shelf}")]
    assert (folder / "model.bin").read_bytes() == BODY
    assert models.path("toy") == folder


def test_loading_hashes_a_file_only_when_it_was_touched(place, shelf, monkeypatch):
    folder = place(f'kind = "folder"\npath = "{shelf}"')
    pull()
    hashed = []
    true_hash = models.sha256
    monkeypatch.setattr(models, "sha256", lambda file: hashed.append(file.name) or true_hash(file))
    models.path("toy")
    assert hashed == []
    (folder / "model.bin").write_bytes(BODY)
    models.path("toy")
    assert hashed == ["config.json", "model.bin"]


def test_a_fingerprint_names_the_content_and_hashes_no_file(place, shelf, monkeypatch):
    place(f'kind = "folder"\npath = "{shelf}"')
    before = models.fingerprint("toy")
    pull()
    monkeypatch.setattr(models, "sha256", lambda file: pytest.fail(f"{file} was hashed"))
    assert models.fingerprint("toy") == before
    assert re.fullmatch("[0-9a-f]{12}", before)
    place(f'kind = "folder"\npath = "{shelf}"', body=BODY + b"new")
    assert models.fingerprint("toy") != before


def test_code_that_scores_has_no_way_to_fetch():
    fetching = {"urllib.request", "huggingface_hub", "callqa.download"}
    code = f"import sys, callqa.models as m; m.choose_whisper('auto'); print({fetching} & {{*sys.modules}})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "set()"


# Which Whisper


@pytest.mark.parametrize(
    ("gpus", "cublas", "large", "option", "name", "why"),
    [
        (0, False, False, "auto", "whisper-base", "no GPU answers"),
        (0, True, True, "auto", "whisper-base", "no GPU answers"),
        (1, False, True, "auto", "whisper-base", "not to CUDA 12's cuBLAS: see `callqa doctor`"),
        (1, True, True, "auto", "whisper-large-v3-turbo", "a GPU answers and its weights are here"),
        (1, True, False, "auto", "whisper-base", "models pull whisper-large-v3-turbo"),
        (0, False, True, "whisper-large-v3-turbo", "whisper-large-v3-turbo", "named in the settings"),
    ],
)
def test_the_whisper_fits_the_machine(monkeypatch, gpus, cublas, large, option, name, why):
    models.device.cache_clear()
    monkeypatch.setattr(models, "gpus", lambda: gpus)
    monkeypatch.setattr(models, "cublas", lambda: cublas)
    monkeypatch.setattr(models, "in_place", lambda model: large)
    chosen, reason = models.choose_whisper(option)
    models.device.cache_clear()
    assert chosen == name
    assert why in reason


def test_a_model_that_hears_no_words_is_no_whisper():
    with pytest.raises(ModelError, match="does not hear words; choose from whisper-base"):
        models.choose_whisper("campplus")
