"""The last lines that running tasks have printed, for the error of one that fails."""

from __future__ import annotations

from collections import deque

__all__ = ["Tails"]

_LINES = 20
_CHARACTERS = 500  # of one line


class Tails:
    """Keeps the last lines of every running task, in bounded memory."""

    def __init__(self) -> None:
        self._lines: dict[str, deque[str]] = {}

    def add(self, task: str, line: str) -> None:
        """Take a line that a task printed."""
        if task not in self._lines:
            self._lines[task] = deque(maxlen=_LINES)
        self._lines[task].append(line if len(line) <= _CHARACTERS else f"{line[:_CHARACTERS]}…")

    def take(self, task: str) -> list[str]:
        """Return the last lines of a task whose attempt is over, and forget them."""
        return list(self._lines.pop(task, ()))
