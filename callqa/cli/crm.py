"""Commands about what a CRM knows: crm import|sources|check|links."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from callqa.cli import sanity, show
from callqa.cli.calls import AsJson, Config, StoreUrl, examples

if TYPE_CHECKING:
    from callqa.crm.mapping import Field, Source
    from callqa.deals import Imported
    from callqa.store.bulk import Counts

# what stands in the columns, where that is not any text
KINDS = {
    "final": "won, lost",
    "activity": "call, meeting, demo, task, message",
    "cost": "marketing, department",
    "actor": "person, automation",
    "direction": "inbound, outbound",
    "person": "id or name",
    "number": "number",
    "whole": "whole number",
    "lasting": "seconds or h:mm:ss",
    "truth": "yes, no",
    **{kind: kind for kind in ("time", "day", "month", "money", "currency", "phone")},
}

crm = typer.Typer(
    name="crm",
    help="What a CRM exports: leads, deals, stages, costs, targets, people, into the store.",
    no_args_is_help=True,
)


@examples(
    "callqa crm import deals.csv leads.csv costs.xlsx --source plain",
    "callqa crm import amocrm_export_leads.csv --source amocrm --store sqlite:///team.db",
    "callqa crm import deals.csv --source our_crm.toml --table deals",
)
def import_files(
    files: Annotated[list[Path], typer.Argument(help="Exports: CSV, xlsx, .xls of Bitrix24, JSON lines, Parquet.")],
    source: Annotated[str, typer.Option(help="A source that `callqa crm sources` lists, or a mapping (TOML).")],
    table: Annotated[str, typer.Option(help="Which of the source's tables; told by the columns by default.")] = "",
    rejects: Annotated[Path, typer.Option(metavar="FOLDER", help="Where rows that cannot be taken are put.")] = Path(),
    store: StoreUrl = None,
    config: Config = None,
    as_json: AsJson = False,
) -> None:
    """Import exports of a CRM: new rows are added, changed ones updated; what cannot be taken is set aside."""
    from callqa import deals, sales

    rejected = changed = 0
    with deals.opened(config, store) as opened:
        for done in deals.import_files(opened, source, files, table, rejects):
            rejected += done.rejected
            changed += sum(counts.taken + counts.updated for counts in done.entities.values())
            print(_json(done) if as_json else "\n".join(_told(done)))
            if done.rejects:
                rows = "1 row" if done.rejected == 1 else f"{done.rejected:,} rows"
                show.note(f"{done.path}: {rows} not taken: {done.rejects} says why")
        if changed:
            sales.prepare(opened, config)
    raise typer.Exit(1 if rejected else 0)


@examples("callqa crm sources", "callqa crm sources bitrix24")
def sources(
    name: Annotated[str, typer.Argument(help="One source, or a mapping (TOML), in full.", show_default=False)] = "",
) -> None:
    """The sources callqa knows, or one with its tables and columns; and how to write one of your own."""
    from callqa.crm import mapping
    from callqa.crm.howto import HOWTO

    if name:
        print("\n".join(_described(mapping.find(name))))
        print(f"\nThe file: {mapping.place(name)}")
        return
    for known in mapping.sources():
        print(f"{known:<12} {mapping.find(known).title}")
    print(f"\n`callqa crm sources NAME` shows one with its columns.\n\n{HOWTO}")


for _command, _name in (
    *((import_files, "import"), (sources, "sources")),
    *((sanity.check, "check"), (sanity.links, "links")),
):
    crm.command(name=_name, epilog=_command.examples)(_command)


def _told(done: Imported) -> list[str]:
    """What became of a file, in figures that add up."""
    first, *others = done.entities.items()
    lines = [
        f"{done.path}: {done.read:,} rows of {done.table}",
        f"  {first[0]}: {_counts(first[1])}, {done.left_out:,} left out, {done.rejected:,} rejected",
    ]
    return [*lines, *(f"  {name}: {_counts(counts)}" for name, counts in others)]


def _counts(counts: Counts) -> str:
    return (
        f"{counts.taken:,} new, {counts.updated:,} updated, {counts.unchanged:,} unchanged, "
        f"{counts.repeated:,} repeated in the file"
    )


def _json(done: Imported) -> str:
    import msgspec

    return msgspec.json.encode(done, enc_hook=str).decode()


def _described(source: Source) -> list[str]:
    """A source as it can be read: how its files come about, and which column becomes which field."""
    lines = [source.title, source.about.strip()]
    for table in source.tables:
        for part in table.parts:
            lines.append(f"\n{table.name} -> {part.entity.name}" + (" (each such column)" if part.each else ""))
            lines += [f"  only where {_among(part.only or table.only)}"] if part.only or table.only else []
            lines += (
                [f"  not where {_among(part.skip or table.skip)}"] if any((part.skip or table.skip).values()) else []
            )
            for name, told in part.fields.items():
                needed = "  needed" if name in part.entity.needed else ""
                kind = KINDS.get(part.entity.fields[name], "")
                lines.append(f"  {name:<20} {_where(told)}{kind and f'  [{kind}]'}{needed}")
    return [line for line in lines if line]


def _where(told: Field) -> str:
    if told.hash:
        return f"made of {', '.join(told.hash)}"
    names = told.column if isinstance(told.column, list) else [told.column]
    found = repr(told.const) if told.const is not None else " or ".join(name for name in names if name)
    if told.key:
        found += (" or " if found else "") + f"made of {', '.join(told.key)}"
    meant = ", ".join(f"{said}: {value or 'nothing'}" for said, value in told.values.items())
    found += f" after {told.after}" if told.after else ""
    found += f", on that day not before {told.since}" if told.since else ""
    found += f", of it {told.pattern}" if told.pattern else ""
    found += f" where {_among(told.only)}" if told.only else ""
    return found + (f" ({meant})" if meant else "")


def _among(told: Mapping[str, Iterable[str]]) -> str:
    """Columns and the values in them that a row is told by."""
    meant = {column: " or ".join(value or "empty" for value in sorted(values)) for column, values in told.items()}
    return "; ".join(f"{column} is {values}" for column, values in meant.items() if values)
