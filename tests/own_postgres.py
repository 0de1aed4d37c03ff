"""A PostgreSQL of the tests' own: on loopback, in a folder of its own, gone when the block ends."""

import os
import shutil
import socket
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path

DEBIAN = sorted(str(folder) for folder in Path("/usr/lib/postgresql").glob("*/bin"))
PATH = os.pathsep.join([os.environ.get("PATH", ""), *reversed(DEBIAN)])
MISSING = next((name for name in ("initdb", "pg_ctl") if not shutil.which(name, path=PATH)), "")


@contextmanager
def started():
    """The URL of an empty database."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    folder = Path(tempfile.mkdtemp(prefix="callqa-pg-"))  # its socket's path must be short
    as_user = []
    if os.geteuid() == 0:  # PostgreSQL does not run as root
        shutil.chown(folder, "nobody")
        as_user = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"]

    def run(name, *told):
        command = [*as_user, shutil.which(name, path=PATH), *told]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")

    data = str(folder / "data")
    run("initdb", "--pgdata", data, "--auth", "trust", "--username", "callqa", "--no-sync")
    options = f"-p {port} -c listen_addresses=127.0.0.1 -c fsync=off -k {folder}"
    try:
        run("pg_ctl", "start", "--wait", "-D", data, "-l", str(folder / "log"), "-o", options)
        yield f"postgresql+psycopg://callqa@127.0.0.1:{port}/postgres"
    finally:
        run("pg_ctl", "stop", "-D", data, "-m", "immediate")
        shutil.rmtree(folder, ignore_errors=True)
