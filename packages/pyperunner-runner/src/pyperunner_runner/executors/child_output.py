"""Output of a task's process: messages, and the lines it prints, out of the bytes that arrive."""

from __future__ import annotations

import time
from typing import Protocol

from pyperunner_runner.child.lines import LineBuffer
from pyperunner_runner.child.messages import FrameBuffer, LoggedText

__all__ = ["STREAMS", "ChildOutput", "Listener"]

STREAMS = {"stdout": "INFO", "stderr": "WARNING"}
"""The level that a line has on each stream."""


class Listener(Protocol):
    """Whoever hears what a process says."""

    def take_message(self, message: object) -> None:
        """Take a message in."""
        ...

    def take_line(self, stream: str, level: str, text: str, when: float) -> None:
        """Take a line in: its stream or logger, level, text without its end, and seconds since the epoch."""
        ...


class ChildOutput:
    """Collects what comes from one process and tells a listener of whole messages and lines.

    Args:
        listener: Told of them.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._frames = FrameBuffer()
        self._lines = {stream: LineBuffer() for stream in STREAMS}

    def feed(self, source: str, data: bytes) -> None:
        """Take in bytes that came from ``messages`` or a stream."""
        if source in STREAMS:
            self._tell(source, self._lines[source].feed(data))
            return
        for message in self._frames.feed(data):
            if isinstance(message, LoggedText):
                for line in message.text.splitlines():
                    self._listener.take_line(message.logger, message.level, line, message.when)
            else:
                self._listener.take_message(message)

    def end_lines(self) -> None:
        """Take what stands behind the last line end for a line."""
        for stream, buffer in self._lines.items():
            self._tell(stream, buffer.rest())

    def _tell(self, stream: str, lines: list[str]) -> None:
        now = time.time()
        for line in lines:
            self._listener.take_line(stream, STREAMS[stream], line, now)
