"""Timers: what is due when. Pure: needs to be told the time, in seconds of any monotonic clock."""

from __future__ import annotations

import heapq
from typing import Literal, TypeAlias

__all__ = ["Kind", "Timers"]

Kind: TypeAlias = Literal["timeout", "kill", "retry", "sample", "shared", "tick"]
"""Of a job: it may run no longer, did not end when it was asked to, is tried again. Of the run: it is time to look at
the memory, to ask again for what is shared with other runs, to call the hooks that move with time."""
_SLACK = 64  # entries that were cancelled and may stay in the heap, before it is cleared of them


class Timers:
    """Moments by name and kind, the earliest first."""

    def __init__(self) -> None:
        self._due: dict[tuple[Kind, str], float] = {}
        self._heap: list[tuple[float, tuple[Kind, str]]] = []

    def set(self, kind: Kind, name: str, when: float) -> None:
        """Set a timer, in the place of one of the same kind and name."""
        key = kind, name
        if self._due.get(key) == when:
            return
        self._due[key] = when
        if len(self._heap) > 2 * len(self._due) + _SLACK:
            self._heap = [(when, key) for key, when in self._due.items()]
            heapq.heapify(self._heap)
        else:
            heapq.heappush(self._heap, (when, key))

    def cancel(self, kind: Kind, name: str) -> None:
        """Forget a timer, if there is one."""
        self._due.pop((kind, name), None)

    def seconds_left(self, now: float) -> float | None:
        """Return how long until the next timer is due; ``None`` when none is set."""
        while self._heap and self._due.get(self._heap[0][1]) != self._heap[0][0]:
            heapq.heappop(self._heap)
        return max(0.0, self._heap[0][0] - now) if self._heap else None

    def take_due(self, now: float) -> list[tuple[Kind, str]]:
        """Return kind and name of the timers that are due, the earliest first, and forget them."""
        found = []
        while self.seconds_left(now) == 0.0:
            _, key = heapq.heappop(self._heap)
            del self._due[key]
            found.append(key)
        return found
