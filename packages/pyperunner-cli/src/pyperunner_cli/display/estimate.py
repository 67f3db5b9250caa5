"""Estimate of how long a run will take yet, from what its tasks took in earlier runs and in this one."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

__all__ = ["Estimate"]


class Estimate:
    """What is left of a run. Pure: it is told of starts and ends, and the time.

    Args:
        times: Seconds that tasks took before, by name; one that is not known counts as the mean of the others.
        jobs: How many tasks run at once.
    """

    def __init__(self, times: Mapping[str, float], jobs: int) -> None:
        self._times = dict(times)
        self._jobs = max(jobs, 1)
        self._left: set[str] = set()
        self._running: dict[str, float] = {}

    def begin(self, tasks: Iterable[str]) -> None:
        """Note which tasks will run."""
        self._left, self._running = set(tasks), {}

    def start(self, task: str, now: float) -> None:
        """Note that a task has started."""
        self._running[task] = now

    def end(self, task: str, seconds: float | None) -> None:
        """Note that a task has ended, and how long it took if it is known."""
        self._running.pop(task, None)
        self._left.discard(task)
        if seconds is not None:
            self._times[task] = seconds

    def seconds(self, now: float) -> float | None:
        """Return the seconds that are left, ``None`` while nothing is known of any task."""
        if not self._times or not self._left:
            return None
        mean = sum(self._times.values()) / len(self._times)
        left = {task: self._times.get(task, mean) for task in self._left}
        for task, began in self._running.items():
            if task in left:
                left[task] = max(left[task] - (now - began), 0.0)
        # However many run at once, the longest of them has to end.
        return max(
            sum(left.values()) / min(self._jobs, len(left)),
            *(left[task] for task in self._running if task in left),
            0.0,
        )
