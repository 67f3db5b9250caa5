"""Everything in this process, one task after the other: for a debugger, and for stores that live in memory."""

from __future__ import annotations

import os
import warnings
from collections import deque

from pyperunner_runner.child.job import perform
from pyperunner_runner.ports import Ended, Event, Exit, Handle, Job, Session, Started

__all__ = ["InlineExecutor", "InlineHandle"]


class InlineHandle:
    """A job that was over before its handle existed."""

    def __init__(self, exitcode: int) -> None:
        self.pid: int | None = os.getpid()
        self.exitcode: int | None = exitcode

    def is_alive(self) -> bool:
        """``False``: the job ran before ``start`` returned."""
        return False

    def join(self, timeout: float | None = None) -> None:
        """Return at once."""


class InlineExecutor:
    """Executes every job in the calling process, within ``start``.

    What a task prints goes where this process prints, not to the log.

    Args:
        session: The run's tasks and store.
    """

    def __init__(self, session: Session) -> None:
        limited = [task.name for task in session.tasks.values() if task.options.timeout or task.options.memory_limit]
        if limited:
            message = f"timeout and memory_limit have no effect in this process (executor inline): {limited[0]}"
            warnings.warn(message, RuntimeWarning, stacklevel=2)
        self._session = session
        self._events: deque[Event] = deque()

    def start(self, job: Job) -> Handle:
        """See ``Executor.start``. ``KeyboardInterrupt`` passes through."""
        self._events.append(Started(job.task, os.getpid()))
        with self._session.let_signals_through():
            outcome = perform(job, self._session.tasks[job.task], self._session.store)
        code = 0 if outcome.kind in ("stored", "hit") else 1
        self._events.append(Ended(job.task, job.attempt, outcome, Exit(code)))
        return InlineHandle(code)

    def wait(self, timeout: float | None = None) -> list[Event]:
        """See ``Executor.wait``; never waits."""
        events = list(self._events)
        self._events.clear()
        return events

    def stop(self, task: str, *, kill: bool = False) -> None:
        """Nothing runs between calls, so there is nothing to stop."""

    def close(self) -> None:
        """Free nothing, because nothing is held."""
