"""Which sentences ask, and how: open, closed, alternative; or only seem to, as tags and echoes do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from callqa import text
from callqa.analysers import lexicon
from callqa.analysers.timeline import EPS
from callqa.types import Language, Span, Word

Kind = Literal["open", "closed", "alternative", "tag", "rhetorical"]
LISTS = (
    "openers", "before", "words", "unsure", "joins", "requests", "closed", "inside", "statements", "tags", "either",
    "either_not", "any", "choice", "idle",
    "given", "governs",
)  # fmt: skip
ECHO_WORDS = 3
SHORT_CLAUSE = 2  # words: a name and a patronymic, "по-вашему", "please"
PARTICLE_WITHIN = 3  # words from the head of the sentence: "подойдёт ли вам", "остались ли у вас"


@dataclass(frozen=True)
class Asked:
    """A sentence that asks; ``words`` are those of its turn."""

    kind: Kind
    span: Span
    words: tuple[Word, ...]

    @property
    def text(self) -> str:
        inside = (w for w in self.words if self.span.start - EPS <= w.start and w.end <= self.span.end + EPS)
        return " ".join(word.text for word in inside)


@dataclass(frozen=True)
class Clause:
    """Tokens ``first`` to ``last`` (exclusive) between two commas; ``head`` is the first after openers."""

    first: int
    head: int
    last: int


def asked(
    turns: Sequence[Sequence[Word]],
    lists: Mapping[str, tuple[str, ...]],
    language: Language,
    before: Sequence[str] = (),
) -> list[list[Asked]]:
    """The questions in each of one side's turns. ``before``: what the other side said last before each, for echoes."""
    parts = [_ended(text.tokens(words, language)) for words in turns]
    capitals = frozenset(w.start for words in turns for w in words if w.text.lstrip("«\"'(")[:1].isupper())
    reading = _Reading(text.Tokens(token for part in parts for token in part), lists, language, capitals)
    result, first = [], 0
    for words, part, heard in zip(turns, parts, before or [""] * len(turns), strict=True):
        result.append(list(_asked(reading, words, first, first + len(part), heard)))
        first += len(part)
    return result


def _asked(reading: _Reading, words: Sequence[Word], first: int, last: int, heard: str) -> Iterator[Asked]:
    """The questions among tokens ``first`` to ``last`` (exclusive), which are one turn."""
    said = reading.said
    for i in range(first, last):
        if said.breaks[i]:
            if kind := reading.kind(first, i + 1, heard):
                yield Asked(kind, Span(said[first].start, max(t.end for t in said[first : i + 1])), tuple(words))
            first = i + 1


def _ended(said: text.Tokens) -> list[text.Token]:
    """A turn's end ends its sentence, marked or not."""
    if not said or said[-1].ends_sentence:
        return list(said)
    return [*said[:-1], replace(said[-1], mark=said[-1].mark + ".")]


@dataclass(frozen=True)
class _Reading:
    said: text.Tokens
    lists: Mapping[str, tuple[str, ...]]
    language: Language
    capitals: frozenset[float]

    @cached_property
    def _ends(self) -> dict[str, dict[int, int]]:
        """For each list: where its phrases begin, and where the longest of them ends."""
        result: dict[str, dict[int, int]] = {}
        for name in LISTS:
            ends: dict[int, int] = {}
            for phrase in lexicon.phrases(self.lists[name], self.language):
                for hit in text.find(phrase, self.said):
                    ends[hit.first] = max(hit.last, ends.get(hit.first, 0))
            result[name] = ends
        return result

    def kind(self, first: int, last: int, heard: str) -> Kind | None:
        """What the sentence asks, None when it does not."""
        marked, exclaimed = "?" in self.said[last - 1].mark, "!" in self.said[last - 1].mark
        clauses = self._clauses(first, last)
        form = None if exclaimed and not marked else self._form(clauses)
        if not marked and form is None:
            return None
        if self._tagged(clauses) or (marked and self._echoes(first, last, heard)):
            return "tag"
        return self._chosen(clauses, form or ("open" if self._asks_openly(clauses) else "closed"))

    def _clauses(self, first: int, last: int) -> list[Clause]:
        """The sentence cut at commas and dashes, openers passed over; a clause of openers alone has no head left."""
        clauses, start = [], first
        for i in range(first, last):
            if i + 1 == last or self.said[i].mark.strip("»\"'”)"):
                clauses.append(Clause(start, self._past_openers(start, i + 1), i + 1))
                start = i + 1
        return clauses

    def _past_openers(self, at: int, last: int) -> int:
        """Over any number of openers from ``at`` on, but not into a phrase that itself asks or only seems to."""
        while at < last and not any(at in self._ends[name] for name in ("statements", "requests", "closed")):
            end = self._ends["openers"].get(at)
            if end is None or end > last:
                break
            at = end
        return at

    def _leading(self, clauses: Sequence[Clause]) -> list[Clause]:
        """The clauses where the question itself can begin: the first with more than openers, a name or an "if".

        English word order tells a question anywhere in the sentence.
        """
        headed = [clause for clause in clauses if clause.head < clause.last]
        if self.language == "en":
            return headed
        passed = (self._names(c) or c.head in self._ends["given"] for c in headed)
        long = next((i for i, passes in enumerate(passed) if not passes), len(headed))
        conditional = bool(headed) and headed[0].head in self._ends["given"]
        return [c for i, c in enumerate(headed) if i <= long or conditional or c.first < c.head]

    def _names(self, clause: Clause) -> bool:
        """Whether somebody is called by name: two capitals, as the first word of a sentence has one anyway."""
        length = clause.last - clause.head
        return length == SHORT_CLAUSE and all(
            self.said[i].start in self.capitals for i in range(clause.head, clause.last)
        )

    def _form(self, clauses: Sequence[Clause]) -> Kind | None:
        """What the words alone show, whatever the punctuation."""
        headed = [clause for clause in clauses if clause.head < clause.last]
        leading = self._leading(clauses)
        conditional = bool(headed) and headed[0].head in self._ends["given"]
        for i, clause in enumerate(headed):
            if clause.head in self._ends["statements"]:
                continue
            if clause.head in self._ends["requests"]:
                return "open"
            if clause in leading and (clause.head in self._ends["closed"] or self._particle(clause)):
                return "closed"
            # a later clause asks behind a conjunction ("а сколько ...") or a condition, else its word only joins it
            free = i == 0 or (clause in leading and not self._depends(headed[i - 1], conditional))
            if free and self._bare(clause, "words"):
                return "open"
            if free and self._bare(clause, "unsure") and not self._main_follows(clauses, clause):
                return "open"
        return None

    def _depends(self, before: Clause, conditional: bool) -> bool:
        """Whether the clause after this one is told by it: "вы видите, сколько ...", "что закупать, а что ..."."""
        governed = any(i in self._ends["governs"] for i in range(before.first, before.last))
        return governed or (not conditional and (self._word(before, "words") or self._word(before, "unsure")))

    def _bare(self, clause: Clause, name: str) -> bool:
        """Whether a question word alone makes the question: not in English, and not a word without its clause."""
        return self.language == "ru" and clause.last - clause.head > 1 and self._word(clause, name)

    def _word(self, clause: Clause, name: str) -> bool:
        """Whether a question word stands at the head, behind a preposition or not."""
        at = self._ends["before"].get(clause.head, clause.head)
        end = next((self._ends[name][i] for i in (clause.head, at) if i in self._ends[name]), None)
        return end is not None and end <= clause.last and clause.head not in self._ends["statements"]

    def _particle(self, clause: Clause) -> bool:
        near = range(clause.head, min(clause.last, clause.head + PARTICLE_WITHIN + 1))
        return any(i in self._ends["inside"] and (i - 1) not in self._ends["statements"] for i in near)

    def _main_follows(self, clauses: Sequence[Clause], clause: Clause) -> bool:
        """Whether a clause after this one is a main clause: then "когда", "что" only joined this one to it."""
        rest = [c for c in clauses if c.first >= clause.last and c.last - c.first > SHORT_CLAUSE]
        joined = [
            c.first in self._ends["joins"]
            or c.first in self._ends["before"]
            or any(i in self._ends["either"] for i in range(c.first, c.last))
            for c in rest
        ]
        return not all(joined)

    def _asks_openly(self, clauses: Sequence[Clause]) -> bool:
        """Of a sentence with its mark: a question word at the head of a clause, or anywhere one that only asks."""
        if any(self._particle(clause) for clause in self._leading(clauses)):
            return False
        for i, clause in enumerate(c for c in clauses if c.head < c.last):
            if self._ends["idle"].get(clause.head) == clause.last < clauses[-1].last:
                continue  # "так что, счёт выставлять?"
            if clause.head in self._ends["requests"] or self._word(clause, "words"):
                return True
            joins = i > 0 and clause.head == clause.first and clause.head not in self._ends["before"]
            if self._word(clause, "unsure") and not joins:
                return True
        anywhere = range(clauses[0].first, clauses[-1].last) if self.language == "ru" else ()
        return any(i in self._ends["words"] and i not in self._ends["statements"] for i in anywhere)

    def _chosen(self, clauses: Sequence[Clause], kind: Kind) -> Kind:
        """Alternative where a choice is named: by "или" between two things, or "что удобнее" after them."""
        first, last = clauses[0].first, clauses[-1].last
        if any(i in self._ends["choice"] for i in range(first, last)):
            return "alternative"
        for at in (i for i in range(first, last) if i in self._ends["either"]):
            if self._ends["either_not"].get(at) == last:
                continue
            clause = next(c for c in clauses if c.first <= at < c.last)
            if any(i in self._ends["any"] for i in range(clause.first, at)):
                continue
            # "какие трудности или ошибки": one open question; "когда: в среду или в четверг": a choice
            if kind == "closed" or (not self._word(clause, "words") and not self._word(clause, "unsure")):
                return "alternative"
        return kind

    def _tagged(self, clauses: Sequence[Clause]) -> bool:
        last = clauses[-1]
        starts = range(last.first, last.last)
        ends = any(self._ends["tags"].get(i) == last.last and self._past_openers(last.first, i) == i for i in starts)
        if not ends:
            return False
        return len(clauses) == 1 or (self._form(clauses[:-1]) is None and not self._asks_openly(clauses[:-1]))

    def _echoes(self, first: int, last: int, heard: str) -> bool:
        if last - first > ECHO_WORDS:
            return False
        listened = {t.text for t in text.tokens([Word(word, 0, 0) for word in heard.split()], self.language)}
        return all(t.text in listened for t in self.said[first:last])
