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
_SHARE = 100  # the pause is at least this many times as long as the sample took


class Watch:
    """Keeps the peak of every task under watch; needs to be told the time, in seconds of any monotonic clock."""

    def __init__(self) -> None:
        self._pids: dict[str, int] = {}
        self._peaks: dict[str, int] = {}
        self._due: float | None = None

    def begin(self, task: str, pid: int, now: float) -> None:
        """Watch a task; its first sample falls half a second from ``now``, so that short ones cost nothing."""
        self._pids[task] = pid
        if self._due is None:
            self._due = now + _FIRST_SECONDS

    def end(self, task: str) -> int | None:
        """Stop watching a task; return its peak in bytes, ``None`` where no sample fell."""
        self._pids.pop(task, None)
        if not self._pids:
            self._due = None
        return self._peaks.pop(task, None)

    def seconds_left(self, now: float) -> float | None:
        """Return how long until the next sample; ``None`` when nothing is watched."""
        return None if self._due is None else max(0.0, self._due - now)

    def sample(self, now: float, clock: Callable[[], float]) -> None:
        """Take a sample of every task if one is due.

        Args:
            now: The time.
            clock: Gives the time again, to measure what the sample cost.
        """
        if self._due is None or now < self._due:
            return
        for task, pid in self._pids.items():
            used = sum(_unique_set_size(member) for member in (pid, *_tree.descendants(pid)))
            if used:
                self._peaks[task] = max(used, self._peaks.get(task, 0))
        after = clock()
        self._due = after + max(_FIRST_SECONDS, _SHARE * (after - now))


def _unique_set_size(pid: int) -> int:
    import psutil

    try:
        return int(psutil.Process(pid).memory_full_info().uss)
    except (psutil.Error, OSError):  # it has just ended, or is somebody else's
        return 0
