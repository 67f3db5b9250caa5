"""Everything in this process, one task after the other: for a debugger, and for stores that live in memory."""

from __future__ import annotations

import os
import warnings
from collections import deque

from pyperunner_runner.child.context.thread_limits import limited_threads
from pyperunner_runner.child.job import execute_job
from pyperunner_runner.ports import Ended, Event, Exit, Handle, Job, JobHandle, Session, Started

__all__ = ["InlineExecutor"]


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
        task = self._session.task_of(job)
        # It shares the cores with nobody, so that only what it asks for counts.
        with self._session.let_signals_through(), limited_threads(task.options.threads):
            outcome = execute_job(job, task, self._session.store)
        end = Exit(outcome.exitcode)
        self._events.append(Ended(job.task, job.attempt, outcome, end))
        return JobHandle.over(end, os.getpid())

    def wait(self, timeout: float | None = None) -> list[Event]:
        """See ``Executor.wait``; never waits."""
        events = list(self._events)
        self._events.clear()
        return events

    def stop(self, task: str, *, kill: bool = False) -> None:
        """Nothing runs between calls, so there is nothing to stop."""

    def close(self) -> None:
        """Free nothing, because nothing is held."""


def __getattr__(name: str) -> object:
    if name == "InlineHandle":
        warnings.warn(
            "InlineHandle is now ports.JobHandle, the handle of every executor", DeprecationWarning, stacklevel=2
        )
        return JobHandle
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
