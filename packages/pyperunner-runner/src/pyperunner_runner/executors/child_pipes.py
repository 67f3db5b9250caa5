"""Pipes from a process that runs tasks, watched by a selector."""

from __future__ import annotations

import os
import selectors
from collections.abc import Callable, Iterable, Mapping

from pyperunner_runner.executors.child_output import STREAMS, ChildOutput, Listener
from pyperunner_runner.executors.no_room import no_room_is_blocking

__all__ = ["PIPES", "ChildPipes", "open_pipes"]

PIPES = ("messages", *STREAMS)

_READ_SIZE = 1 << 16
_MOST_READS = 1 + (1 << 20) // _READ_SIZE  # a pipe holds a MiB at most (man 7 pipe)


def open_pipes(names: Iterable[str] = PIPES) -> tuple[dict[str, int], dict[str, int]]:
    """Return the read ends and the write ends of new pipes, by name.

    Raises:
        BlockingIOError: There are no descriptors left just now.
    """
    read: dict[str, int] = {}
    write: dict[str, int] = {}
    try:
        with no_room_is_blocking():
            for name in names:
                read[name], write[name] = os.pipe()
    except OSError:
        for fd in (*read.values(), *write.values()):
            os.close(fd)
        raise
    return read, write


class ChildPipes:
    """The read ends of one process.

    Args:
        selector: Its keys' data are called when they are ready.
        fds: Read ends by name: those of ``PIPES``. They are closed here.
        listener: Told of messages and lines.
    """

    def __init__(self, selector: selectors.BaseSelector, fds: Mapping[str, int], listener: Listener) -> None:
        self._selector = selector
        self._fds = dict(fds)
        self._output = ChildOutput(listener)
        for name, fd in self._fds.items():
            os.set_blocking(fd, False)
            selector.register(fd, selectors.EVENT_READ, self._reader(name))

    def fileno(self, name: str) -> int:
        """Return a read end, which stays this object's.

        Raises:
            BrokenPipeError: Its other side has closed it.
        """
        if name not in self._fds:
            raise BrokenPipeError(f"nobody has the other end of {name}")
        return self._fds[name]

    def drain(self, names: Iterable[str] = PIPES) -> None:
        """Take in what is there now; it does not matter who else holds a write end, nor whether he goes on writing."""
        for name in names:
            for _ in range(_MOST_READS):
                if name not in self._fds or not self._read(name):
                    break

    def end_lines(self) -> None:
        """Take what stands behind the last line end for a line."""
        self._output.end_lines()

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
        self._output.feed(name, data)
        return data

    def _close(self, name: str) -> None:
        fd = self._fds.pop(name)
        self._selector.unregister(fd)
        os.close(fd)
