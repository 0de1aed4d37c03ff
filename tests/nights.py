"""Small nights for tests: captions with named speakers are calls that need no recogniser, so a night takes seconds."""

import json
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta

from callqa.store import Failure

SAYS = (
    "Добрый день, меня зовут Анна, компания Ромашка",
    "Да, слушаю вас",
    "Расскажите, какие задачи вы решаете сейчас?",
    "Нам нужен склад и доставка",
    "Какой у вас бюджет?",
    "Дорого у вас",
)
BROKEN = "WEBVTT\n\n00:01.000 --> 00:02.000\nnobody says this\n"  # no_speakers
NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)
LONG_AGO = int((NOON - timedelta(days=3)).timestamp() * 1e9)


def failure(code="empty", attempts=1, retryable=False, path="/calls/a.wav", mtime_ns=LONG_AGO, under="now", trace=""):
    at = NOON.isoformat()
    problem = f"{path}: {code}"
    return Failure(path, code, problem, retryable, trace, attempts, at, at, 1000, mtime_ns, under)


def captions(number, turns=8):
    """A call of a minute; every number another one."""
    lines, at = ["WEBVTT", ""], 0.0
    for turn in range(turns):
        end = at + 3 + (number * 7 + turn * 3) % 5
        who = "Клиент" if turn % 2 else "Оператор"
        lines += [f"00:{at:06.3f} --> 00:{end:06.3f}", f"<v {who}>{SAYS[turn % len(SAYS)]} {number}", ""]
        at = end + 0.25
    return "\n".join(lines)


def recordings(folder, count, first=0):
    """That many calls in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(first, first + count):
        (folder / f"{number:04}.vtt").write_text(captions(number), encoding="utf-8")
    return folder


def callqa(*arguments, cwd, check=0):
    """The command, run to its end."""
    command = [sys.executable, "-m", "callqa", *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, timeout=300)
    assert done.returncode == check, done.stdout + done.stderr
    return done


def started(*arguments, cwd):
    """The command at work."""
    command = [sys.executable, "-m", "callqa", *map(str, arguments)]
    return subprocess.Popen(command, cwd=cwd, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def logged(file):
    """The events of a log so far."""
    lines = file.read_text().split("\n")[:-1] if file.is_file() else []
    return [json.loads(line) for line in lines]


def until(true, seconds=60.0):
    """Waits for it."""
    deadline = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.05)
