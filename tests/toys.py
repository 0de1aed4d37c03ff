"""A toy model of two files: its manifest, its weights folder, and a hub that serves it."""

import hashlib
import re
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from callqa import download, models

BODY = bytes(range(256)) * 8192  # 2 MiB


def digest(content):
    return hashlib.sha256(content).hexdigest()


def toml_files(pinned=True, body=BODY):
    rows = [("config.json", b"{}"), ("model.bin", body)]
    known = [f'{{name="{n}", size={len(c)}, sha256="{digest(c)}"}}' if pinned else f'{{name="{n}"}}' for n, c in rows]
    return f"files = [{', '.join(known)}]"


def placed(tmp_path, monkeypatch):
    """A writer of the toy's manifest, over an empty weights folder; it gives the folder the toy will lie in."""
    monkeypatch.setattr(models, "weights", lambda: tmp_path / "weights")
    monkeypatch.setattr(models, "manifests", lambda: tmp_path / "models")
    monkeypatch.setattr(download, "WAIT", 0.01)
    (tmp_path / "models").mkdir()

    def write(source, pinned=True, body=BODY):
        head = 'title = "Toy"\ntask = "speech"\nlicense = "MIT"\norigin = "us"\ndownload = 2097154\n'
        text = f"{head}{toml_files(pinned, body)}\n[[sources]]\n{source}\n"
        (tmp_path / "models" / "toy.toml").write_text(text)
        return tmp_path / "weights" / "toy"

    return write


def shelved(tmp_path):
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


HUB = 'kind = "hub"\nrepository = "us/toy"\nrevision = "main"'


def pull(**options):
    """The toy, pulled."""
    return list(download.pull(("toy",), **options))
