"""TOML in, frozen dataclasses out. Unknown keys are errors that name the key and the cure."""

from __future__ import annotations

import dataclasses
import re
import tomllib
import types
import typing
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from callqa.errors import ConfigError

T = TypeVar("T")
PACKAGE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Choice:
    """``use = "name"`` and the options for whatever that name builds."""

    use: str
    options: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class StoreSettings:
    """Where results are kept: an SQLAlchemy URL."""

    url: str = "sqlite:///callqa.db"


@dataclass(frozen=True, slots=True)
class IntakeSettings:
    """What is taken as a recording.

    ``name_pattern`` is a regular expression with named groups (the columns of calls.csv), used for files that
    calls.csv does not list; ``max_hours`` and ``min_seconds`` bound the length.
    """

    name_pattern: str = ""
    max_hours: float = 6.0
    min_seconds: float = 0.5


@dataclass(frozen=True, slots=True)
class RoleSettings:
    """``rep_channel``: the channel (0-based) of the rep on every two-channel call, where calls.csv is silent."""

    rep_channel: int | None = None


@dataclass(frozen=True, slots=True)
class Settings:
    """callqa.toml: one object for all that can be set. ``base`` is the folder its file names start from.

    ``transcribers`` are those chosen for the calls of one language.
    """

    path: str
    base: str
    languages: tuple[str, ...]
    store: StoreSettings
    intake: IntakeSettings
    roles: RoleSettings
    transcriber: Choice
    diarizer: Choice
    analysers: tuple[Choice, ...]
    scorecards: Mapping[str, str]
    transcribers: Mapping[str, Choice] = field(default_factory=dict)

    @property
    def recognisers(self) -> Mapping[str, Choice]:
        """What hears words, by the key that chose it: the general one, unless the only language has its own."""
        own = {f"transcriber.{language}": choice for language, choice in self.transcribers.items()}
        return own if own and len(self.languages) == 1 else {"transcriber": self.transcriber, **own}


LANGUAGES = ("ru", "en")
SECTIONS = ("languages", "store", "intake", "roles", "transcriber", "diarizer", "analysers", "scorecards")


def shipped(name: str) -> Path:
    """A folder that travels with callqa ("configs", "models", "sample_audio"): in the package or beside it."""
    inside = PACKAGE / "_shipped" / name
    return inside if inside.is_dir() else PACKAGE.parent / name


def find_settings(path: Path | None = None) -> Settings:
    """The named file, else ./callqa.toml, else the one callqa ships."""
    if path is not None:
        return load(path)
    here = Path("callqa.toml")
    return load(here if here.is_file() else shipped("configs") / "callqa.toml")


def load(path: Path) -> Settings:
    """Read one config file, or raise a ConfigError that names file and key."""
    raw = read_toml(path)
    where = str(path)
    for key in raw:
        check_known(where, key, SECTIONS)
    shipped_raw = read_toml(shipped("configs") / "callqa.toml")
    base = path.parent
    languages = _languages(where, raw.get("languages", shipped_raw["languages"]))
    # analysers and scorecards left out of a team's file are the shipped ones, read from the shipped folder
    analysers, from_ = _inherited(raw, shipped_raw, "analysers", base)
    cards, cards_from = _inherited(raw, shipped_raw, "scorecards", base)
    hears, own = _by_language(where, raw.get("transcriber", {}), languages)
    return Settings(
        path=where,
        base=str(base),
        languages=languages,
        store=convert(where, "store", raw.get("store", {}), StoreSettings),
        intake=convert(where, "intake", raw.get("intake", {}), IntakeSettings),
        roles=convert(where, "roles", raw.get("roles", {}), RoleSettings),
        transcriber=_choice(where, base, "transcriber", hears or shipped_raw["transcriber"], languages),
        transcribers={code: _choice(where, base, f"transcriber.{code}", row, languages) for code, row in own.items()},
        diarizer=_choice(where, base, "diarizer", raw.get("diarizer", shipped_raw["diarizer"]), languages),
        analysers=tuple(_choice(where, from_, f"analysers[{i}]", row, languages) for i, row in enumerate(analysers)),
        scorecards={key: str(locate(cards_from, name)) for key, name in cards.items()},
    )


def build(path: str, key: str, choice: Choice, builders: Mapping[str, type[T]]) -> T:
    """Make the object a Choice names. A builder's options are its dataclass fields."""
    check_known(path, f"{key}.{choice.use}", tuple(builders))
    return convert(path, key, choice.options, builders[choice.use])


def convert(path: str, key: str, raw: Any, target: type[T]) -> T:
    """Plain data as the dataclass ``target``: unknown keys and wrong types are ConfigErrors that name the place."""
    _check_keys(path, key, raw, target)
    try:
        return msgspec.convert(raw, type=target)
    except msgspec.ValidationError as error:
        raise ConfigError(path, key, str(error)) from error


def check_known(path: str, key: str, known: tuple[str, ...]) -> None:
    name = key.rpartition(".")[2]
    if name not in known:
        close = get_close_matches(name, known, n=1)
        hint = f"did you mean '{close[0]}'?" if close else f"choose from {', '.join(known)}"
        raise ConfigError(path, key, f"unknown; {hint}")


def read_toml(path: Path) -> dict[str, Any]:
    """A TOML file as a dict; what cannot be read is a ConfigError."""
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise ConfigError(str(path), "file", error.strerror or str(error)) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError(str(path), "syntax", str(error)) from error


def nearest(name: str, known: Iterable[str]) -> str:
    """ "; did you mean 'x'?" or nothing."""
    close = get_close_matches(name, list(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def placed(error: ConfigError, path: Path) -> ConfigError:
    """The same error with the line of ``path`` that it speaks of, where the entry it names can be found there.

    It names one by its key ("checks[1] greets.window", "scorecard.rules[0].wieght") or at the end of its problem
    ("... - at `$.rules[0].band[2]`").
    """
    said = (error.problem.rpartition("`$.")[2], error.key)
    entry = next((found for text in said if (found := re.search(r"(\w+)\[(\d+)\](?: [^.]*)?((?:\.\w+)*)", text))), None)
    if entry is None:
        return error
    table, index, keys = entry.groups()
    rows = path.read_text(encoding="utf-8").splitlines()
    heads = [n for n, row in enumerate(rows) if re.match(rf"\s*\[\[\s*{table}\s*\]\]", row)]
    if int(index) >= len(heads):
        return error
    line = _line(rows, heads[int(index)], keys.split(".")[1:], r"\s*\[\[")
    return ConfigError(f"{error.path}:{line}", error.key, error.problem)


def in_list(error: ConfigError, settings: Settings) -> ConfigError:
    """An error of a word list ("script word list (ru)", "steps.greeting.windw") with its file and line."""
    named = re.fullmatch(r"(\w+) word list \((\w+)\)", error.path)
    if named is None:
        return error
    raw = read_toml(Path(settings.path))
    rows, base = _inherited(raw, read_toml(shipped("configs") / "callqa.toml"), "analysers", Path(settings.base))
    table, *keys = error.key.split(".")
    for row in rows:
        files = row.get("file", []) if row.get("use") == named[1] else []
        # of two files with one table the later is read
        for name in reversed([files] if isinstance(files, str) else files):
            path = locate(base, name.format(language=named[2]))
            if table in read_toml(path):
                return ConfigError(f"{path}{_list_line(path, table, keys)}", error.key, error.problem)
    return error


def _list_line(path: Path, table: str, keys: Sequence[str]) -> str:
    lines = path.read_text(encoding="utf-8").splitlines()
    for depth in range(len(keys), -1, -1):
        head = re.escape(".".join([table, *keys[:depth]]))
        at = next((n for n, line in enumerate(lines) if re.match(rf"\s*\[\s*{head}\s*\]", line)), None)
        if at is not None:
            return ":" + str(_line(lines, at, keys[depth:], r"\s*\["))
    return ""


def _line(rows: Sequence[str], head: int, keys: Sequence[str], ends: str) -> int:
    """The line, from 1, of the innermost key that has one between the head of a table and its end; else the head's."""
    last = next((n for n in range(head + 1, len(rows)) if re.match(ends, rows[n])), len(rows))
    for key in reversed(keys):
        for n in range(head + 1, last):
            if re.match(rf"\s*\[?(?:\w+\.)*{re.escape(key)}\b\s*[=\]]", rows[n]):
                return n + 1
    return head + 1


def _inherited(raw: Mapping[str, Any], default: Mapping[str, Any], key: str, base: Path) -> tuple[Any, Path]:
    return (raw[key], base) if key in raw else (default[key], shipped("configs"))


def _languages(path: str, raw: Any) -> tuple[str, ...]:
    if not isinstance(raw, list) or not raw or any(language not in LANGUAGES for language in raw):
        raise ConfigError(path, "languages", f"a list of 'ru' and 'en', not {raw!r}")
    return tuple(raw)


def _by_language(where: str, raw: Any, languages: tuple[str, ...]) -> tuple[Any, Mapping[str, Any]]:
    """[transcriber] without [transcriber.ru] and [transcriber.en], and these."""
    if not isinstance(raw, Mapping):
        return raw, {}
    own = {key: row for key, row in raw.items() if key in LANGUAGES or (isinstance(row, Mapping) and "use" in row)}
    for key in own:
        if key not in languages:
            raise ConfigError(where, f"transcriber.{key}", f"languages has no '{key}'")
    return {key: value for key, value in raw.items() if key not in own}, own


def _choice(where: str, base: Path, key: str, raw: Any, languages: tuple[str, ...]) -> Choice:
    """``file`` (one or several, ``{language}`` in a name is filled in) becomes the option ``lexicons``: language to
    the merged content, so that a fingerprint of the options sees a word list change."""
    if not isinstance(raw, Mapping) or "use" not in raw:
        raise ConfigError(where, key, "missing 'use'")
    options = {name: value for name, value in raw.items() if name not in ("use", "file")}
    if "file" in raw:
        names = [raw["file"]] if isinstance(raw["file"], str) else list(raw["file"])
        options["lexicons"] = {
            language: {
                k: v for name in names for k, v in read_toml(locate(base, name.format(language=language))).items()
            }
            for language in languages
        }
    return Choice(raw["use"], options)


def locate(base: Path, name: str) -> Path:
    """The file beside the config, else the shipped one of that name."""
    return base / name if (base / name).is_file() else shipped("configs") / name


def _check_keys(path: str, key: str, raw: Any, target: Any) -> None:
    """Unknown keys at any depth; msgspec does not look for them in dataclasses."""
    target = _plain(target)
    if dataclasses.is_dataclass(target) and isinstance(raw, Mapping):
        hints = typing.get_type_hints(target)
        for name, value in raw.items():
            check_known(path, f"{key}.{name}", tuple(f.name for f in dataclasses.fields(target)))
            _check_keys(path, f"{key}.{name}", value, hints[name])
        return
    arguments = typing.get_args(target)
    if isinstance(raw, Mapping) and len(arguments) == 2:
        for name, value in raw.items():
            _check_keys(path, f"{key}.{name}", value, arguments[1])
    elif isinstance(raw, list) and arguments:
        for i, value in enumerate(raw):
            _check_keys(path, f"{key}[{i}]", value, arguments[0])


def _plain(target: Any) -> Any:
    """``X | None`` as X."""
    if typing.get_origin(target) in (typing.Union, types.UnionType):
        rest = [a for a in typing.get_args(target) if a is not type(None)]
        return rest[0] if len(rest) == 1 else target
    return target
