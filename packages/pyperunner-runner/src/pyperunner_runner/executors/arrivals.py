"""Arrivals and departures: which copies have not said a word yet, and which killed processes have not ended.

A copy of a process may wait without end for a lock that nobody holds any more, before any of our code runs in it. A
process in a call of the system that can't be broken off, because a disk or a server does not answer, hears of no signal
before the call is over, which may be never.
"""

from __future__ import annotations

from typing import Literal

__all__ = ["PATIENCE_SECONDS", "Arrivals", "Departures"]

PATIENCE_SECONDS = 30.0
_END_SECONDS = 10.0
_LAST_WORDS_SECONDS = 1.0  # between asking for the stacks and the end

Step = Literal["show", "end"]


class Arrivals:
    """Expects the first word of each copy, and says what is to be done where it does not come."""

    def __init__(self) -> None:
        self._due: dict[str, tuple[float, Step]] = {}
        self._here: set[str] = set()
        self._overdue: set[str] = set()

    def expect(self, name: str, now: float) -> None:
        """A copy exists; it may have said its first word already."""
        if name not in self._here:
            self._due[name] = now + PATIENCE_SECONDS, "show"

    def excuse(self, name: str) -> None:
        """A copy has said its first word, is none, or is to end for another reason."""
        self._due.pop(name, None)
        self._here.add(name)

    def is_overdue(self, name: str) -> bool:
        """Whether a copy was ended because it never arrived."""
        return name in self._overdue

    def forget(self, name: str) -> None:
        """A copy has ended, and all that it has said was heard."""
        self._due.pop(name, None)
        self._here.discard(name)
        self._overdue.discard(name)

    def seconds_left(self, now: float) -> float | None:
        """Return the seconds until something is to be done; ``None`` where nobody is expected."""
        return max(0.0, min(self._due.values())[0] - now) if self._due else None

    def take_due(self, now: float) -> list[tuple[str, Step]]:
        """Return the copies that are late, each first to ``show`` where it is, a moment later to ``end``."""
        due = [(name, step) for name, (when, step) in self._due.items() if when <= now]
        for name, step in due:
            if step == "show":
                self._due[name] = now + _LAST_WORDS_SECONDS, "end"
            else:
                del self._due[name]
                self._overdue.add(name)
        return due


class Departures:
    """Expects the end of each process that was killed, and says which of them the system does not let go of.

    Args:
        patience: Seconds to wait for the end of each; ten by default.
    """

    def __init__(self, patience: float | None = None) -> None:
        self._patience = _END_SECONDS if patience is None else patience
        self._due: dict[str, float] = {}

    def expect(self, name: str, now: float) -> None:
        """A process was killed; once more changes nothing."""
        self._due.setdefault(name, now + self._patience)

    def forget(self, name: str) -> None:
        """A process has ended."""
        self._due.pop(name, None)

    def seconds_left(self, now: float) -> float | None:
        """Return the seconds until something is to be done; ``None`` where nobody is expected to end."""
        return max(0.0, min(self._due.values()) - now) if self._due else None

    def take_due(self, now: float) -> list[str]:
        """Return the processes that have not ended in time, and expect nothing more of them."""
        due = [name for name, when in self._due.items() if when <= now]
        for name in due:
            del self._due[name]
        return due
