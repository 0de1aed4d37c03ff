"""What the batch's tests share: runs over small folders, and what such a run has left behind."""

import csv
import zlib
from pathlib import Path

import numpy as np
import soundfile
import sqlalchemy as sa

from callqa import api, batch
from callqa.audio import decode, resample
from callqa.store.tables import current, files, results
from tests.nights import captions
from tests.speech_models import sample

RATE = 8_000


def run(here, *folders, store="", config=None, **plan):
    """One run in the folder ``here``: its events, in the order in which they came."""
    plan = {"out": here / "pages", "workers": 1, **plan}
    with api.team(config, store or f"sqlite:///{here}/callqa.db") as team:
        jobs = team.jobs(folders or [here / "calls"]).items
        return list(batch.run(team, jobs, batch.Plan(**plan)))


def told(events):
    """What became of each file, by name: a failure by its code."""
    return {event.path.name: event.code or event.kind for event in events}


def answers(store):
    """The results of today: {(recording, stage): (fingerprint, value)}."""
    engine = sa.create_engine(store)
    query = sa.select(results).join(
        current, sa.and_(*(current.c[name] == results.c[name] for name in ("sha256", "stage", "fingerprint")))
    )
    with engine.connect() as connection:
        rows = connection.execute(query).all()
    engine.dispose()
    return {(row.sha256, row.stage): (row.fingerprint, zlib.decompress(row.value)) for row in rows}


def made(here, stage):
    """When each answer of a stage was computed."""
    return set(rows(here, sa.select(results.c.sha256, results.c.made_at).where(results.c.stage == stage)))


def known(here):
    """The files the store knows, by name: size and time of change."""
    return {Path(row.path).name: (row.size, row.mtime_ns) for row in rows(here, sa.select(files))}


def rows(here, query):
    engine = sa.create_engine(f"sqlite:///{here}/callqa.db")
    with engine.connect() as connection:
        found = list(connection.execute(query))
    engine.dispose()
    return found


def pages(folder):
    """Every file of a folder of reports, by its name there."""
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def transcripts(folder, numbers, reps=2):
    """Finished transcripts of those numbers, and a calls.csv for all in the folder: later numbers are later calls."""
    folder.mkdir(parents=True, exist_ok=True)
    for number in numbers:
        (folder / f"{number:04}.vtt").write_text(captions(number, turns=4), encoding="utf-8")
    table(folder, {path.name: (f"r{int(path.stem) % reps}", int(path.stem)) for path in folder.glob("*.vtt")})
    return folder


def table(folder, calls):
    """calls.csv: {file: (rep, minute of its beginning)}."""
    with (folder / "calls.csv").open("w", encoding="utf-8", newline="") as file:
        lines = csv.writer(file)
        lines.writerow(("file", "rep_id", "started_at"))
        for name, (rep, minute) in sorted(calls.items()):
            lines.writerow((name, rep, f"2026-03-02T{9 + minute // 60:02}:{minute % 60:02}:00"))


def piece(path, part, start, seconds, channels=slice(None)):
    """A few seconds of a sample call as a telephone-quality wav."""
    sound = decode(sample(part)[0])
    whole = np.stack([resample(channel, sound.rate, RATE) for channel in sound.samples[channels]])
    soundfile.write(path, whole[:, round(start * RATE) : round((start + seconds) * RATE)].T, RATE)


def quiet(path, number, seconds=1.0):
    """A recording in which nobody speaks, of which a worker is done in a moment; every number another one."""
    noise = np.random.default_rng(number).standard_normal((round(seconds * RATE), 2)) * 1e-3
    path.parent.mkdir(parents=True, exist_ok=True)
    soundfile.write(path, noise, RATE)
