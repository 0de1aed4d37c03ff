"""Commands about calls: demo, score, report, rescore, eval."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from callqa.cli import show
from callqa.errors import UsageError

if TYPE_CHECKING:
    from callqa.api import Jobs, Team
    from callqa.engines import Failed
    from callqa.pipeline import Job
    from callqa.types import Scored

Config = Annotated[Path | None, typer.Option(help="Settings; ./callqa.toml where there is one, else the shipped.")]
StoreUrl = Annotated[str | None, typer.Option("--store", help="Database URL, e.g. sqlite:///callqa.db.")]
Calls = Annotated[Path | None, typer.Option(help="calls.csv: what the telephone system knows of each recording.")]
Lang = Annotated[Literal["ru", "en"] | None, typer.Option(help="Language of the pages; the call's own by default.")]
Embed = Annotated[bool, typer.Option("--embed-audio", help="Put the sound into the page instead of naming it.")]
AsJson = Annotated[bool, typer.Option("--json", help="JSON on stdout and nothing else there.")]

HEADLINES = ("talk_share", "longest_monologue", "silence_share", "questions", "interruptions")


def examples(*lines: str) -> Callable[[Any], Any]:
    """The lines a command's help ends with."""

    def keep(command: Any) -> Any:
        command.examples = "Examples:\n\n" + "\n\n".join(f"`{line}`" for line in lines)
        return command

    return keep


@examples("callqa demo", "callqa demo --out /tmp/callqa-demo --lang en")
def demo(
    out: Annotated[Path, typer.Option(help="Folder for the store and the pages.")] = Path("callqa-demo"),
    lang: Lang = None,
) -> None:
    """Score the sample calls, import the demo company's deals, print its metrics and name the pages to open."""
    from callqa import api
    from callqa.config import shipped

    out.mkdir(parents=True, exist_ok=True)
    sample = shipped("sample_audio")
    config, store = shipped("configs") / "callqa.toml", f"sqlite:///{out / 'callqa.db'}"
    show.note(f"callqa demo: scoring the sample calls of {sample}; a first run takes a few minutes")
    with api.team(config, store) as team:
        failed = _run(team, team.jobs([sample], sample / "calls.csv"), out / "reports", lang, False, False)
    company(out, config, store, lang or "ru")
    raise typer.Exit(1 if failed else 0)


def company(out: Path, config: Path, store: str, lang: Literal["ru", "en"]) -> None:
    """The demo company's deals beside the calls, its twenty metrics; pages of metrics, new reps and what bends them."""
    from callqa import deals
    from callqa.cli import metrics, newcomers, sanity
    from callqa.config import shipped

    make = [sys.executable, str(shipped("sample_deals") / "make.py"), str(out / "deals"), "plain"]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL)
    with deals.opened(config, store) as opened:
        done = list(deals.import_files(opened, "plain", sorted((out / "deals" / "plain").iterdir())))
    show.note(f"callqa demo: {sum(file.read for file in done)} rows of an invented company's deals")
    told = {"period": None, "by": None, "beside": False, "explain": None, "language": lang}
    metrics.metrics(**told, format_="table", out=None, store=store, config=config)
    metrics.metrics(**told, format_="html", out=out / "metrics.html", store=store, config=config)
    newcomers.onboarding(None, "html", out / "onboarding.html", store, config, lang)
    sanity.check("html", out / "check.html", lang, store, config)
    for page in ("metrics.html", "check.html"):
        print(out / page)


@examples(
    "callqa score recordings/ --calls calls.csv --out reports",
    "callqa score call.mp3 --lang en --embed-audio",
    "callqa score recordings/ --json > calls.jsonl",
)
def score(
    paths: Annotated[list[Path], typer.Argument(help="Recordings, or folders of them.", show_default=False)],
    calls: Calls = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the pages; callqa-reports, or none with --json.")] = None,
    store: StoreUrl = None,
    config: Config = None,
    lang: Lang = None,
    embed: Embed = False,
    as_json: AsJson = False,
) -> None:
    """Score recordings: only what is new or changed is computed, and what was done before a stop is kept."""
    from callqa import api

    with api.team(config, store) as team:
        jobs = team.jobs(paths, calls)
        if not jobs.items:
            raise UsageError(f"no recordings in {', '.join(map(str, paths))}; named files are read whatever their type")
        pages = out or (None if as_json else Path("callqa-reports"))
        failed = _run(team, jobs, pages, lang, embed, as_json)
    raise typer.Exit(1 if failed else 0)


@examples(
    "callqa report 3f2a91", "callqa report call.mp3 --format json", "callqa report 3f2a91 --out call.html --embed-audio"
)
def report(
    call: Annotated[str, typer.Argument(help="Id, the beginning of one, path or file name.", show_default=False)],
    format: Annotated[Literal["html", "json", "csv"], typer.Option(help="What to write.")] = "html",
    out: Annotated[Path | None, typer.Option(help="File to write; html: CALL.html here, json and csv: stdout.")] = None,
    store: StoreUrl = None,
    config: Config = None,
    lang: Lang = None,
    embed: Embed = False,
) -> None:
    """Write one call's report again, from the store."""
    from callqa import api

    with api.team(config, store) as team:
        scored = team.call(call)
        if format == "html":
            page = out or Path(api.report_name(scored))
            page.parent.mkdir(parents=True, exist_ok=True)
            page.write_text(team.html(scored, page.parent, lang, embed), encoding="utf-8")
            print(page)
            return
        content = team.encoded(scored) + b"\n" if format == "json" else team.csv(scored).encode()
    if out:
        out.write_bytes(content)
    else:
        sys.stdout.buffer.write(content)


@examples("callqa rescore", "callqa rescore 3f2a91 --config team.toml", "callqa rescore --out reports")
def rescore(
    calls: Annotated[list[str] | None, typer.Argument(help="Calls; all by default.", show_default=False)] = None,
    out: Annotated[Path | None, typer.Option(help="Folder for the pages of the new scores.")] = None,
    store: StoreUrl = None,
    config: Config = None,
    lang: Lang = None,
) -> None:
    """Today's scorecard, lists and roles on calls heard before; nothing is transcribed, old scores are kept."""
    from callqa import api

    unheard = 0
    with api.team(config, store) as team:
        for done in team.rescore(calls or ()):
            name = f"{done.recording.id[:6]} {Path(done.recording.path).name}"
            if done.scored is None:
                unheard += 1
                show.note(f"{name}: heard under other settings; `callqa score` it again")
                continue
            before = "-" if done.before is None else f"{done.before:.1f}"
            print(f"{name}  {before} -> {show.score_text(done.scored)}  {show.why(done.scored)}")
            if out:
                team.write_report(done.scored, out, lang)
    raise typer.Exit(1 if unheard else 0)


@examples("callqa eval labelled/", "callqa eval labelled/ --json > figures.json")
def evaluate(
    folder: Annotated[Path, typer.Argument(help="Labelled calls: sound and CALL.json each.", show_default=False)],
    store: StoreUrl = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Score labelled calls and print how far words, speakers, roles and every measure are from the truth."""
    import msgspec
    from rich.console import Console

    from callqa import api, evaluation
    from callqa.errors import MissingExtra

    try:
        import jiwer  # noqa: F401
        import pyannote.metrics  # noqa: F401
    except ImportError as error:
        raise MissingExtra("eval", "callqa eval") from error
    with api.team(config, store) as team:
        ways = {}
        for way, told in (("with calls.csv", True), ("without calls.csv", False)):
            total = len(team.labelled(folder))
            ways[way] = list(show.followed(team.evaluate(folder, told), total, lambda r, way=way: f"{way}: {r.id}"))
    if as_json:
        first, second = (evaluation.document(results) for results in ways.values())
        sys.stdout.buffer.write(msgspec.json.encode({**first, "without_calls_csv": second}) + b"\n")
        return
    for way, results in ways.items():
        for part in show.eval_tables(way, results, evaluation.overall(results), HEADLINES):
            Console(width=200).print(part)


def _run(team: Team, jobs: Jobs, out: Path | None, lang: Any, embed: bool, as_json: bool) -> Sequence[Failed[Job]]:
    """Score the jobs, writing pages and lines as they come; what failed is given back."""
    from callqa.engines import Done, Failed

    for line in jobs.notes:
        show.note(line)
    scored: list[Scored] = []
    failed: list[Failed[Job]] = []
    for outcome in show.followed(team.score(jobs.items), len(jobs.items), _name):
        if isinstance(outcome, Done):
            scored.append(outcome.value)
            if out:
                team.write_report(outcome.value, out, lang, embed)
            if as_json:
                sys.stdout.buffer.write(team.encoded(outcome.value) + b"\n")
                sys.stdout.buffer.flush()
        elif isinstance(outcome, Failed):
            failed.append(outcome)
        else:
            show.note(f"{outcome.path}: the same recording as {outcome.of}; scored once")
    scored.sort(key=lambda s: s.call.recording.path)
    if not as_json and scored:
        show.console().print(show.calls_table(scored))
    if out:
        russian = sum(s.call.transcript.language == "ru" for s in scored) * 2 >= len(scored)
        index = team.write_index(scored, failed, out, lang or ("ru" if russian else "en"))
        show.note(f"\n{len(scored)} calls scored; open {index.absolute()}")
    show.failures(failed)
    return failed


def _name(outcome: Any) -> str:
    from callqa.engines import Done, Failed

    if isinstance(outcome, Done):
        return f"{outcome.item.path.name}: {show.score_text(outcome.value)}"
    if isinstance(outcome, Failed):
        return f"{outcome.item.path.name}: set aside ({outcome.code})"
    return f"{outcome.path.name}: a copy"
