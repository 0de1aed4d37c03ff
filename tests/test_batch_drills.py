"""Real faults in the middle of a batch: the next run goes on, each recording ends once, done or set aside and why."""

import os
import shutil
import signal
import subprocess
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import sqlalchemy as sa

from callqa import api, batch
from callqa.errors import StoreError, UsageError
from callqa.store.tables import failures
from callqa.tasks import Unread, hashed
from tests import own_postgres
from tests.batches import answers, known, quiet, rows, run, told


def night(here, count=8):
    """Recordings of which a worker is done in a moment."""
    for number in range(count):
        quiet(here / "calls" / f"{number}.wav", number)
    return {f"{number}.wav" for number in range(count)}


def kept(here, names):
    """All of them are done, each once, with nothing half-written beside."""
    assert set(known(here)) == names
    settled = [stage for _, stage in answers(f"sqlite:///{here}/callqa.db") if stage == "settled"]
    assert len(settled) == len(names)
    assert len(list((here / "pages").glob("*.html"))) == len(names) + 1
    assert not list(here.rglob("*.part"))
    assert not rows(here, sa.select(failures))


@contextmanager
def small_disk(folder, size):
    """The folder is a disk of that size; gives a way to mount it otherwise."""
    folder.mkdir(parents=True)

    def mount(*options):
        done = subprocess.run(["mount", "-t", "tmpfs", *options, "tmpfs", str(folder)], capture_output=True, text=True)
        if done.returncode:
            pytest.skip(f"no disk can be mounted here: {done.stderr.strip()}")

    mount("-o", f"size={size}")
    try:
        yield lambda options: mount("-o", f"remount,{options}")
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.mark.skipif(not shutil.which("mount") or os.geteuid() != 0, reason="only root can mount a small disk")
@pytest.mark.parametrize(
    ("full", "error", "said"),
    [
        ("store", StoreError, "is the folder there, writable and not full"),
        ("pages", UsageError, "No space left on device; mend that or name another folder with --out"),
    ],
)
def test_a_full_disk_stops_the_run_with_the_cure_and_the_next_one_goes_on(tmp_path, full, error, said):
    names = night(tmp_path)
    with small_disk(tmp_path / full, "400k") as mount:
        where = {"store": f"sqlite:///{tmp_path / 'store' if full == 'store' else tmp_path}/callqa.db"}
        out = tmp_path / "pages"
        if full == "store":
            # all of the disk but what the first calls take
            run(tmp_path, tmp_path / "calls" / "0.wav", **where)
            _fill(tmp_path / full, spare=60_000)
        with pytest.raises(error, match=said):
            run(tmp_path, out=out, **where)
        for ballast in (tmp_path / full).glob("ballast"):
            ballast.unlink()
        mount("size=64m")
        assert set(told(run(tmp_path, out=out, **where)).values()) <= {"scored", "unchanged"}
        if full == "store":
            shutil.copy(tmp_path / "store" / "callqa.db", tmp_path / "callqa.db")
        kept(tmp_path, names)


def _fill(folder, spare):
    free = os.statvfs(folder).f_bavail * os.statvfs(folder).f_frsize
    (folder / "ballast").write_bytes(bytes(max(0, free - spare)))


@pytest.mark.skipif(not shutil.which("mount") or os.geteuid() != 0, reason="only root can mount a read-only disk")
def test_a_read_only_store_stops_the_run_and_a_writable_one_goes_on(tmp_path):
    names = night(tmp_path, 4)
    with small_disk(tmp_path / "store", "64m") as mount:
        where = f"sqlite:///{tmp_path}/store/callqa.db"
        run(tmp_path, tmp_path / "calls" / "0.wav", store=where)
        mount("ro")
        with pytest.raises(StoreError, match="writable"):
            run(tmp_path, store=where)
        mount("rw")
        found = told(run(tmp_path, store=where))
        assert found == {**dict.fromkeys(names, "scored"), "0.wav": "unchanged"}
        shutil.copy(tmp_path / "store" / "callqa.db", tmp_path / "callqa.db")
        kept(tmp_path, names)


def children(pid):
    """All processes below that one."""
    for task in Path(f"/proc/{pid}/task").glob("*/children"):
        for child in task.read_text().split():
            yield int(child)
            yield from children(child)


def named(pid):
    return Path(f"/proc/{pid}/cmdline").read_text().replace("\0", " ")


@pytest.mark.parametrize(("engine", "name"), [("local", "callqa.engines.host"), ("ray", "ray::Actor")])
def test_workers_that_are_killed_are_replaced_and_no_recording_notices(tmp_path, engine, name):
    if engine == "ray":
        pytest.importorskip("ray", reason="the extra ray is not installed")
    names, killed = night(tmp_path), []
    with api.team(None, f"sqlite:///{tmp_path}/callqa.db") as team:
        jobs = team.jobs([tmp_path / "calls"]).items
        found = {}
        for event in batch.run(team, jobs, batch.Plan(engine=engine, workers=2, out=tmp_path / "pages")):
            if event.kind != "retrying":
                assert found.setdefault(event.path.name, event.kind) == event.kind
            if not killed:
                killed = [pid for pid in children(os.getpid()) if name in named(pid)]
                for pid in killed:
                    os.kill(pid, signal.SIGKILL)
    assert killed
    assert found == dict.fromkeys(names, "scored")
    kept(tmp_path, names)


def after_first(here, act, **plan):
    """A run in which something happens when its first recording is done; what became of the files."""
    with api.team(None, f"sqlite:///{here}/callqa.db") as team:
        jobs = team.jobs([here / "calls"]).items
        found = []
        for event in batch.run(team, jobs, batch.Plan(workers=1, out=here / "pages", **plan)):
            if not found:
                act()
            found.append(event)
    return told(found)


def _pipe(path):
    path.unlink()
    os.mkfifo(path)


def _cut(path):
    path.write_bytes(path.read_bytes()[:9_000])


@pytest.mark.parametrize(
    ("act", "code"),
    [(_pipe, "timeout"), (_cut, "growing"), (Path.unlink, "vanished")],
    ids=["a decoder that hangs", "truncated", "vanished"],
)
def test_a_file_that_changes_between_hashing_and_reading_harms_no_other(tmp_path, act, code):
    names = night(tmp_path, 5)
    victim = tmp_path / "calls" / "last.wav"
    quiet(victim, 9, seconds=0.6)  # the shortest is heard last
    whole = victim.read_bytes()
    found = after_first(tmp_path, lambda: act(victim), start_seconds=5.0)
    assert found == {**dict.fromkeys(names, "scored"), "last.wav": code}
    assert [row.code for row in rows(tmp_path, sa.select(failures))] == [code]
    victim.unlink(missing_ok=True)
    victim.write_bytes(whole)
    assert told(run(tmp_path)) == {**dict.fromkeys(names, "unchanged"), "last.wav": "scored"}
    kept(tmp_path, {*names, "last.wav"})


def test_a_file_that_grows_while_it_is_hashed_is_not_done_being_written(tmp_path):
    path, over = tmp_path / "calls.wav", threading.Event()
    path.write_bytes(bytes(1 << 26))

    def write():
        with path.open("ab") as file:
            while not over.is_set():
                file.write(b"more")
                file.flush()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        found = hashed(path)
    finally:
        over.set()
        writer.join()
    assert isinstance(found, Unread)
    assert found.code == "growing"


def test_what_only_looks_like_a_recording_is_passed_by(tmp_path):
    names = night(tmp_path, 2)
    folder = tmp_path / "calls"
    (folder / "folder.wav").mkdir()
    os.mkfifo(folder / "pipe.wav")
    (folder / "loop.wav").symlink_to("loop.wav")
    (folder / "round").symlink_to(folder, target_is_directory=True)
    assert told(run(tmp_path)) == dict.fromkeys(names, "scored")


def test_a_pipe_that_is_named_itself_is_set_aside_in_its_time(tmp_path):
    names = night(tmp_path, 2)
    os.mkfifo(tmp_path / "calls" / "pipe.wav")
    named = [tmp_path / "calls", tmp_path / "calls" / "pipe.wav"]
    assert told(run(tmp_path, *named, start_seconds=4.0)) == {**dict.fromkeys(names, "scored"), "pipe.wav": "timeout"}


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read every file")
def test_a_file_that_may_not_be_read_is_set_aside(tmp_path):
    names = night(tmp_path, 2)
    (tmp_path / "calls" / "0.wav").chmod(0)
    assert told(run(tmp_path)) == {**dict.fromkeys(names, "scored"), "0.wav": "unreadable"}


@pytest.mark.skipif(bool(own_postgres.MISSING), reason=f"{own_postgres.MISSING} of PostgreSQL is not installed")
def test_a_database_that_is_away_for_a_while_is_waited_for(tmp_path):
    names, notes, away = night(tmp_path), [], []
    with own_postgres.started() as url:
        data = _asked(url, "show data_directory")
        with api.team(None, url) as team:
            jobs = team.jobs([tmp_path / "calls"]).items
            found = []
            for event in batch.run(team, jobs, batch.Plan(workers=1, out=tmp_path / "pages", note=notes.append)):
                found.append(event)
                if not away:
                    _server(data, "stop", "-m", "fast")
                    away.append(threading.Timer(3.0, _server, (data, "start", "-o", _options(url, data))))
                    away[0].start()
        away[0].join()
        assert told(found) == dict.fromkeys(names, "scored")
        assert len(found) == len(names)
        assert any("waiting for it" in line for line in notes)
        settled = [stage for _, stage in answers(url) if stage == "settled"]
    assert len(settled) == len(names)


def _asked(url, query):
    engine = sa.create_engine(url)
    with engine.connect() as connection:
        found = connection.execute(sa.text(query)).scalar_one()
    engine.dispose()
    return found


def _options(url, data):
    return f"-p {sa.make_url(url).port} -c listen_addresses=127.0.0.1 -c fsync=off -k {Path(data).parent}"


def _server(data, *command):
    as_owner = ["setpriv", "--reuid=nobody", "--regid=nogroup", "--clear-groups"] if os.geteuid() == 0 else []
    pg_ctl = shutil.which("pg_ctl", path=own_postgres.PATH)
    line = [*as_owner, pg_ctl, *command, "--wait", "-D", data, "-l", str(Path(data).parent / "log")]
    subprocess.run(line, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, cwd="/")
