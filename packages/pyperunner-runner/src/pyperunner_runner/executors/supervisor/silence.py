"""Silence of a supervisor: how long it has owed an answer, and what follows from that. Pure: needs to be told the time.

Time counts in rounds, at most one for each look. So a runner that was itself stopped for an hour takes nobody for dead.
A round in which the supervisor has worked does not count, or a slow machine would be taken for a dead process.
"""

from __future__ import annotations

__all__ = ["Silence"]

_ROUND_SECONDS = 0.5
_QUIET_SECONDS = 5.0  # after which a supervisor that owes nothing is asked whether it is there
_MOST_ROUNDS = 60
_MOST_ROUNDS_OF_A_KILL = 4
_MOST_ROUNDS_AT_WORK = 1200  # it may be at work without end


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
        self._rounds = self._rounds_at_work = 0
        self._kill = False
        self._due = now + _QUIET_SECONDS

    def ask(self, now: float, *, kill: bool = False) -> None:
        """Note a question, which asks for the end of a process if ``kill``."""
        if not self._owed:
            self._rounds, self._rounds_at_work, self._kill = 0, 0, False
            self._due = now + _ROUND_SECONDS
        elif kill and self._rounds:  # it was silent before, and a kill need not wait for it again
            self._due = now
        self._owed += 1
        self._kill = self._kill or kill

    @property
    def is_owed(self) -> bool:
        """Whether there is a question without an answer."""
        return self._owed > 0

    def answer(self, now: float) -> None:
        """Note the answer to one question."""
        self._owed -= 1
        if not self._owed:
            self._due = now + _QUIET_SECONDS

    def seconds_left(self, now: float) -> float:
        """Return how long until ``look`` has something to say."""
        return max(0.0, self._due - now)

    def is_due(self, now: float) -> bool:
        """Whether ``look`` has something to say."""
        return now >= self._due

    def look(self, now: float, *, works: bool = False) -> str:
        """Say what is to be done.

        Args:
            now: The time.
            works: Whether the supervisor has worked since the last look.

        Returns:
            ``ask`` whether it is there, ``act`` in its place, take it for ``lost``, or nothing: empty.
        """
        if not self.is_due(now):
            return ""
        self._due = now + _ROUND_SECONDS
        if not self._owed:
            return "ask"
        if works and self._rounds_at_work < _MOST_ROUNDS_AT_WORK:
            self._rounds_at_work += 1
            return "act"
        self._rounds += 1
        self.is_final = self._rounds >= (_MOST_ROUNDS_OF_A_KILL if self._kill else _MOST_ROUNDS)
        return "lost" if self.is_final else "act"
