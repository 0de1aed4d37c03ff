"""The words of the pages in the language a page is in; all of them stand in texts.toml."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from callqa.config import read_toml
from callqa.types import Language

CATALOGUE = Path(__file__).with_name("texts.toml")


@dataclass(frozen=True, slots=True)
class Texts:
    """The catalogue as one language reads it.

    >>> Texts("ru").ui("up_to", value="45 с")
    'до 45 с'
    >>> Texts("en").told("reason", "some_new_code")
    'some new code'
    """

    language: Language

    def ui(self, key: str, **values: str) -> str:
        """A text of the pages themselves; an unknown key is a bug and raises KeyError."""
        return catalogue()["ui"][key][self.language].format(**values)

    def index(self, key: str, **values: str) -> str:
        return catalogue()["index"][key][self.language].format(**values)

    def told(self, section: str, code: str) -> str:
        """What a code means; one that a plugin invented is shown as it is, in words."""
        found = catalogue()[section].get(code)
        return found[self.language] if found else code.replace("_", " ")

    def knows(self, section: str, code: str) -> bool:
        return code in catalogue()[section]

    def counted(self, forms: str, number: float) -> str:
        """The form of a noun that goes with a number.

        >>> [Texts("ru").counted("слово|слова|слов", n) for n in (1, 3, 12, 21, 4.5)]
        ['слово', 'слова', 'слов', 'слово', 'слова']
        """
        each = forms.split("|")
        if self.language == "en" or len(each) == 1:
            return each[0] if number == 1 else each[-1]
        if number != int(number):
            return each[1]
        tens, ones = int(abs(number)) % 100, int(abs(number)) % 10
        if 11 <= tens <= 14 or ones == 0 or ones >= 5:
            return each[2]
        return each[0] if ones == 1 else each[1]


@cache
def catalogue() -> Mapping[str, Mapping[str, Mapping[str, str]]]:
    return read_toml(CATALOGUE)
