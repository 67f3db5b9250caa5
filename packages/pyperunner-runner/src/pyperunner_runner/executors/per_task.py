"""One child process per task, made by a supervisor and watched from one selector.

Each job has three pipes of its own whose write ends exist in its child alone, so a child that is killed at any moment
leaves an end of file, never a lock that someone waits for.
"""

from __future__ import annotations

import selectors
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyperunner_runner.executors.base import SupervisedExecutor
from pyperunner_runner.executors.child_pipes import PIPES, ChildPipes, open_pipes
from pyperunner_runner.executors.supervisor.protocol import ChildRefused, ChildStarted, Fds, Report
from pyperunner_runner.ports import (
    Ended,
    Event,
    Exit,
    Failure,
    Handle,
    Job,
    JobHandle,
    Logged,
    Outcome,
    Session,
    Started,
    Waiting,
)

if TYPE_CHECKING:
    from pyperunner_runner.child.process import ChildRuntime
    from pyperunner_runner.executors.supervisor.transport import PackedJob

__all__ = ["ProcessExecutor"]


@dataclass(frozen=True)
class RunJob:
    """Carry out one job and end: a ``ChildCommand``."""

    packed: PackedJob

    def tasks(self, known: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """See ``ChildCommand.tasks``."""
        name = self.packed.job.task
        return {name: known[name]} if self.packed.pickled is None else {}

    def run(self, runtime: ChildRuntime, fds: Fds, mark: str) -> None:
        """See ``ChildCommand.run``."""
        runtime.run(self.packed.job, self.packed.task_of, fds, mark)


class _RunningJob:
    """What the runner holds of a job while it runs.

    Args:
        job: The job.
        handle: Its handle.
        selector: Watches its pipes.
        fds: Their read ends.
        events: Where to put what happens.
    """

    def __init__(
        self,
        job: Job,
        handle: JobHandle,
        selector: selectors.BaseSelector,
        fds: Mapping[str, int],
        events: deque[Event],
    ) -> None:
        self._job = job
        self._handle = handle
        self._events = events
        self._outcome = Outcome("lost")
        self._early: list[Logged] = []
        self.pipes = ChildPipes(selector, fds, self)

    def take_message(self, message: object) -> None:
        """See ``Listener``."""
        if isinstance(message, Waiting):
            self._events.append(message)
        elif isinstance(message, Outcome):
            self._outcome = message

    def take_lines(self, stream: str, level: str, text: str, when: float) -> None:
        """See ``Listener``."""
        line = Logged(self._job.task, self._handle.process, stream, level, text, when)
        # A child may speak before the supervisor has said that it started.
        (self._events if line.pid is not None else self._early).append(line)

    def begin(self, pid: int) -> None:
        """There is a process."""
        self._handle.process = pid
        self._events.append(Started(self._job.task, pid))
        self._events.extend(replace(line, pid=pid) for line in self._early)

    def end(self, end: Exit, why: str = "") -> None:
        """The process is gone, or, for the reason ``why``, will never be."""
        self.pipes.drain()
        self.pipes.end_lines()
        self.pipes.close()
        self._handle.exit = end
        outcome = Outcome("failed", failure=Failure("BlockingIOError", why)) if why else self._outcome
        self._events.append(Ended(self._job.task, self._job.attempt, outcome, end))


class ProcessExecutor(SupervisedExecutor):
    """Executes every job in a child process of its own.

    Args:
        session: The run's tasks and store.

    Raises:
        StoreNotShareable: A child could not reopen the store.
        UnknownStartMethod: There is no such start method.
        TaskNotPortable: A task can't be sent to a fresh interpreter, as the start method asks for.
    """

    def __init__(self, session: Session) -> None:
        self._running: dict[str, _RunningJob] = {}
        super().__init__(session)

    def start(self, job: Job) -> Handle:
        """See ``Executor.start``."""
        supervisor = self._supervisor()
        command = RunJob(supervisor.pack(job))
        read_ends, write_ends = open_pipes()
        supervisor.start(job.task, command, [write_ends[name] for name in PIPES])
        handle = JobHandle(self.pump)
        self._running[job.task] = _RunningJob(job, handle, self._selector, read_ends, self._events)
        return handle

    def stop(self, task: str, *, kill: bool = False) -> None:
        """See ``Executor.stop``."""
        if task in self._running:
            self._client.stop(task, kill=kill)

    @property
    def _busy(self) -> bool:
        return bool(self._running)

    def _take_report(self, report: Report) -> None:
        if isinstance(report, ChildStarted):
            self._running[report.name].begin(report.pid)
        elif isinstance(report, ChildRefused):
            self._running.pop(report.name).end(Exit(), report.why)
        else:
            self._running.pop(report.name).end(report.exit)

    def _lose_all(self) -> None:
        for running in self._running.values():
            running.end(Exit())
        self._running.clear()

    def _release_all(self) -> None:
        for running in self._running.values():
            running.pipes.close()
        self._running.clear()
