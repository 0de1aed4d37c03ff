"""Words and sounds that fill a pause and say nothing, in a hundred words."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from callqa import text
from callqa.analysers import lexicon
from callqa.analysers.heard import tables, unheard
from callqa.analysers.lexicon import NO_LEXICON, Lexicons
from callqa.analysers.timeline import EPS, PARTIES
from callqa.types import Call, Evidence, Language, Measure, Measurement, Seconds, Side, Word

LISTS = ("sounds", "always", "beside", "between", "except")
MEASURES = (
    Measure("fillers", "per 100 words", "Rep's fillers", "Слова-паразиты менеджера"),
    Measure("hesitations", "per 100 words", "Rep's sounds of hesitation", "Звуки заминки менеджера"),
    Measure("fillers_customer", "per 100 words", "Customer's fillers", "Слова-паразиты клиента"),
    Measure("hesitations_customer", "per 100 words", "Customer's sounds of hesitation", "Звуки заминки клиента"),
)


@dataclass(frozen=True)
class Fillers:
    """Hits of the word lists / words * 100, per side; sounds of hesitation are among them and counted apart as well.

    ``pause``: a gap longer than this stands for punctuation. Of overlapping hits the longest counts.
    """

    lexicons: Lexicons = field(default_factory=dict)
    pause: Seconds = 0.3

    def __post_init__(self) -> None:
        _ = self._lists

    @cached_property
    def _lists(self) -> Mapping[str, Mapping[str, tuple[str, ...]]]:
        return tables("fillers", self.lexicons, dict.fromkeys(LISTS, tuple[str, ...]))

    @property
    def measures(self) -> tuple[Measure, ...]:
        return MEASURES

    def analyse(self, call: Call) -> Iterator[Measurement]:
        for side, names in zip(PARTIES, (MEASURES[:2], MEASURES[2:]), strict=True):
            reason = unheard(call, side)
            if reason or call.transcript.language not in self._lists:
                yield from lexicon.unmeasured(names, reason or NO_LEXICON)
            else:
                yield from self._side(call, side, names)

    def _side(self, call: Call, side: Side, names: Sequence[Measure]) -> Iterator[Measurement]:
        language = call.transcript.language
        words = lexicon.spoken(call, side)
        said = text.tokens(words, language)
        spoken = sum(any(c.isalnum() for c in word.text) for word in words)
        if not spoken:  # a recogniser may write nothing but dots
            yield from lexicon.unmeasured(names, "no_words")
            return
        found = self._found(said, language)
        sounds = [hit for hit, kind in found if kind == "sounds"]
        for measure, hits in zip(names, ([hit for hit, _ in found], sounds), strict=True):
            moments = _repeated(said, words, hits)
            yield Measurement(measure.name, 100 * len(hits) / spoken, spoken, evidence=tuple(moments))

    def _found(self, said: text.Tokens, language: Language) -> list[tuple[text.Hit, str]]:
        """What counts, and by which list; what the exceptions hold is taken and does not count."""
        kinds = {pattern: kind for kind in LISTS for pattern in self._lists[language][kind]}
        hits = [
            (hit, kinds[phrase.pattern])
            for phrase in lexicon.phrases(kinds, language)
            for hit in text.find(phrase, said)
        ]
        found: list[tuple[text.Hit, str]] = []
        taken: set[int] = set()
        for hit, kind in sorted(hits, key=lambda pair: (pair[0].first - pair[0].last, pair[0].first)):
            if taken.isdisjoint(range(hit.first, hit.last)) and self._counts(said, hit, kind):
                found.append((hit, kind))
                taken.update(range(hit.first, hit.last))
        return sorted(pair for pair in found if pair[1] != "except")

    def _counts(self, said: text.Tokens, hit: text.Hit, kind: str) -> bool:
        before = hit.first == 0 or self._apart(said, hit.first - 1)
        after = hit.last == len(said) or self._apart(said, hit.last - 1)
        if kind == "between":
            # a word that is the whole sentence is an answer
            return before and after and not (_ends(said, hit.first - 1) and _ends(said, hit.last - 1))
        return kind != "beside" or before or after

    def _apart(self, said: text.Tokens, i: int) -> bool:
        """Whether a mark or a pause parts token i from the next."""
        return bool(said[i].mark.strip("»\"'”)")) or said[i + 1].start - said[i].end > self.pause + EPS


def _ends(said: text.Tokens, i: int) -> bool:
    return i < 0 or said.breaks[i]


def _repeated(said: text.Tokens, words: Sequence[Word], hits: Sequence[text.Hit]) -> list[Evidence]:
    """Every hit as a moment: the most repeated filler first, its hits in order of time."""
    named = [(" ".join(token.text for token in said[hit.first : hit.last]), hit) for hit in hits]
    counts: dict[str, int] = {}
    for name, _ in named:
        counts[name] = counts.get(name, 0) + 1
    named.sort(key=lambda pair: (-counts[pair[0]], pair[0], pair[1].first))
    return [lexicon.cited(words, hit.span, f"{name} ×{counts[name]}", around=2) for name, hit in named]
