"""Every language's calls to the recogniser chosen for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from callqa.speech import Channel, Heard, Transcriber


@dataclass(frozen=True, slots=True)
class ByLanguage:
    """A Transcriber of several: ``general`` tells a call's language and hears those that have none of their ``own``."""

    general: Transcriber
    own: Mapping[str, Transcriber]

    def language(self, channels: Sequence[Channel], allowed: Sequence[str]) -> str:
        return self.general.language(channels, allowed)

    def transcribe(self, channels: Sequence[Channel], languages: Sequence[str]) -> list[Heard]:
        """One Heard a channel; each recogniser gets all its channels at once."""
        heard: dict[int, Heard] = {}
        for ear in (self.general, *self.own.values()):
            mine = [i for i, language in enumerate(languages) if self.own.get(language, self.general) is ear]
            if mine:
                words = ear.transcribe([channels[i] for i in mine], [languages[i] for i in mine])
                heard.update(zip(mine, words, strict=True))
        return [heard[i] for i in range(len(channels))]
