"""A batch that is killed again and again ends as one that nobody disturbed.

    python benchmarks/kills.py --count 2000 --kills 20

Short recordings, 5 % of them broken, are scored into one store by one undisturbed `callqa batch`, and into another by
runs that are killed (SIGKILL, the parent alone) at random moments, each followed by the next. At the end both must be
the same to the byte: one answer a stage and recording, every page and document, every broken file with its reason;
and nothing is left of the dead: no process, no half-written file.
"""

from __future__ import annotations

import argparse
import json
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import short_calls

SETTINGS = 'languages = ["ru"]\n[scorecards]\nru = "scorecards/b2b_ru.toml"\n'
ORPHANED = 5.0  # seconds within which a dead run's workers must be gone


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=2_000)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument(
        "--spoken", type=float, default=1.0, help="share in which somebody speaks, the rest is line noise"
    )
    parser.add_argument("--folder", type=Path, help="keep all in this new folder")
    parser.add_argument("--seed", type=int, default=1, help="of the moments")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as scratch:
        here = (options.folder or Path(scratch)).absolute()
        for name in ("calm", "killed"):
            (here / name).mkdir(parents=True)
            (here / name / "callqa.toml").write_text(SETTINGS)
        broken = short_calls.make(here / "calls", options.count, spoken=options.spoken)
        print(f"{options.count} recordings, {len(broken)} of them broken", flush=True)
        passed = undisturbed(here / "calm")
        print(f"undisturbed: {passed:.0f} s", flush=True)
        chance = random.Random(options.seed)
        orphans = sum(killed(here / "killed", chance, passed / options.kills) for _ in range(options.kills))
        print(f"killed {options.kills} times; the last run: {undisturbed(here / 'killed'):.0f} s", flush=True)
        wrong = [*differences(here, broken), *([f"{orphans} processes outlived their run"] if orphans else [])]
    print("\n".join(wrong) or "the same to the byte, nothing doubled, nothing left behind")
    sys.exit(bool(wrong))


def undisturbed(here: Path) -> float:
    """Seconds of one run to its end; broken files make its exit code 1."""
    began = time.monotonic()
    with (here / "told.txt").open("ab") as told:
        code = subprocess.run(command(here.parent / "calls"), cwd=here, stdout=told, stderr=told).returncode
    if code != 1:
        raise SystemExit(f"{here}: exit code {code}, see told.txt there")
    return time.monotonic() - began


def killed(here: Path, chance: random.Random, typical: float) -> int:
    """One run that is killed at some moment; how many of its processes outlive it."""
    with (here / "told.txt").open("ab") as told:
        run = subprocess.Popen(command(here.parent / "calls"), cwd=here, stdout=told, stderr=told)
    delay = chance.uniform(0.5, 2 * typical + 5)
    with suppress(subprocess.TimeoutExpired):
        run.wait(delay)
    family = list(descendants(run.pid))
    run.send_signal(signal.SIGKILL)
    run.wait()
    deadline = time.monotonic() + ORPHANED
    while (left := [pid for pid in family if alive(*pid)]) and time.monotonic() < deadline:
        time.sleep(0.05)
    done = answered(here)
    print(f"killed after {delay:5.1f} s with {len(family)} workers, {done} recordings settled", flush=True)
    return len(left)


def command(calls: Path) -> list[str]:
    return [sys.executable, "-m", "callqa", "batch", str(calls), "--out", "pages", "--summary", "last.json"]


def descendants(pid: int) -> Iterator[tuple[int, str]]:
    """Processes started by that one, and by those: number and start time, for numbers come again."""
    try:
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
        threads = [p for task in Path(f"/proc/{pid}/task").iterdir() for p in (task / "children").read_text().split()]
    except OSError:
        return
    for child in {*children, *threads}:
        yield int(child), began(int(child))
        yield from descendants(int(child))


def alive(pid: int, since: str) -> bool:
    return bool(since) and began(pid) == since


def began(pid: int) -> str:
    """When a process started; empty when it is gone or only waits to be forgotten."""
    try:
        state, *rest = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return ""
    return "" if state == "Z" else rest[18]


def answered(here: Path) -> int:
    if not (here / "callqa.db").exists():
        return 0
    try:
        return int(rows(here, "select count(*) from current where stage = 'settled'")[0][0])
    except sqlite3.Error:
        return 0  # killed before its tables were there


def rows(here: Path, query: str) -> list[tuple[object, ...]]:
    connection = sqlite3.connect(f"file:{here / 'callqa.db'}?mode=ro", uri=True)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def differences(here: Path, broken: dict[str, str]) -> Iterator[str]:
    """What is wrong in the store and pages of the killed runs, a line each."""
    calm, torn = here / "calm", here / "killed"
    # what "settled" hangs on includes the folder of pages, which is another one
    answers = """select c.sha256, c.stage, case c.stage when 'settled' then '' else c.fingerprint end, r.value
                 from current c join results r using (sha256, stage, fingerprint) order by 1, 2"""
    tables = (
        answers,
        "select sha256, id, path, duration from recordings order by 1",
        "select path, sha256, size, mtime_ns from files order by 1",
        "select path, code, problem from failures order by 1",
        "select sha256, value from call_metadata order by 1",
        "select * from rep_calls order by 1",
    )
    for query in tables:
        if rows(calm, query) != rows(torn, query):
            yield f"not the same: {' '.join(query.split())}"
    if twice := rows(torn, "select sha256, stage from results group by 1, 2 having count(*) > 1"):
        yield f"{len(twice)} answers twice"
    if lost := rows(torn, "select sha256 from recordings except select sha256 from current where stage = 'settled'"):
        yield f"{len(lost)} recordings without an end"
    named = {Path(str(path)).name: code for path, code in rows(torn, "select path, code from failures")}
    if named != broken:
        yield f"broken files told wrongly: {sorted(set(named.items()) ^ set(broken.items()))[:5]}"
    ends = len(rows(torn, "select path from files")) + len(named)
    if ends != (there := len(list((here / "calls").glob("*.wav")))):
        yield f"{ends} ends for {there} recordings"
    one, other = (
        {path.relative_to(p / "pages"): path.read_bytes() for path in (p / "pages").rglob("*") if path.is_file()}
        for p in (calm, torn)
    )
    if one != other:
        yield f"pages differ: {sorted(str(n) for n in one.keys() | other.keys() if one.get(n) != other.get(n))[:5]}"
    if partial := [str(path) for path in torn.rglob("*.part")]:
        yield f"half-written: {partial[:5]}"
    told = json.loads((torn / "last.json").read_text())
    if told["state"] != "done" or told["waiting"] or (torn / "callqa.db.holder").exists():
        yield f"the last run says: {told['state']}, {told['waiting']} waiting"


if __name__ == "__main__":
    main()
