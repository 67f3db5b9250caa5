"""Output of a task's process: messages, and the lines it prints, out of the bytes that arrive."""

from __future__ import annotations

import time
from typing import Protocol

from pyperunner_runner.child.lines import LineBuffer
from pyperunner_runner.child.messages import FrameBuffer, LoggedText
from pyperunner_text.masking import Masking

__all__ = ["STREAMS", "ChildOutput", "Listener"]

STREAMS = {"stdout": "INFO", "stderr": "WARNING"}
"""The level that a line has on each stream."""


class Listener(Protocol):
    """Whoever hears what a process says."""

    def take_message(self, message: object) -> None:
        """Take a message in."""
        ...

    def take_lines(self, stream: str, level: str, text: str, when: float, *, passing: bool = False) -> None:
        """Take one or more lines in: their stream or logger, level, text without the last end, and when they came.

        What is ``passing`` is how lines look that are being written over; in the end they come again, as they stay.
        """
        ...


def _between_secrets(data: bytes, at: int) -> int:
    from pyperunner_dag.secret import known_secrets

    return Masking(known_secrets()).cut(data, at)


class ChildOutput:
    """Collects what comes from one process and tells a listener of whole messages and lines.

    Args:
        listener: Told of them.
    """

    def __init__(self, listener: Listener) -> None:
        self._listener = listener
        self._frames = FrameBuffer(from_tasks=True)
        self._lines = {stream: LineBuffer(_between_secrets) for stream in STREAMS}
        self._passing = dict.fromkeys(STREAMS, "")

    def feed(self, source: str, data: bytes) -> None:
        """Take in bytes that came from ``messages`` or a stream."""
        if source in STREAMS:
            self._tell(source, self._lines[source].feed(data))
            self._tell_passing(source, self._lines[source].passing)
            return
        for message in self._frames.feed(data):
            if isinstance(message, LoggedText):
                text = "\n".join(message.text.splitlines())
                self._listener.take_lines(message.logger, message.level, text, message.when)
            else:
                self._listener.take_message(message)

    def end_lines(self) -> None:
        """Take what stands behind the last line end for a line, and say what came that was no message."""
        for stream, buffer in self._lines.items():
            self._tell(stream, buffer.rest())
        if self._frames.skipped:
            text = f"{self._frames.skipped} bytes came over the descriptor of messages that are none; they were ignored"
            self._listener.take_lines("runner", "WARNING", text, time.time())
            self._frames.skipped = 0

    def _tell(self, stream: str, lines: str) -> None:
        if lines:
            self._listener.take_lines(stream, STREAMS[stream], lines[:-1], time.time())

    def _tell_passing(self, stream: str, lines: str) -> None:
        if lines and lines != self._passing[stream]:
            self._listener.take_lines(stream, STREAMS[stream], lines, time.time(), passing=True)
        self._passing[stream] = lines
