"""Python values over a socket: pickled, with big arrays beside the pickle instead of copied into it."""

from __future__ import annotations

import pickle
import socket
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

Buffer = bytes | bytearray | memoryview
COUNT = struct.Struct("!I")
SIZE = struct.Struct("!Q")


def pack(value: Any) -> list[Buffer]:
    """The pickle and then the arrays it refers to; raises whatever pickling raises."""
    arrays: list[pickle.PickleBuffer] = []
    whole = pickle.dumps(value, protocol=5, buffer_callback=arrays.append)
    return [whole, *(array.raw() for array in arrays)]


def unpack(parts: Sequence[Buffer]) -> Any:
    """What was packed. Arrays lie in the parts themselves and can be written to where those can (bytearray)."""
    return pickle.loads(parts[0], buffers=parts[1:])


@dataclass(frozen=True, slots=True)
class Wire:
    """One end of a socket that carries messages, each of one or more parts.

    Where the socket has a timeout, ``watch`` is called whenever it passes; an exception from there ends the waiting.
    A closed other end is an EOFError or an OSError.
    """

    end: socket.socket
    watch: Callable[[], None] = lambda: None

    def send(self, parts: Sequence[Buffer]) -> None:
        head = COUNT.pack(len(parts)) + b"".join(SIZE.pack(memoryview(part).nbytes) for part in parts)
        self._write(head + parts[0])
        for part in parts[1:]:
            self._write(part)

    def receive(self) -> list[bytearray]:
        (count,) = COUNT.unpack(self._read(COUNT.size))
        sizes = [SIZE.unpack(self._read(SIZE.size))[0] for _ in range(count)]
        return [self._read(size) for size in sizes]

    def _write(self, part: Buffer) -> None:
        rest = memoryview(part).cast("B")
        while rest:
            try:
                rest = rest[self.end.send(rest) :]
            except TimeoutError:
                self.watch()

    def _read(self, size: int) -> bytearray:
        whole = bytearray(size)
        rest = memoryview(whole)
        while rest:
            try:
                got = self.end.recv_into(rest)
            except TimeoutError:
                self.watch()
                continue
            if not got:
                raise EOFError
            rest = rest[got:]
        return whole
