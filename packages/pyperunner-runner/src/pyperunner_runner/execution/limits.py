"""Ends jobs that exceed their limits, and those it is told to end: SIGTERM to the whole tree, a pause, SIGKILL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyperunner_runner._task_errors import TaskKilled, TaskOutOfMemory, TaskTimedOut
from pyperunner_runner.execution.memory import Watch
from pyperunner_runner.execution.timers import Timers

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyperunner_runner.execution.jobs import Jobs, RunningJob

__all__ = ["Guard"]


class Guard:
    """Watches over running jobs.

    Args:
        jobs: The run's jobs.
        grace: Seconds from the request to end to SIGKILL.
        clock: Gives the time, in seconds of a monotonic clock.
    """

    def __init__(self, jobs: Jobs, grace: float, clock: Callable[[], float]) -> None:
        self._jobs = jobs
        self._grace = grace
        self._clock = clock
        self._timers = Timers()
        self._watch = Watch()

    def begin(self, job: RunningJob, pid: int) -> None:
        """Watch over a job whose process has begun."""
        self._watch.begin(job.task.name, pid, self._clock(), job.task.options.memory_limit)
        if not job.waiting:
            self._set_timeout(job)

    def waits(self, job: RunningJob, waiting: bool) -> None:
        """Stop the clock of a job that waits for another run; set it anew when the job goes on."""
        job.waiting = waiting
        if waiting:
            self._timers.cancel("timeout", job.task.name)
        else:
            self._set_timeout(job)

    def end(self, name: str) -> int | None:
        """Let go of a job that is over; return the most memory of its own that it was seen to use, in bytes."""
        for kind in ("timeout", "kill"):
            self._timers.cancel(kind, name)
        return self._watch.end(name)

    def stop(self, name: str, cause: TaskKilled, *, kill: bool = False) -> None:
        """End a job.

        Args:
            name: The task.
            cause: Why; the job's error, unless there was another cause already or its output is stored meanwhile.
            kill: End it at once, instead of asking it to end first.
        """
        self._jobs.stop(name, cause, kill=kill)
        if kill:
            self._timers.cancel("kill", name)
        else:
            self._timers.set("kill", name, self._clock() + self._grace)

    def seconds_left(self) -> float | None:
        """Return how long until there is something to do; ``None`` when there is nothing."""
        now = self._clock()
        left = [
            seconds
            for seconds in (self._timers.seconds_left(now), self._watch.seconds_left(now))
            if seconds is not None
        ]
        return min(left, default=None)

    def enforce(self) -> None:
        """Do what is due: end what has run for too long or uses too much memory."""
        for kind, name in self._timers.take_due(self._clock()):
            job = self._jobs[name]
            if kind == "kill":
                self._jobs.kill(name)
            elif job.cause is None:
                self.stop(name, TaskTimedOut(name, job.task.options.timeout or 0.0))
        for name, used in self._watch.sample(self._clock()):
            limit = self._jobs[name].task.options.memory_limit
            self.stop(name, TaskOutOfMemory(name, used, limit), kill=True)

    def _set_timeout(self, job: RunningJob) -> None:
        if job.task.options.timeout is not None and job.cause is None:
            self._timers.set("timeout", job.task.name, self._clock() + job.task.options.timeout)
