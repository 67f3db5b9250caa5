"""Silence of a supervisor: how long it has owed an answer, and what follows from that. Pure: needs to be told the time.

Time counts in rounds, at most one for each look. So a runner that was itself stopped for an hour takes nobody for dead.
"""

from __future__ import annotations

__all__ = ["Silence"]

_ROUND_SECONDS = 0.5
_QUIET_SECONDS = 5.0  # after which a supervisor that owes nothing is asked whether it is there
_MOST_ROUNDS = 60
_MOST_ROUNDS_OF_A_KILL = 4


class Silence:
    """Keeps count of questions and answers.

    Args:
        now: The time, in seconds of any monotonic clock.

    Attributes:
        is_final: Whether ``look`` has said that it is lost.
    """

    def __init__(self, now: float) -> None:
        self.is_final = False
        self._owed = 0
        self._rounds = 0
        self._kill = False
        self._due = now + _QUIET_SECONDS

    def ask(self, now: float, *, kill: bool = False) -> None:
        """Note a question, which asks for the end of a process if ``kill``."""
        if not self._owed:
            self._rounds, self._kill = 0, False
            self._due = now + _ROUND_SECONDS
        elif kill and self._rounds:  # it was silent before, and a kill need not wait for it again
            self._due = now
        self._owed += 1
        self._kill = self._kill or kill

    def answer(self, now: float) -> None:
        """Note the answer to one question."""
        self._owed -= 1
        if not self._owed:
            self._due = now + _QUIET_SECONDS

    def seconds_left(self, now: float) -> float:
        """Return how long until ``look`` has something to say."""
        return max(0.0, self._due - now)

    def look(self, now: float) -> str:
        """Say what is to be done.

        Returns:
            ``ask`` whether it is there, ``act`` in its place, take it for ``lost``, or nothing: empty.
        """
        if now < self._due:
            return ""
        self._due = now + _ROUND_SECONDS
        if not self._owed:
            return "ask"
        self._rounds += 1
        self.is_final = self._rounds >= (_MOST_ROUNDS_OF_A_KILL if self._kill else _MOST_ROUNDS)
        return "lost" if self.is_final else "act"
