"""One child process per task, made by a nursery (see ``_nursery``) and watched from one selector.

Each job has three pipes of its own whose write ends exist in its child alone, so a child that is killed at any moment
leaves an end of file, never a lock that someone waits for.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from pyperunner_runner.executors.base import JobHandle, Supervised
from pyperunner_runner.executors.pipes import PIPES, Outlets, open_pipes
from pyperunner_runner.executors.supervisor.launch import RunJob
from pyperunner_runner.ports import Ended, Event, Exit, Failure, Handle, Job, Logged, Outcome, Session, Started, Waiting

__all__ = ["ProcessExecutor"]


class _Running:
    """What the runner holds of a job while it runs."""

    def __init__(self, handle: JobHandle) -> None:
        self.handle = handle
        self.outcome = Outcome("lost")
        self.early: list[Logged] = []
        self.outlets: Outlets

    @property
    def job(self) -> Job:
        """The job."""
        return self.handle.job


class ProcessExecutor(Supervised):
    """Executes every job in a child process of its own.

    Args:
        session: The run's tasks and store.

    Raises:
        StoreNotShareable: A child could not reopen the store.
        UnknownStartMethod: There is no such start method.
        TaskNotPortable: A task can't be sent to a fresh interpreter, as the start method asks for.
    """

    def __init__(self, session: Session) -> None:
        self._running: dict[str, _Running] = {}
        super().__init__(session)

    def start(self, job: Job) -> Handle:
        """See ``Executor.start``."""
        nursery = self._nursery()
        read_ends, write_ends = open_pipes()
        nursery.start(job.task, RunJob(job), [write_ends[name] for name in PIPES])
        running = _Running(JobHandle(self, job))
        running.outlets = Outlets(
            self._selector,
            read_ends,
            lambda message: self._take_message(running, message),
            lambda stream, level, text, when: self._log(running, stream, level, text, when),
        )
        self._running[job.task] = running
        return running.handle

    def stop(self, task: str, *, kill: bool = False) -> None:
        """See ``Executor.stop``."""
        if task in self._running:
            self._link.stop(task, kill=kill)

    @property
    def _busy(self) -> bool:
        return bool(self._running)

    def _hear(self, kind: str, name: str, fact: Any) -> None:
        running = self._running[name]
        if kind == "started":
            running.handle.process = fact
            self._events.append(Started(name, fact))
            self._events.extend(replace(line, pid=fact) for line in running.early)
        elif kind == "refused":
            running.outcome = Outcome("failed", failure=Failure("BlockingIOError", fact))
            self._end(running, Exit())
        else:
            self._end(running, fact)

    def _lose_all(self) -> None:
        for running in list(self._running.values()):
            self._end(running, Exit())

    def _forget_all(self) -> None:
        for running in self._running.values():
            running.outlets.close()
        self._running.clear()

    def _take_message(self, running: _Running, message: Outcome | Event) -> None:
        if isinstance(message, Waiting):
            self._events.append(message)
        elif isinstance(message, Outcome):
            running.outcome = message

    def _log(self, running: _Running, stream: str, level: str, text: str, when: float) -> None:
        line = Logged(running.job.task, running.handle.process, stream, level, text, when)
        # A child may speak before the nursery has said that it started.
        (self._events if line.pid is not None else running.early).append(line)

    def _end(self, running: _Running, end: Exit) -> None:
        running.outlets.drain()
        running.outlets.end_lines()
        running.outlets.close()
        del self._running[running.job.task]
        running.handle.exit = end
        self._events.append(Ended(running.job.task, running.job.attempt, running.outcome, end))
