"""Watches how much memory running tasks use, with psutil, at a cost that stays below a hundredth of a core.

What counts is the *unique set size* (pages that no other process shares), summed over the task's process tree: a
forked child shares most of its resident pages with its parent, so its resident size says little. Source: the Linux
kernel's description of ``/proc/pid/smaps_rollup``, as read by ``psutil.Process.memory_full_info``.
"""

from __future__ import annotations

from collections.abc import Callable

from pyperunner_runner import _tree

__all__ = ["Watch"]

_FIRST_SECONDS = 0.5
_LIMITED_SECONDS = 0.05  # between two samples while a task with a memory limit runs
_SHARE = 100  # the pause is at least this many times as long as the sample took


class Watch:
    """Keeps the peak of every task under watch; needs to be told the time, in seconds of any monotonic clock."""

    def __init__(self) -> None:
        self._pids: dict[str, int] = {}
        self._limits: dict[str, int] = {}
        self._peaks: dict[str, int] = {}
        self._due: float | None = None
        self._earliest = 0.0  # before it another sample would cost too much

    def begin(self, task: str, pid: int, now: float, limit: int | None = None) -> None:
        """Watch a task.

        Args:
            task: Its name.
            pid: Its process.
            now: The time. The first sample falls half a second later, so that short tasks cost nothing; with a limit
                a twentieth of a second later.
            limit: Bytes that it may use.
        """
        self._pids[task] = pid
        if limit is not None:
            self._limits[task] = limit
        due = max(now + (_FIRST_SECONDS if limit is None else _LIMITED_SECONDS), self._earliest)
        self._due = due if self._due is None else min(self._due, due)

    def end(self, task: str) -> int | None:
        """Stop watching a task; return its peak in bytes, ``None`` where no sample fell."""
        self._pids.pop(task, None)
        self._limits.pop(task, None)
        if not self._pids:
            self._due = None
        return self._peaks.pop(task, None)

    def seconds_left(self, now: float) -> float | None:
        """Return how long until the next sample; ``None`` when nothing is watched."""
        return None if self._due is None else max(0.0, self._due - now)

    def sample(self, now: float, clock: Callable[[], float]) -> list[tuple[str, int]]:
        """Take a sample of every task if one is due.

        Args:
            now: The time.
            clock: Gives the time again, to measure what the sample cost.

        Returns:
            The tasks that use more than they may, and how many bytes.
        """
        if self._due is None or now < self._due:
            return []
        over = []
        for task, pid in self._pids.items():
            used = sum(_unique_set_size(member) for member in (pid, *_tree.descendants(pid)))
            if used:
                self._peaks[task] = max(used, self._peaks.get(task, 0))
            if used > self._limits.get(task, used):
                over.append((task, used))
        after = clock()
        self._earliest = after + _SHARE * (after - now)
        self._due = max(after + (_LIMITED_SECONDS if self._limits else _FIRST_SECONDS), self._earliest)
        return over


def _unique_set_size(pid: int) -> int:
    import psutil

    try:
        return int(psutil.Process(pid).memory_full_info().uss)
    except (psutil.Error, OSError):  # it has just ended, or is somebody else's
        return 0
