"""Messages between the runner's own processes: a pickled object behind its length, over a pipe or a socket."""

from __future__ import annotations

import os
import pickle
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

__all__ = ["FrameBuffer", "LoggedText", "pack", "write_all"]

_HEADER = struct.Struct("!Q")


@dataclass(frozen=True)
class LoggedText:
    """The text of a record of ``logging``, sent by the process of a task.

    Attributes:
        logger: The logger's name.
        level: A level name of ``logging``.
        text: The formatted text; may have several lines.
        when: Seconds since the epoch.
    """

    logger: str
    level: str
    text: str
    when: float


def pack(message: object) -> bytes:
    """Return the frame of a message made of builtins and this package's own dataclasses."""
    payload = pickle.dumps(message, protocol=5)
    return _HEADER.pack(len(payload)) + payload


def write_all(fd: int, data: bytes) -> None:
    """Write every byte to a blocking descriptor."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


class FrameBuffer:
    """Collects the bytes that arrive and gives back whole messages."""

    def __init__(self) -> None:
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[Any]:
        """Take what was read and yield the messages it completes."""
        self._data += data
        while len(self._data) >= _HEADER.size:
            (length,) = _HEADER.unpack_from(self._data)
            end = _HEADER.size + length
            if len(self._data) < end:
                return
            payload = bytes(self._data[_HEADER.size : end])
            del self._data[:end]
            yield pickle.loads(payload)
