"""The analysers a config file may name: those callqa ships, and those that other packages plug in.

A package offers one by an entry point of the group ``callqa.analysers``: ``sentiment = "their_package:Sentiment"``.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from importlib.metadata import EntryPoint, entry_points
from typing import Any

from callqa.analysers import Analyser
from callqa.config import Choice, check_known, convert
from callqa.errors import ConfigError
from callqa.types import Measure

GROUP = "callqa.analysers"
SHIPPED = {
    "dynamics": "callqa.analysers.dynamics:Dynamics",
    "questions": "callqa.analysers.questions:Questions",
    "script": "callqa.analysers.script:Script",
    "trackers": "callqa.analysers.trackers:Trackers",
    "objections": "callqa.analysers.objections:Objections",
    "next_step": "callqa.analysers.next_step:NextStep",
    "qualification": "callqa.analysers.qualification:Qualification",
    "meddic": "callqa.analysers.qualification:Meddic",
    "fillers": "callqa.analysers.fillers:Fillers",
    "tone": "callqa.analysers.tone:Tone",
    "gaming": "callqa.analysers.gaming:Gaming",
    "phases": "callqa.analysers.phases:Phases",
    "mentions": "callqa.analysers.mentions:Mentions",
    "offers": "callqa.analysers.offers:Offers",
    "sentiment": "callqa.analysers.sentiment:Sentiment",
    "engagement": "callqa.analysers.engagement:Engagement",
    "confidence": "callqa.analysers.confidence:Confidence",
}


def make(choices: Sequence[Choice], path: str) -> tuple[Analyser, ...]:
    """The analysers of one config file, ``path``, in its order; only those named are imported.

    What is unknown, cannot be loaded or is no analyser is a ConfigError.
    """
    plugins = entry_points(group=GROUP)
    known = tuple(dict.fromkeys([*SHIPPED, *sorted(plugins.names)]))
    return tuple(_made(path, f"analysers[{i}]", choice, known, plugins) for i, choice in enumerate(choices))


def catalogue(analysers: Iterable[Analyser]) -> Mapping[str, Measure]:
    """Every measure by its name; two analysers that give one measure are a ConfigError."""
    found: dict[str, Measure] = {}
    giver: dict[str, str] = {}
    for analyser in analysers:
        name = type(analyser).__name__
        for measure in analyser.measures:
            if measure.name in found:
                raise ConfigError("analysers", measure.name, f"given by {giver[measure.name]} and by {name}; drop one")
            found[measure.name], giver[measure.name] = measure, name
    return found


def _made(path: str, key: str, choice: Choice, known: tuple[str, ...], plugins: Iterable[EntryPoint]) -> Analyser:
    place = f"{key}.{choice.use}"
    if choice.use not in known:
        check_known(path, place, known)
    return _fitting(path, place, convert(path, key, choice.options, _class(path, place, choice.use, plugins)))


def _class(path: str, key: str, name: str, plugins: Iterable[EntryPoint]) -> type[Any]:
    """A shipped name is never another package's; a plugin's name is one package's."""
    points = [EntryPoint(name, SHIPPED[name], GROUP)] if name in SHIPPED else [p for p in plugins if p.name == name]
    if len({point.value for point in points}) > 1:
        raise ConfigError(path, key, f"given by {' and '.join(sorted(p.value for p in points))}; uninstall one")
    try:
        found = points[0].load()
    except (ImportError, AttributeError) as error:
        raise ConfigError(path, key, f"{points[0].value} cannot be loaded: {error}") from error
    if not (isinstance(found, type) and dataclasses.is_dataclass(found) and _frozen(found)):
        raise ConfigError(path, key, f"{points[0].value} is no frozen dataclass; see docs/measures/plugins.md")
    return found


def _frozen(found: Any) -> bool:
    return bool(found.__dataclass_params__.frozen)


def _fitting(path: str, key: str, made: Any) -> Analyser:
    measures = getattr(made, "measures", None)
    if not (isinstance(measures, tuple) and all(isinstance(measure, Measure) for measure in measures)):
        raise ConfigError(
            path, key, "is no analyser: 'measures' must be a tuple of Measure; see docs/measures/plugins.md"
        )
    if not callable(getattr(made, "analyse", None)):
        raise ConfigError(path, key, "is no analyser: it has no analyse(call); see docs/measures/plugins.md")
    analyser: Analyser = made
    return analyser
