"""callqa itself, for benchmarks/peers.py: "callqa" is the whole path, "callqa-asr" the recogniser alone.

"callqa": ``callqa batch`` into a fresh store: decoding, voice activity, words, voices of mono calls, analysers, score,
a page and a JSON file a call, the index. Its workers start and load their models within the time that is taken.
"callqa-asr": the same workers decode, find speech and language, and transcribe every channel, as much as a peer's own
transcribe does (peer_asr.py). workers=N is how many processes of one thread each, 0 as callqa batch would have it; by
default one a thread allowed.
"""

from __future__ import annotations

import shutil
import tempfile
from collections import deque
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import peer_asr
from peer_protocol import Request, Results, Work, serve, settings

from callqa import api, batch, engines, evaluation, truth
from callqa.config import Settings, find_settings
from callqa.engines import Done
from callqa.parts import Parts
from callqa.pipeline import Pipeline
from callqa.store import Store
from callqa.types import Metadata


def load() -> tuple[Mapping[str, Any], Work, Results]:
    told = settings()
    chosen = find_settings(Path(told["config"]) if told["config"] else None)
    options = {name: value for name, value in told["options"].items() if name != "workers"}
    with_options = {**chosen.transcriber.options, **options}
    chosen = replace(chosen, transcriber=replace(chosen.transcriber, options=with_options))
    parts, workers = Parts.of(chosen), told["options"].get("workers", told["threads"])
    about = msgspec.to_builtins({key: value for key, value in parts.transcriber.items() if key != "weights"})
    about["workers"] = workers
    return about, *(whole(chosen, parts, workers) if told["peer"] == "callqa" else recogniser(chosen, workers))


def whole(chosen: Settings, parts: Parts, workers: int) -> tuple[Work, Results]:
    kept: list[tuple[api.Team, Path, Request]] = []

    def work(calls: Request) -> Iterator[tuple[str, float]]:
        out = Path(tempfile.mkdtemp(prefix="callqa-peers-"))
        team = api.Team(chosen, Pipeline(chosen, parts), Store.open(f"sqlite:///{out / 'callqa.db'}"))
        kept.append((team, out, calls))
        paths = [Path(call["path"]) for call in calls]
        table = paths[0].parent / "calls.csv"
        jobs = team.jobs(paths, table if table.is_file() else None)
        for event in batch.run(team, jobs.items, batch.Plan(workers=workers, out=out)):
            if event.kind != "retrying":
                yield str(event.path), event.wall

    def results() -> dict[str, Any]:
        found = {}
        for team, out, calls in kept:
            found |= dict(judged(team, calls))
            team.store.close()
            shutil.rmtree(out)
        kept.clear()
        return found

    return work, results


def judged(team: api.Team, calls: Request) -> Iterator[tuple[str, dict[str, Any]]]:
    """Words said and wrong, and DER, of each call that was scored, as ``callqa eval`` finds them."""
    scored = {recording.path: recording for recording in team.store.recordings()}
    for call in calls:
        recording = scored.get(call["path"])
        heard = recording and team.pipeline.listened(team.store, recording.sha256)
        if recording and heard:
            metadata = team.store.metadata(recording.sha256) or Metadata(Path(recording.path).name)
            found = team.pipeline.scored(team.store, recording, metadata)
            assert found is not None, "just scored"
            result = evaluation.judge(truth.read(Path(call["truth"])), found[0], heard[1], team.parts)
            yield call["key"], {"words": result.words, "errors": result.word_errors, "der": result.der}


def recogniser(chosen: Settings, workers: int) -> tuple[Work, Results]:
    """Workers that live as long as this process: between two requests they wait."""
    waiting: deque[Mapping[str, Any]] = deque()
    found: dict[str, Any] = {}

    def items() -> Iterator[Any]:
        while True:
            yield waiting.popleft() if waiting else engines.WAIT

    outcomes = engines.make("local", workers).map(partial(peer_asr.Hear, chosen), items())

    def work(calls: Request) -> Iterator[tuple[str, float]]:
        waiting.extend(calls)
        for _ in calls:
            outcome = next(outcomes)
            if not isinstance(outcome, Done):
                raise RuntimeError(outcome.problem)
            found[outcome.item["key"]] = outcome.value
            yield outcome.item["key"], outcome.value["wall"]

    def results() -> dict[str, Any]:
        taken = dict(found)
        found.clear()
        return taken

    return work, results


if __name__ == "__main__":
    serve(load)
