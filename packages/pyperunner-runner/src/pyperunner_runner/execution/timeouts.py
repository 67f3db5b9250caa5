"""Timeouts and memory limits: which running job has exceeded one. Ending it is up to the run."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyperunner_runner.errors import TaskOutOfMemory, TaskTimedOut
from pyperunner_runner.execution.memory import MemoryMonitor

if TYPE_CHECKING:
    from pyperunner_dag import Options, Task
    from pyperunner_runner.execution.timers import Timers
    from pyperunner_runner.ports import Started

__all__ = ["LimitWatch"]


class LimitWatch:
    """Watches over running jobs and says which of them must end.

    Args:
        timers: Those of the run; the kinds ``timeout`` and ``sample`` are set here.
    """

    def __init__(self, timers: Timers) -> None:
        self._timers = timers
        self._memory = MemoryMonitor()
        self._options: dict[str, Options] = {}
        self._waiting: set[str] = set()

    def begin(self, task: Task, started: Started, now: float) -> None:
        """Watch over a job that has begun at ``now``, in seconds of the timers' clock, unless that is elsewhere."""
        if started.host:
            return
        self._options[task.name] = task.options
        self._memory.begin(task.name, started.pid, now, task.options.memory_limit)
        self._set_sample()
        self._set_timeout(task.name, now)

    def waits(self, name: str, waiting: bool, now: float) -> None:
        """Stop the clock of a job that waits for another run; set it anew when the job goes on."""
        if waiting:
            self._waiting.add(name)
            self._timers.cancel("timeout", name)
        else:
            self._waiting.discard(name)
            self._set_timeout(name, now)

    def end(self, name: str) -> int | None:
        """Let go of a job that is over; return the most memory of its own that it was seen to use, in bytes."""
        self._options.pop(name, None)
        self._waiting.discard(name)
        self._timers.cancel("timeout", name)
        peak = self._memory.end(name)
        self._set_sample()
        return peak

    def out_of_time(self, name: str) -> TaskTimedOut:
        """Return what ends a job whose timer of the kind ``timeout`` is due."""
        return TaskTimedOut(name, self._options[name].timeout or 0.0)

    def out_of_memory(self, now: float) -> list[TaskOutOfMemory]:
        """Look how much memory the jobs use, when the timer ``sample`` is due; return what ends those that exceed."""
        over = self._memory.sample(now)
        self._set_sample()
        return [TaskOutOfMemory(name, used, self._options[name].memory_limit) for name, used in over]

    def _set_timeout(self, name: str, now: float) -> None:
        timeout = self._options[name].timeout if name in self._options else None
        if timeout is not None and name not in self._waiting:
            self._timers.set("timeout", name, now + timeout)

    def _set_sample(self) -> None:
        if self._memory.due is None:
            self._timers.cancel("sample", "")
        else:
            self._timers.set("sample", "", self._memory.due)
