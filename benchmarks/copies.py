"""A folder of labelled calls again and again, each copy with bytes of its own: work for hours from minutes of sound.

    python benchmarks/copies.py ../shared/calls /tmp/calls --hours 2

Each repetition holds every call with its truth file, and calls.csv knows them all. A copy sounds as its original does
(AMR: silent frames at the end, 20 ms a repetition); only bytes that hold no sound differ, for callqa does not hear the
same bytes twice. The first repetition is the originals.
"""

from __future__ import annotations

import argparse
import csv
import json
import math
from collections.abc import Callable
from pathlib import Path

from callqa import truth


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folder", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--hours", type=float, default=2.0)
    options = parser.parse_args()
    made = repeat(options.folder, options.out, times(options.folder, options.hours))
    print(f"{options.out}: {len(made)} calls, {sum(truth.read(path).duration for path in made) / 3600:.2f} hours")


def times(folder: Path, hours: float) -> int:
    """How many repetitions of the folder's calls last that many hours; at least one."""
    return max(1, math.ceil(3600 * hours / sum(truth.read(path).duration for path in truth.find(folder))))


def repeat(folder: Path, out: Path, count: int) -> list[Path]:
    """The truth files of the copies, one repetition after the other."""
    out.mkdir(parents=True, exist_ok=True)
    made, renamed = [], []
    for number in range(count):
        for path in truth.find(folder):
            label = json.loads(path.read_text(encoding="utf-8"))
            sound = path.parent / label["audio"]
            copy = out / (f"r{number}-{sound.name}" if number else sound.name)
            copy.write_bytes(marked(sound.read_bytes(), sound.suffix.lower(), number))
            label |= {"audio": copy.name, "id": f"r{number}-{label['id']}" if number else label["id"]}
            target = out / (f"r{number}-{path.name}" if number else path.name)
            target.write_text(json.dumps(label, ensure_ascii=False), encoding="utf-8")
            made.append(target)
            renamed.append((sound.name, copy.name))
    if (table := folder / "calls.csv").is_file():
        write_calls(table, out / "calls.csv", renamed)
    return made


def write_calls(table: Path, out: Path, renamed: list[tuple[str, str]]) -> None:
    with table.open(encoding="utf-8", newline="") as file:
        rows = {row["file"]: row for row in csv.DictReader(file)}
    known = [rows[old] | {"file": new} for old, new in renamed if old in rows]
    with out.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(next(iter(rows.values()))))
        writer.writeheader()
        writer.writerows(known)


def marked(content: bytes, suffix: str, number: int) -> bytes:
    """The same sound in other bytes; number 0 is the content itself."""
    if suffix not in MARKS:
        raise SystemExit(f"{suffix}: no way is known to change such a file and not its sound; give {', '.join(MARKS)}")
    return MARKS[suffix](content, number) if number else content


def _wav(content: bytes, number: int) -> bytes:
    """A chunk of an unknown kind at the end."""
    content += b"\0" * (len(content) % 2) + b"copy" + (4).to_bytes(4, "little") + number.to_bytes(4, "little")
    return content[:4] + (len(content) - 8).to_bytes(4, "little") + content[8:]


def _mp3(content: bytes, number: int) -> bytes:
    """An ID3v1 tag with the number as its title."""
    return content + b"TAG" + f"{number}".encode().ljust(124, b"\0") + b"\xff"


def _flac(content: bytes, number: int) -> bytes:
    """A padding block behind the first one (fLaC, four bytes of header, 34 of stream information)."""
    last = content[4] & 0x80
    body = number.to_bytes(4, "big")
    block = bytes([last | 1]) + len(body).to_bytes(3, "big") + body
    return content[:4] + bytes([content[4] & 0x7F]) + content[5:42] + block + content[42:]


def _amr(content: bytes, number: int) -> bytes:
    """Frames without data at the end."""
    return content + b"\x7c" * number


def _ogg(content: bytes, number: int) -> bytes:
    """Another serial number of the stream, and so another checksum of every page."""
    pages, at = [], 0
    while at < len(content):
        segments = content[at + 26]
        size = 27 + segments + sum(content[at + 27 : at + 27 + segments])
        page = bytearray(content[at : at + size])
        page[14:18] = ((int.from_bytes(page[14:18], "little") + number) % 2**32).to_bytes(4, "little")
        page[22:26] = bytes(4)
        page[22:26] = _checksum(bytes(page)).to_bytes(4, "little")
        pages.append(bytes(page))
        at += size
    return b"".join(pages)


def _checksum(page: bytes) -> int:
    """Ogg's CRC-32: polynomial 0x04c11db7, not reflected."""
    value = 0
    for byte in page:
        value = ((value << 8) & 0xFFFFFFFF) ^ TABLE[(value >> 24) ^ byte]
    return value


def _table() -> list[int]:
    rows = []
    for value in range(256):
        row = value << 24
        for _ in range(8):
            row = ((row << 1) ^ (0x04C11DB7 if row & 0x80000000 else 0)) & 0xFFFFFFFF
        rows.append(row)
    return rows


TABLE = _table()
MARKS: dict[str, Callable[[bytes, int], bytes]] = {
    ".wav": _wav, ".mp3": _mp3, ".flac": _flac, ".amr": _amr, ".opus": _ogg, ".ogg": _ogg,
}  # fmt: skip


if __name__ == "__main__":
    main()
