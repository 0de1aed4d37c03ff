"""The page that says how far the data can be trusted: what was found, what it does to the metrics, what to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

from callqa.config import read_toml
from callqa.metrics.linking import Matched
from callqa.metrics.registry import Definition
from callqa.metrics.sanity import Check, Finding
from callqa.reports.numbers import Numbers
from callqa.reports.reasons import reason
from callqa.reports.render import render
from callqa.types import Language

MOST = 6  # parts of a finding that are shown
CODE = re.compile(r"(?<![^ ])[a-z]+(?![^ ,])")  # a word of small letters by itself


def html(
    findings: Sequence[Finding],
    matched: Matched,
    definitions: Iterable[Definition],
    as_of: datetime | None,
    language: Language,
) -> str:
    """One self-contained page; ``as_of``: the last moment the data tell of, None where there are none."""
    view = View(language, {definition.id: definition for definition in definitions})
    grouped = {
        "found": [f for f in findings if f.found],
        "clean": [f for f in findings if f.total and not f.found],
        "unlooked": [f for f in findings if not f.total],
    }
    return render("sanity.html", language, v=view, m=matched, day=as_of and as_of.date().isoformat(), **grouped)


def encode(findings: Iterable[Finding], matched: Matched, as_of: datetime | None) -> bytes:
    """The same as JSON, in both languages."""
    import msgspec

    document = {
        "as_of": as_of and as_of.isoformat(),
        "calls": {**asdict(matched), "share": share(matched.linked, matched.calls)},
        "checks": [
            {
                **{name: getattr(f.check, name) for name in ("id", "number", "title_ru", "title_en")},
                "found": f.found,
                "total": f.total,
                "share": share(f.found, f.total),
                "reason": f.reason,
                "examples": f.examples,
                "parts": [{"part": part, "found": n} for part, n in f.parts],
                **{name: getattr(f.check, name) for name in ("harm_ru", "harm_en", "cure_ru", "cure_en", "metrics")},
            }
            for f in findings
        ],
    }
    return msgspec.json.format(msgspec.json.encode(document), indent=1) + b"\n"


def share(found: int, total: int) -> float | None:
    return round(found / total, 6) if total else None


@dataclass(frozen=True, slots=True)
class View:
    """Words and figures of the page in its language."""

    language: Language
    metrics: Mapping[str, Definition]

    def say(self, key: str, **values: object) -> str:
        """A text of the page; an unknown key is a bug and raises KeyError."""
        text: str = catalogue()[key][self.language]
        return text.format(**values)

    def told(self, section: str, code: str) -> str:
        text: str = catalogue()[f"{section}_of"][code][self.language]
        return text

    def text(self, check: Check, name: str) -> str:
        """ "title", "harm" or "cure" of a check."""
        found: str = getattr(check, f"{name}_{self.language}")
        return found

    def number(self, value: int) -> str:
        return Numbers(self.language).number(value)

    def of(self, found: int, total: int) -> str:
        return self.say("of", found=self.number(found), total=self.number(total))

    def share(self, found: int, total: int) -> str:
        """In per cent; little is not nothing, and nearly all is not all."""
        said = Numbers(self.language).percent(
            min(max(found / total, 0.01), 0.99) if 0 < found < total else found / total
        )
        return f"< {said}" if 0 < found < total * 0.01 else said

    def why(self, finding: Finding) -> str:
        return reason(finding.reason or "", self.language)

    def names(self, check: Check) -> str:
        """The metrics that the check speaks of, by name."""
        known = [self.metrics[id] for id in check.metrics if id in self.metrics]
        return ", ".join(d.name_ru if self.language == "ru" else d.name_en for d in known)

    def parts(self, finding: Finding) -> str:
        """What kinds of records, with how many of each."""
        shown = [f"{self._worded(part)}: {self.number(n)}" for part, n in finding.parts[:MOST]]
        rest = len(finding.parts) - MOST
        return "; ".join([*shown, *([self.say("more", n=rest)] if rest > 0 else [])])

    def examples(self, finding: Finding) -> str:
        rest = finding.found - len(finding.examples)
        shown = ", ".join(self._worded(example) for example in finding.examples)
        return shown + (f" {self.say('more', n=self.number(rest))}" if rest > 0 else "")

    def _worded(self, text: str) -> str:
        """Codes in words, what is a name or an id as it is: "deals, leads", "won / open", "activity A-1"."""
        if (told := catalogue()["reason_of"].get(text)) is not None:
            return str(told[self.language])
        known = catalogue()["word_of"]
        return re.sub(CODE, lambda found: known[found[0]][self.language] if found[0] in known else found[0], text)


@cache
def catalogue() -> Mapping[str, Any]:
    return read_toml(Path(__file__).with_suffix(".toml"))
