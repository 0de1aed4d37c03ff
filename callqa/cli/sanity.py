"""Commands about how far the data can be trusted: crm check|links."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from callqa.cli import show
from callqa.cli.calls import AsJson, Config, StoreUrl, examples

if TYPE_CHECKING:
    from callqa.metrics.linking import Link, Matched
    from callqa.metrics.sanity import Finding
    from callqa.reports.sanity_page import View

Language = Annotated[Literal["ru", "en"], typer.Option(help="Language of table and page.")]


@examples(
    "callqa crm check",
    "callqa crm check --format html --language ru --out check.html",
    "callqa crm check --format json",
)
def check(
    format_: Annotated[
        Literal["table", "json", "html"], typer.Option("--format", help="How the findings are given.")
    ] = "table",
    out: Annotated[Path | None, typer.Option(metavar="FILE", help="Where to, instead of stdout.")] = None,
    language: Language = "en",
    store: StoreUrl = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """What in the imported data bends the metrics: how many records, which, what it does and what to do.

    Planned close dates, closing in bulk at the month's end, deals without activity, skipped stages, doubles, calls
    without a deal, money without a rate, months without costs.
    """
    from callqa import sanity

    with sanity.opened(config, store) as found:
        if format_ == "table" and not as_json:
            _print(found.findings, found.matched, language)
            return
        data = found.html(language).encode() if format_ == "html" and not as_json else found.encoded()
    if out:
        out.write_bytes(data)
    else:
        sys.stdout.buffer.write(data)


@examples(
    "callqa crm links",
    "callqa crm links --deal D-00042",
    "callqa crm links --reason ambiguous",
    "callqa crm links --json",
)
def links(
    deal: Annotated[str, typer.Option(metavar="ID", help="The calls of one deal.")] = "",
    reason: Annotated[str, typer.Option(metavar="REASON", help="The calls that have no deal for that reason.")] = "",
    language: Language = "en",
    store: StoreUrl = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Which deal each call is of, by what it was found and how surely; or why it has none.

    Recordings and calls of the CRM: counts, or with --deal, --reason or --json each call.
    """
    from callqa import sanity

    with sanity.opened(config, store, look=False) as found:
        shown = found.links(deal, reason) if deal or reason or as_json else []
        matched = found.matched
    if as_json:
        print("\n".join(_json(link) for link in shown))
    elif deal or reason:
        _listed(shown, language)
    else:
        _counted(matched, language)


def _view(language: Literal["ru", "en"]) -> View:
    from callqa.reports.sanity_page import View

    return View(language, {})


def _print(findings: tuple[Finding, ...], matched: Matched, language: Literal["ru", "en"]) -> None:
    from rich.table import Table

    view = _view(language)
    table = Table(box=None, pad_edge=False, header_style="bold")
    table.add_column(view.say("found"), overflow="fold")
    table.add_column("", justify="right", no_wrap=True)
    table.add_column(view.say("cure"), overflow="fold")
    table.add_column(view.say("examples"), overflow="fold")
    for finding in findings:
        if finding.found:
            title, cure = (view.text(finding.check, name) for name in ("title", "cure"))
            table.add_row(title, view.of(finding.found, finding.total), cure, view.examples(finding))
    if table.row_count:
        show.console().print(table)
    looked = sum(finding.total > 0 for finding in findings)
    print(view.say("summary", found=table.row_count, looked=looked) if looked else view.say("nothing"))
    _counted(matched, language)


def _counted(matched: Matched, language: Literal["ru", "en"]) -> None:
    """How many calls have a deal, by what; why the others have none."""
    view = _view(language)
    if not matched.calls:
        print(view.say("no_calls"))
        return
    share = view.share(matched.linked, matched.calls)
    print(view.say("calls_told", linked=view.number(matched.linked), calls=view.number(matched.calls), share=share))
    for title, section, parts in (
        ("made_by", "made_by", matched.made_by),
        ("confidence", "confidence", matched.confidence),
        ("phase", "phase", matched.phase),
        ("reasons", "reason", matched.reasons),
    ):
        if parts:
            print(f"{view.say(title)}:")
            for code, n in parts.items():
                print(f"  {view.number(n):>9}  {view.told(section, code)} ({code})")


def _listed(shown: list[Link], language: Literal["ru", "en"]) -> None:
    from rich.table import Table

    view = _view(language)
    table = Table(box=None, pad_edge=False, header_style="bold")
    for name in ("call", "at", "rep", "deal", "made_by", "confidence", "phase", "reasons"):
        table.add_column(view.say(name), overflow="fold")
    for link in shown:
        table.add_row(
            f"{link.kind} {link.call_id}", str(link.at or "-"), link.rep or "-", link.deal_id or "-",
            *("-" if code is None else view.told(section, code) for section, code in (
                ("made_by", link.made_by), ("confidence", link.confidence), ("phase", link.phase),
                ("reason", link.reason),
            )),
        )  # fmt: skip
    show.console().print(table)


def _json(link: Link) -> str:
    import msgspec

    return msgspec.json.encode(link).decode()
