"""Messages between the runner's own processes: a pickled object in a frame, over a pipe or a socket.

A frame is a mark of eight bytes, the length and the checksum of what follows, and the pickled message. A task may write
to descriptors that are not its own, or be killed while it writes; whatever is no whole frame is passed over.
"""

from __future__ import annotations

import io
import pickle
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any
from zlib import crc32

__all__ = ["Arrived", "FrameBuffer", "LoggedText", "pack"]

_MARK = b"\x93pypr\r\n\x1a"
_HEADER = struct.Struct("!8sQI")
_MOST_OF_A_TASK = 64 << 20  # bytes; what claims to be longer is no message


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


@dataclass(frozen=True)
class Arrived:
    """The process of a task, or a worker, has got as far as our own code; its first word."""


def pack(message: object) -> bytes:
    """Return the frame of a message made of builtins and this package's own dataclasses."""
    payload = pickle.dumps(message, protocol=5)
    return _HEADER.pack(_MARK, len(payload), crc32(payload)) + payload


class FrameBuffer:
    """Collects the bytes that arrive and gives back whole messages.

    Args:
        from_tasks: Whether the sender runs tasks: then nothing is called that a task could have put into a message,
            and what is too long or can't be loaded is passed over too.

    Attributes:
        skipped: How many bytes were passed over.
    """

    def __init__(self, *, from_tasks: bool = False) -> None:
        self._data = bytearray()
        self._from_tasks = from_tasks
        self.skipped = 0

    def feed(self, data: bytes) -> Iterator[Any]:
        """Take what was read and yield the messages it completes."""
        self._data += data
        while self._seek_mark():
            _, length, checksum = _HEADER.unpack_from(self._data)
            end = _HEADER.size + length
            fits = length <= _MOST_OF_A_TASK or not self._from_tasks
            if fits and len(self._data) < end:
                return
            payload = bytes(self._data[_HEADER.size : end]) if fits else b""
            if not fits or crc32(payload) != checksum:
                self._skip(1)
                continue
            try:
                message = _Unpickler(io.BytesIO(payload)).load() if self._from_tasks else pickle.loads(payload)
            except Exception:
                if not self._from_tasks:
                    raise
                self._skip(end)
                continue
            del self._data[:end]
            yield message

    def _seek_mark(self) -> bool:
        """Pass over what stands before a mark; say whether a whole header is there."""
        at = self._data.find(_MARK)
        if at < 0:  # a part of one may stand at the end
            last = max(0, len(self._data) - len(_MARK) + 1)
            at = next(start for start in range(last, len(self._data) + 1) if _MARK.startswith(self._data[start:]))
        self._skip(at)
        return len(self._data) >= _HEADER.size

    def _skip(self, count: int) -> None:
        del self._data[:count]
        self.skipped += count


class _Unpickler(pickle.Unpickler):
    """Loads builtins and this package's own classes."""

    def find_class(self, module: str, name: str) -> Any:
        if module.partition(".")[0] != "pyperunner_runner":
            raise pickle.UnpicklingError(f"{module}.{name} has no place in a message")
        return super().find_class(module, name)
