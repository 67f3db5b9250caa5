"""What comes out of a process that runs tasks: messages, and the lines it prints."""

from __future__ import annotations

import os
import selectors
import time
from collections.abc import Callable, Mapping
from typing import Any

from pyperunner_runner.child.lines import LineBuffer
from pyperunner_runner.child.messages import FrameBuffer

__all__ = ["PIPES", "Outlets", "open_pipes"]

PIPES = ("messages", "stdout", "stderr")

_READ_SIZE = 1 << 16
_MOST_READS = 1 + (1 << 20) // _READ_SIZE  # a pipe holds a MiB at most (man 7 pipe)
_LEVELS = {"stdout": "INFO", "stderr": "WARNING"}


def open_pipes(names: tuple[str, ...] = PIPES) -> tuple[dict[str, int], dict[str, int]]:
    """Return the read ends and the write ends of new pipes, by name.

    Raises:
        BlockingIOError: There are no descriptors left just now.
    """
    read: dict[str, int] = {}
    write: dict[str, int] = {}
    try:
        for name in names:
            read[name], write[name] = os.pipe()
    except OSError as error:
        for fd in (*read.values(), *write.values()):
            os.close(fd)
        raise BlockingIOError(*error.args) from error
    return read, write


class Outlets:
    """The read ends of one process, watched by a selector.

    Args:
        selector: Its keys' data are called when they are ready.
        fds: Read ends by name: those of ``PIPES``. They are closed here.
        take_message: Called with each message.
        take_line: Called with stream or logger, level, text and time of each line.
    """

    def __init__(
        self,
        selector: selectors.BaseSelector,
        fds: Mapping[str, int],
        take_message: Callable[[Any], None],
        take_line: Callable[[str, str, str, float], None],
    ) -> None:
        self._selector = selector
        self._fds = dict(fds)
        self._take_message = take_message
        self._take_line = take_line
        self._frames = FrameBuffer()
        self._lines = {stream: LineBuffer() for stream in _LEVELS}
        for name, fd in self._fds.items():
            os.set_blocking(fd, False)
            selector.register(fd, selectors.EVENT_READ, self._reader(name))

    def drain(self, names: tuple[str, ...] = PIPES) -> None:
        """Take in what is there now; it does not matter who else holds a write end, nor whether he goes on writing."""
        for name in names:
            for _ in range(_MOST_READS):
                if name not in self._fds or not self._read(name):
                    break

    def end_lines(self) -> None:
        """Take what stands behind the last line end for a line."""
        for stream, buffer in self._lines.items():
            self._take_lines(stream, buffer.rest())

    def close(self) -> None:
        """Close the read ends."""
        for name in list(self._fds):
            self._close(name)

    def _reader(self, name: str) -> Callable[[], None]:
        def read() -> None:
            # Another event of the same batch may have closed it.
            if name in self._fds and self._read(name) == b"":
                self._close(name)

        return read

    def _read(self, name: str) -> bytes | None:
        """Read once and take in what came; return ``None`` when it is empty for now, ``b""`` at its end."""
        try:
            data = os.read(self._fds[name], _READ_SIZE)
        except BlockingIOError:
            return None
        except ConnectionResetError:  # a socket whose other end was closed with something unread in it
            return b""
        if name != "messages":
            self._take_lines(name, self._lines[name].feed(data))
            return data
        for message in self._frames.feed(data):
            if isinstance(message, tuple) and message[0] == "log":
                _, logger, level, text, when = message
                for line in text.splitlines():
                    self._take_line(logger, level, line, when)
            else:
                self._take_message(message)
        return data

    def _take_lines(self, stream: str, lines: list[str]) -> None:
        now = time.time()
        for line in lines:
            self._take_line(stream, _LEVELS[stream], line, now)

    def _close(self, name: str) -> None:
        fd = self._fds.pop(name)
        self._selector.unregister(fd)
        os.close(fd)
