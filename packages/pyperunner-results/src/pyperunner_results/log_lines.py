"""Log lines of ``pipeline.log`` and of a task's own log: six fields, separated by tabs."""

from __future__ import annotations

import math
import time
from typing import NamedTuple

from pyperunner_text.visible import visible, visible_lines

__all__ = ["LogLine", "format_lines", "parse_line"]


class LogLine(NamedTuple):
    """What one line of a log says."""

    time: str
    """ISO 8601 with milliseconds and the offset from UTC."""
    level: str
    process: str
    """Process id, or ``-``."""
    task: str
    """Task name, or ``-`` for the runner's own lines."""
    stream: str
    """``runner``, ``stdout``, ``stderr``, or the name of the logger that a task logged with."""
    text: str


class _Clock:
    """Formats epoch seconds; the part above a second is computed once per second."""

    def __init__(self) -> None:
        self._second = -1
        self._head = self._offset = ""

    def stamp(self, when: float) -> str:
        second = math.floor(when)
        if second != self._second:
            local = time.localtime(second)
            self._head = time.strftime("%Y-%m-%dT%H:%M:%S", local)
            zone = time.strftime("%z", local)
            self._offset = f"{zone[:3]}:{zone[3:]}"
            self._second = second
        return f"{self._head}.{int((when - second) * 1000):03d}{self._offset}"


_clock = _Clock()


def format_lines(text: str, task: str, level: str, process: int | None, stream: str, when: float | None) -> bytes:
    """Return one log line for each line of ``text``, as UTF-8.

    Args:
        text: What was said; control characters are spelled out.
        task: Task name, or ``-``.
        level: Name of the level.
        process: Process id, or ``None`` if unknown.
        stream: Where the text came from.
        when: Epoch seconds; ``None`` means now.
    """
    stamp = _clock.stamp(time.time() if when is None else when)
    number = "-" if process is None else process
    head = f"{stamp}\t{visible(level)}\t{number}\t{visible(task)}\t{visible(stream)}\t"
    return "".join([f"{head}{line}\n" for line in visible_lines(text)]).encode()


def parse_line(line: str) -> LogLine | None:
    """Return the fields of one log line, or ``None`` if it is none."""
    fields = line.rstrip("\n").split("\t", 5)
    return LogLine(*fields) if len(fields) == 6 else None
