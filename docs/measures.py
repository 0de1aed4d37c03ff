"""Writes measures/catalogue.md, all measures and options by analyser, from the code: `python docs/measures.py`."""

import dataclasses
from pathlib import Path

from callqa.analysers.registry import make
from callqa.config import find_settings, shipped
from callqa.habit import MEASURES as HABITS

PAGE = Path(__file__).parent / "measures" / "catalogue.md"
HEAD = """# All measures

Made by `python docs/measures.py` from the analysers of the shipped settings. A name without suffix speaks of the rep,
`_customer` says the same of the customer. A measure has a value, or null and a reason: never 0 for what is not known.
"""
SAME_LIST = "tracker.", "script."


def page() -> str:
    """The whole catalogue."""
    settings = find_settings(shipped("configs") / "callqa.toml")
    made = make(settings.analysers, settings.path)
    parts = [HEAD]
    for choice, analyser in zip(settings.analysers, made, strict=True):
        parts += [f"## {choice.use}\n", *table(analyser.measures), "", *options(analyser)]
    parts += ["## habit\n", "Deviations from the rep's own last 50 calls ([tone](delivery.md)).\n", *table(HABITS), ""]
    return "\n".join(parts)


def table(measures):
    """Names, units and labels; of phrases and steps, which the lists name, the kind alone."""
    yield "| measure | unit | in English | in Russian | dialect of |\n|--|--|--|--|--|"
    listed = dict.fromkeys(SAME_LIST, 0)
    for measure in measures:
        start = next((start for start in SAME_LIST if measure.name.startswith(start)), None)
        if start is None:
            yield f"| `{measure.name}` | {measure.unit} | {measure.en} | {measure.ru} | {measure.dialect} |"
        else:
            listed[start] += 1
    yield from (f"| `{start}NAME` | count, bool | {n} of the shipped lists | | |" for start, n in listed.items() if n)


def options(analyser):
    """The fields of an analyser with their defaults; word lists are files."""
    fields = [f for f in dataclasses.fields(analyser) if f.name != "lexicons"]
    if not fields:
        return
    yield "| option | by default |\n|--|--|"
    yield from (f"| `{field.name}` | `{default(field)}` |" for field in fields)
    yield ""


def default(field) -> str:
    """As it is written in callqa.toml."""
    value = field.default_factory() if field.default is dataclasses.MISSING else field.default
    return written(value)


def written(value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return f'"{value}"'
    if isinstance(value, tuple | list | frozenset):
        return f"[{', '.join(written(one) for one in (sorted(value) if isinstance(value, frozenset) else value))}]"
    if dataclasses.is_dataclass(value):
        fields = {f.name: getattr(value, f.name) for f in dataclasses.fields(value)}
        return written({name: one for name, one in fields.items() if one is not None})
    if isinstance(value, dict):
        return f"{{{', '.join(f'{key} = {written(one)}' for key, one in value.items())}}}"
    return f"{value:g}" if isinstance(value, float) else str(value)


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    print(PAGE)
