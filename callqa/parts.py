"""The parts a team's settings name: transcriber, diarizer, analysers, scorecards, role cues; checked before any work.

Building the parts loads no model: what is wrong with a setting is said in the first second of a run.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from callqa import habit, models
from callqa.analysers import Analyser
from callqa.analysers.registry import catalogue, make
from callqa.checks import declared
from callqa.config import Choice, Settings, check_known, convert, in_list, locate, read_toml
from callqa.errors import ConfigError, MissingExtra
from callqa.intervals import Errors
from callqa.scoring import Card, load_card
from callqa.speech import Diarizer, Transcriber
from callqa.speech.by_language import ByLanguage
from callqa.speech.onnx import OnnxAsr, OnnxOptions
from callqa.speech.pyannote import Pyannote, PyannoteOptions
from callqa.speech.roles import RoleCues
from callqa.speech.whisper import Whisper, WhisperOptions
from callqa.types import Measure

TRANSCRIBERS = ("whisper", "onnx")
DIARIZERS = ("pyannote",)


@dataclass(frozen=True, slots=True)
class Parts:
    """``transcriber`` and ``diarizer`` are what a fingerprint sees of them: names, options, weights."""

    analysers: tuple[Analyser, ...]
    catalogue: Mapping[str, Measure]
    cards: Mapping[str, Card]
    cues: Mapping[str, RoleCues]
    errors: Errors
    transcriber: Mapping[str, Any]
    diarizer: Mapping[str, Any]
    make_transcriber: Callable[[], Transcriber]
    make_diarizer: Callable[[], Diarizer]

    @classmethod
    def of(cls, settings: Settings) -> Parts:
        """Raises ConfigError or ModelError for what cannot be built."""
        analysers = made(settings)
        known = {**catalogue(analysers), **{m.name: m for m in habit.MEASURES}}
        cards = {language: _card(settings, language, known) for language in settings.languages}
        hears, make_transcriber = _transcriber(settings)
        tells, make_diarizer = _diarizer(settings)
        return cls(
            analysers=analysers,
            catalogue={**known, **declared({language: card.checks for language, card in cards.items()})},
            cards=cards,
            cues={language: _cues(settings, language) for language in settings.languages},
            errors=_errors(settings),
            transcriber=hears,
            diarizer=tells,
            make_transcriber=make_transcriber,
            make_diarizer=make_diarizer,
        )

    def hears(self, language: str) -> Mapping[str, Any]:
        """What the words of a call in that language depend on: what told the language and what wrote them."""
        general = {key: told for key, told in self.transcriber.items() if key != "own"}
        own = self.transcriber.get("own", {})
        return {**general, "own": own[language]} if language in own else general

    def under(self, card: Card) -> Parts:
        """The same parts with that scorecard for the calls of every language."""
        cards = dict.fromkeys(self.cards, card)
        checks = declared(dict.fromkeys(cards, card.checks))
        return replace(self, cards=cards, catalogue={**catalogue(self.analysers), **checks})


def made(settings: Settings) -> tuple[Analyser, ...]:
    """The analysers that the settings name; a mistake in one of their lists names its file and line."""
    try:
        return make(settings.analysers, settings.path)
    except ConfigError as error:
        raise in_list(error, settings) from error


def _card(settings: Settings, language: str, known: Mapping[str, Measure]) -> Card:
    if language not in settings.scorecards:
        raise ConfigError(settings.path, f"scorecards.{language}", "missing; every language needs its scorecard")
    return load_card(Path(settings.scorecards[language]), known)


def _cues(settings: Settings, language: str) -> RoleCues:
    path = locate(Path(settings.base), f"lexicons/{language}/roles.toml")
    return convert(str(path), "roles", read_toml(path), RoleCues)


def _errors(settings: Settings) -> Errors:
    path = locate(Path(settings.base), "errors.toml")
    return convert(str(path), "errors", read_toml(path), Errors)


def _transcriber(settings: Settings) -> tuple[Mapping[str, Any], Callable[[], Transcriber]]:
    """One for all languages, or one that hands each language's calls to its own."""
    made = {key: _recogniser(settings, key, choice) for key, choice in settings.recognisers.items()}
    if len(made) == 1:
        return next(iter(made.values()))
    hears, general = made["transcriber"]
    own = {code: made[f"transcriber.{code}"] for code in settings.transcribers}

    def load() -> Transcriber:
        return ByLanguage(general(), {code: make() for code, (_, make) in own.items()})

    return {**hears, "own": {code: told for code, (told, _) in own.items()}}, load


def _recogniser(settings: Settings, key: str, choice: Choice) -> tuple[Mapping[str, Any], Callable[[], Transcriber]]:
    check_known(settings.path, f"{key}.{choice.use}", TRANSCRIBERS)
    return (_whisper if choice.use == "whisper" else _onnx)(settings, key, choice)


def _whisper(settings: Settings, key: str, choice: Choice) -> tuple[Mapping[str, Any], Callable[[], Transcriber]]:
    options = convert(settings.path, key, choice.options, WhisperOptions)
    name, _ = models.choose_whisper(options.model)
    hears = {
        "use": choice.use,
        # how many at once and on how many cores changes no word
        "options": replace(options, model=name, batch=0, threads=0),
        "device": models.device(),
        "weights": [models.fingerprint(name), models.fingerprint("silero-vad")],
    }

    def load() -> Transcriber:
        _needs("faster_whisper", "speech", "speech recognition")
        return Whisper.load(models.path(name), options, models.device())

    return hears, load


def _onnx(settings: Settings, key: str, choice: Choice) -> tuple[Mapping[str, Any], Callable[[], Transcriber]]:
    options = convert(settings.path, key, choice.options, OnnxOptions)
    name, about, device = options.model, models.choose_onnx(options.model), models.onnx_device()
    _, _, own = key.partition(".")
    for language in [own] if own else settings.languages:
        if language not in about.languages:
            cure = "" if own else f"; put it under [transcriber.{about.languages[0]}]"
            raise ConfigError(settings.path, f"{key}.model", f"{name} hears no '{language}'{cure}")
    hears = {
        "use": choice.use,
        "options": replace(options, batch=0, threads=0),
        "runs": about,
        "device": device,
        "weights": [models.fingerprint(name), models.fingerprint("silero-vad")],
    }

    def load() -> Transcriber:
        _needs("onnx_asr", "onnx", f"the recogniser {name}")
        return OnnxAsr.load(models.path(name), about, options, device)

    return hears, load


def _diarizer(settings: Settings) -> tuple[Mapping[str, Any], Callable[[], Diarizer]]:
    choice = settings.diarizer
    check_known(settings.path, f"diarizer.{choice.use}", DIARIZERS)
    options = convert(settings.path, "diarizer", choice.options, PyannoteOptions)
    weights = ("segmentation-3.0", "campplus")
    tells = {"use": choice.use, "options": options, "weights": [models.fingerprint(name) for name in weights]}

    def load() -> Diarizer:
        _needs("pyannote.audio", "diarize", "a recording with both voices on one channel")
        segmentation, embedding = (models.path(name) for name in weights)
        return Pyannote.load(segmentation, embedding, options, models.device())

    # one worker hears many mono calls: the weights are read once, and only when the first one comes
    return tells, cache(load)


def _needs(module: str, extra: str, needed_for: str) -> None:
    try:
        found = find_spec(module)
    except ModuleNotFoundError:
        found = None
    if found is None:
        raise MissingExtra(extra, needed_for)
