"""Memory of running tasks, watched with psutil at a cost that stays below a hundredth of a core.

What counts is the *unique set size* (pages that no other process shares), summed over the task's process tree: a
forked child shares most of its resident pages with its parent, so its resident size says little. Source: the Linux
kernel's description of ``/proc/pid/smaps_rollup``, as read by ``psutil.Process.memory_full_info``.

Reading it takes the longer the larger the process is. So a task with a memory limit is looked at often, but by its
resident size, which costs next to nothing and is never less than what it uses; the unique set size is read when that
alone, less what was seen to be shared, exceeds the limit.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from pyperunner_runner.processes import tree

__all__ = ["MemoryMonitor"]

_SAMPLE_SECONDS = 0.5
_GLANCE_SECONDS = 0.05  # between two looks at tasks with a memory limit
_SHARE = 100  # the pause is at least this many times as long as the processor was busy


class MemoryMonitor:
    """Keeps the peak of every task under watch; needs to be told the time, in seconds of any monotonic clock.

    Args:
        busy: Gives the seconds that the processor has worked for this thread.
    """

    def __init__(self, busy: Callable[[], float] = time.thread_time) -> None:
        self._busy = busy
        self._pids: dict[str, int] = {}
        self._limits: dict[str, int] = {}
        self._peaks: dict[str, int] = {}
        self._shared: dict[str, int] = {}
        # When the next look is due, and before when it would cost too much.
        self._sample_at = self._glance_at = 0.0
        self._no_sample_before = self._no_glance_before = 0.0

    def begin(self, task: str, pid: int, now: float, limit: int | None = None) -> None:
        """Watch a task.

        Args:
            task: Its name.
            pid: Its process.
            now: The time. The first sample falls half a second later, so that short tasks cost nothing.
            limit: Bytes that it may use; the first look falls a twentieth of a second later.
        """
        if not self._pids:
            self._sample_at = max(now + _SAMPLE_SECONDS, self._no_sample_before)
        self._pids[task] = pid
        if limit is not None:
            if not self._limits:
                self._glance_at = max(now + _GLANCE_SECONDS, self._no_glance_before)
            self._limits[task] = limit

    def end(self, task: str) -> int | None:
        """Stop watching a task; return its peak in bytes, ``None`` where no sample fell."""
        for known in (self._pids, self._limits, self._shared):
            known.pop(task, None)
        return self._peaks.pop(task, None)

    @property
    def due(self) -> float | None:
        """When it is time for the next look; ``None`` when nothing is watched."""
        if not self._pids:
            return None
        return min(self._sample_at, self._glance_at) if self._limits else self._sample_at

    def sample(self, now: float) -> list[tuple[str, int]]:
        """Look at the tasks if it is time to.

        Returns:
            The tasks that use more than they may, and how many bytes.
        """
        if self.due is None or now < self.due:
            return []
        import psutil  # noqa: F401 - here, so that its import does not count as the cost of a sample

        began = self._busy()
        full = now >= self._sample_at
        looked_at = self._pids if full else [task for task, limit in self._limits.items() if self._glance(task) > limit]
        used = {task: self._measure(task) for task in looked_at}
        pause = _SHARE * (self._busy() - began)
        if full:
            self._no_sample_before = now + pause
            self._sample_at = max(now + _SAMPLE_SECONDS, self._no_sample_before)
        else:
            self._no_glance_before = now + pause
        self._glance_at = max(now + _GLANCE_SECONDS, self._no_glance_before)
        return [(task, size) for task, size in used.items() if size > self._limits.get(task, size)]

    def _glance(self, task: str) -> int:
        """Return what a task uses at most, apart from what was seen to be shared."""
        return sum(map(_resident, self._members(task))) - self._shared.get(task, 0)

    def _measure(self, task: str) -> int:
        members = self._members(task)
        used = sum(map(_unique_set_size, members))
        if used:
            self._peaks[task] = max(used, self._peaks.get(task, 0))
        if task in self._limits:
            self._shared[task] = max(0, sum(map(_resident, members)) - used)
        return used

    def _members(self, task: str) -> list[int]:
        pid = self._pids[task]
        return [pid, *tree.descendants(pid)]


def _unique_set_size(pid: int) -> int:
    import psutil

    try:
        return int(psutil.Process(pid).memory_full_info().uss)
    except (psutil.Error, OSError):  # it has just ended, or is somebody else's
        return 0


def _resident(pid: int) -> int:
    import psutil

    try:
        memory = psutil.Process(pid).memory_info()
    except (psutil.Error, OSError):
        return 0
    return int(memory.rss - getattr(memory, "shared", 0))
