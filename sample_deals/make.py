"""Makes the demo company's exports: `python sample_deals/make.py OUT [SOURCE...]`; the standard library is enough.

Twelve reps in three teams, eighteen months that end with September 2025, 4,000 leads. The same seed gives the same
bytes. OUT/plain holds every table; amocrm, bitrix24, hubspot and salesforce hold the same company as those systems
export it (people, costs, targets, rates and the order of stages, which they do not have, stand in plain alone).
"""

from __future__ import annotations

import sys
from pathlib import Path

from company import build
from exports import EXPORTS, write


def main(out: Path, sources: list[str]) -> None:
    tables = build()
    for source in sources or EXPORTS:
        for path in write(tables, source, out / source):
            print(path)


if __name__ == "__main__":
    if len(sys.argv) < 2 or not set(sys.argv[2:]) <= set(EXPORTS):
        sys.exit(f"usage: python sample_deals/make.py OUT [{' | '.join(EXPORTS)} ...]")
    main(Path(sys.argv[1]), sys.argv[2:])
