"""Writes commands.md, the reference of the command line, from the commands themselves: `python docs/commands.py`."""

import inspect
import typing
from pathlib import Path

from callqa.cli import app

PAGE = Path(__file__).with_name("commands.md")
HEAD = """# Commands

Made by `python docs/commands.py` from the commands' own help. Progress and remarks go to stderr, results to stdout.

| exit code | means |
|--|--|
| 0 | all done |
| 1 | some recordings failed, each named with its reason; for `doctor` and `models verify`: something is wrong here |
| 2 | the command or its configuration is wrong |
| 130 | stopped by Ctrl-C; what is done is kept |
"""


def page() -> str:
    """The whole reference."""
    return "\n".join([HEAD, *(line for path, command in commands() for line in section(path, command))])


def commands():
    """The words of every command and what is known of it, those of groups last."""
    yield from ((f"callqa {command.name}", command) for command in app.registered_commands)
    for group in app.registered_groups:
        for command in group.typer_instance.registered_commands:
            yield f"callqa {group.name} {command.name}", command


def section(path, command):
    """One command: what it does, its arguments and options, examples."""
    shown = list(parameters(command.callback))
    arguments = [name for name, is_argument, *_ in shown if is_argument]
    options = ["[OPTIONS]"] if len(shown) > len(arguments) else []
    yield f"## {path}\n"
    yield " ".join(command.callback.__doc__.split()) + "\n"
    yield "```\n" + " ".join([path, *arguments, *options]) + "\n```\n"
    if shown:
        yield "| | | by default |\n|--|--|--|"
        yield from (f"| `{name}` | {help} | {default} |" for name, _, help, default in shown)
        yield ""
    yield command.epilog + "\n"


def parameters(callback):
    """Every parameter of a command: how it is written, whether it is an argument, its help, its default."""
    hints = typing.get_type_hints(callback, include_extras=True)
    for parameter in inspect.signature(callback).parameters.values():
        kind, info = typing.get_args(hints[parameter.name])[:2]
        argument = type(info).__name__ == "ArgumentInfo"
        given = parameter.default if parameter.default not in (inspect.Parameter.empty, None, False) else ""
        written = option(info, parameter.name) + value(kind, info.metavar or parameter.name.upper())
        written = placeholder(kind, parameter) if argument else written
        yield written, argument, info.help, f"`{given}`" if given != "" else ""


def placeholder(kind, parameter) -> str:
    """An argument as usage lines write it."""
    many = any(typing.get_origin(part) is list for part in (kind, *typing.get_args(kind)))
    name = parameter.name.upper().removesuffix("S") if many else parameter.name.upper()
    name = f"{name}..." if many else name
    return name if parameter.default is inspect.Parameter.empty else f"[{name}]"


def option(info, name) -> str:
    """The option's own name, or the one Typer makes of the parameter's."""
    # in Annotated[...] Typer's first argument is a name, whatever its signature calls it
    names = [n for n in (info.default, *(info.param_decls or ())) if isinstance(n, str) and n.startswith("--")]
    return names[0] if names else "--" + name.replace("_", "-")


def value(kind, name) -> str:
    """What follows an option: nothing for a switch, the choices, or a name for what is meant."""
    if kind is bool:
        return ""
    choices = [c for part in (kind, *typing.get_args(kind)) for c in typing.get_args(part) if isinstance(c, str)]
    return " " + (" or ".join(dict.fromkeys(choices)) if choices else name)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
