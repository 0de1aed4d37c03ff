"""Who an export means: it names owners by id or by name, as it likes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from callqa.crm.mapping import bare


class People:
    """Those whom the store knows: by their id, else by a name that only one of them bears."""

    def __init__(self, rows: Iterable[tuple[str, str | None]] = ()) -> None:
        self._ids: frozenset[str] = frozenset()
        self._named: dict[str, str] = {}
        self._bearers: Counter[str] = Counter()
        self.learn(rows)

    def learn(self, rows: Iterable[tuple[str, str | None]]) -> None:
        """Forget all, and know these: id and name of each."""
        known = list(rows)
        self._ids = frozenset(id for id, _ in known)
        self._named = {bare(name): id for id, name in known if name}
        self._bearers = Counter(bare(name) for _, name in known if name)

    def id(self, said: str) -> str:
        """The id of whom a cell means; a name that nobody bears yet is an id until `people` tell whose it is.

        >>> People([("7", "Анна Ли"), ("8", None)]).id("анна  ли"), People().id("Анна Ли")
        ('7', 'Анна Ли')
        """
        if said in self._ids:
            return said
        name = bare(said)
        if self._bearers[name] > 1:
            raise ValueError(f"{self._bearers[name]} people have this name; give the id")
        return self._named.get(name, said)
