"""Calls of a run in the order in which they can be scored: a call is compared with its rep's calls before it.

Whatever order calls are heard in, each is judged only when every earlier call of its rep in the run has been measured.
So a run gives the same scores on one worker or on forty, undisturbed or killed and started again.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from callqa.store.recent import began
from callqa.types import Metadata

Entry = tuple[str, str, str]  # began, sha256, fingerprint of what later calls compare with


@dataclass(slots=True)
class History:
    """A rep's measured calls, the oldest first."""

    entries: list[Entry] = field(default_factory=list)

    def put(self, entry: Entry) -> None:
        """A call measured, or measured anew."""
        self.entries = [known for known in self.entries if known[1] != entry[1]]
        insort(self.entries, entry)

    def before(self, began: str, most: int) -> Sequence[Entry]:
        """The last ``most`` calls that began before that time."""
        at = bisect_left(self.entries, (began,))
        return self.entries[max(0, at - most) : at]


@dataclass(slots=True)
class Rank:
    """The calls of one rep in a run, by time; ``open`` are still to be measured."""

    calls: list[tuple[str, str]]
    open: set[str]
    at: int = 0

    def ready(self) -> Iterator[str]:
        """Those that nothing earlier holds up any more, each once."""
        while self.at < len(self.calls) and self.calls[self.at][1] not in self.open:
            self.at += 1
            yield self.calls[self.at - 1][1]


@dataclass(slots=True)
class Lineup:
    """Who waits for whom. Calls are named by their hash."""

    histories: dict[str, History]
    ranks: dict[str, Rank] = field(default_factory=dict)

    @classmethod
    def of(cls, histories: Mapping[str, Iterable[Entry]]) -> Lineup:
        return cls({rep: History(list(entries)) for rep, entries in histories.items()})

    def past(self, metadata: Metadata, most: int) -> Sequence[Entry]:
        """The rep's calls before this one, as far as they are measured."""
        if not metadata.rep_id or not metadata.started_at:
            return ()
        history = self.histories.get(metadata.rep_id)
        return history.before(began(metadata.started_at), most) if history else ()

    def enter(self, calls: Mapping[str, Metadata], stale: set[str]) -> list[str]:
        """Take in the run's calls, of which ``stale`` are to be measured. Gives those that nothing can change."""
        by_rep: dict[str, list[tuple[str, str]]] = {}
        for sha, metadata in calls.items():
            if metadata.rep_id and metadata.started_at:
                by_rep.setdefault(metadata.rep_id, []).append((began(metadata.started_at), sha))
        held = set(stale)
        for rep, mine in by_rep.items():
            mine.sort()
            first = next((i for i, (_, sha) in enumerate(mine) if sha in stale), len(mine))
            if mine[first:]:
                self.ranks[rep] = Rank(mine[first:], {sha for _, sha in mine if sha in stale})
                held.update(sha for _, sha in mine[first:])
        return [sha for sha in calls if sha not in held]

    def measured(self, sha: str, metadata: Metadata, habit: str) -> list[str]:
        """A call is measured; gives the calls that can be judged now."""
        if metadata.rep_id and metadata.started_at:
            entry = (began(metadata.started_at), sha, habit)
            self.histories.setdefault(metadata.rep_id, History()).put(entry)
        return self.passed(sha, metadata) if metadata.rep_id and metadata.started_at else [sha]

    def passed(self, sha: str, metadata: Metadata) -> list[str]:
        """A call is over, measured or not: nobody waits for it any more."""
        rank = self.ranks.get(metadata.rep_id or "") if metadata.started_at else None
        if rank is None:
            return []
        rank.open.discard(sha)
        return list(rank.ready())
