"""One child process per task, made by a supervisor and watched from one selector.

Each job has three pipes of its own whose write ends exist in its child alone, so a child that is killed at any moment
leaves an end of file, never a lock that someone waits for.
"""

from __future__ import annotations

import selectors
import time
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pyperunner_runner.child.messages import Arrived
from pyperunner_runner.executors.base import NOT_BEGUN, SupervisedExecutor
from pyperunner_runner.executors.child_pipes import PIPES, ChildPipes, open_pipes
from pyperunner_runner.executors.supervisor.protocol import ChildRefused, ChildStarted, Fds, Report
from pyperunner_runner.ports import (
    Displayed,
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
        return {name: known[name] for name in self.packed.needs}

    def run(self, runtime: ChildRuntime, fds: Fds, mark: str) -> None:
        """See ``ChildCommand.run``."""
        runtime.run(self.packed.job, self.packed.task_of, fds, mark)


class _RunningJob:
    """What the runner holds of a job while it runs.

    Args:
        job: The job.
        handle: Its handle.
        command: What the process does.
        events: Where to put what happens.
        arrived: Called with its name when the process has said its first word.
    """

    pipes: ChildPipes

    def __init__(
        self, job: Job, handle: JobHandle, command: RunJob, events: deque[Event], arrived: Callable[[str], None]
    ) -> None:
        self._job = job
        self._handle = handle
        self.command = command
        self._events = events
        self._arrived = arrived
        self._outcome = Outcome("lost")
        self._early: list[Logged] | None = []
        self._is_here = False
        self._pid: int | None = None

    def open_pipes(self, selector: selectors.BaseSelector) -> list[int]:
        """Make the pipes of a process, which ``selector`` watches; return the write ends.

        Raises:
            BlockingIOError: There are no descriptors left just now.
        """
        read_ends, write_ends = open_pipes()
        self.pipes = ChildPipes(selector, read_ends, self)
        return [write_ends[name] for name in PIPES]

    def take_message(self, message: object) -> None:
        """See ``Listener``."""
        if isinstance(message, Arrived):
            self._is_here = True
            self._arrived(self._job.task)
            self._begin()
        elif isinstance(message, (Waiting, Displayed)):
            self._events.append(message)
        elif isinstance(message, Outcome):
            self._outcome = message

    def take_lines(self, stream: str, level: str, text: str, when: float, *, passing: bool = False) -> None:
        """See ``Listener``."""
        line = Logged(self._job.task, self._pid, stream, level, text, when, passing)
        (self._events if self._early is None else self._early).append(line)

    def take_process(self, pid: int) -> None:
        """There is a process."""
        self._pid = pid
        self._begin()

    def _begin(self) -> None:
        """Report the start once there is a process and it is here; either may be known first."""
        pid, early = self._pid, self._early
        if early is not None and pid is not None and self._is_here:
            self._handle.process = pid
            self._events.append(Started(self._job.task, pid))
            self._events.extend(replace(line, pid=line.pid or pid) for line in early)
            self._early = None

    def end_copy(self) -> None:
        """A process that has not begun is gone; another will take its place."""
        self.take_lines(
            "runner", "WARNING", f"{NOT_BEGUN}; a fresh interpreter takes its place. It was here:", time.time()
        )
        self._close()
        self._pid = None

    def _close(self) -> None:
        self.pipes.drain()
        self.pipes.end_lines()
        self.pipes.close()

    def end(self, end: Exit, why: str = "") -> None:
        """The process is gone, or, for the reason ``why``, will never be."""
        self._close()
        self._is_here = True  # whatever it has said before it ended is to be heard
        self._begin()
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
        handle = JobHandle(self.pump)
        running = _RunningJob(job, handle, command, self._events, self._arrivals.excuse)
        supervisor.start(job.task, command, running.open_pipes(self._selector))
        self._running[job.task] = running
        return handle

    def _start_afresh(self, name: str) -> None:
        running = self._running[name]
        running.end_copy()
        launcher = self._client.fresh_interpreter(running.command)
        self._client.start(name, running.command, running.open_pipes(self._selector), launcher)
        self._arrivals.excuse(name)

    def stop(self, task: str, *, kill: bool = False) -> None:
        """See ``Executor.stop``."""
        if task in self._running:
            self._arrivals.excuse(task)
            self._stop(task, kill=kill)

    @property
    def _busy(self) -> bool:
        return bool(self._running)

    def _take_report(self, report: Report) -> None:
        if isinstance(report, ChildStarted):
            self._running[report.name].take_process(report.pid)
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
