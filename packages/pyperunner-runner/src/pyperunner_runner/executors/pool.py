"""Long-lived processes that carry out one job after the other: for graphs of very many tiny tasks.

A task saves the fork, and shares what a process can't give back: changed modules, caches, memory. A worker ends after a
failed job, after many jobs, when it has grown large, or when a job has left threads or processes behind; another takes
its place.
"""

from __future__ import annotations

import errno
import os
import selectors
import socket
import time
from collections import deque
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, NamedTuple

from pyperunner_runner.child.messages import Arrived, pack
from pyperunner_runner.errors import UnknownExecutor
from pyperunner_runner.executors.base import NOT_BEGUN, SupervisedExecutor
from pyperunner_runner.executors.child_output import STREAMS
from pyperunner_runner.executors.child_pipes import ChildPipes, open_pipes
from pyperunner_runner.executors.no_room import no_room_is_blocking
from pyperunner_runner.executors.pool_worker import Done, ServeJobs
from pyperunner_runner.executors.supervisor.protocol import ChildRefused, ChildStarted, Report
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
    from pyperunner_runner.executors.supervisor.protocol import Launcher
    from pyperunner_runner.executors.supervisor.transport import PackedJob

__all__ = ["PoolExecutor"]

_MOST_TASKS = 1000
_MOST_MEMORY = 1 << 30
_SEND_SECONDS = 60.0
_RETRY_SECONDS = 0.1


class _PoolJob(NamedTuple):
    """A job that waits for a worker, or that one carries out."""

    packed: PackedJob
    handle: JobHandle

    @property
    def job(self) -> Job:
        """The job."""
        return self.packed.job

    def ended(self, outcome: Outcome, end: Exit) -> Ended:
        """Tell the handle of the job's end and return the event."""
        self.handle.exit = end
        return Ended(self.job.task, self.job.attempt, outcome, end)


class _Worker:
    """What the runner holds of a worker.

    Args:
        name: Its name, for the supervisor.
        selector: Watches what comes from it.
        fds: Read ends of that; over the socket of messages it hears of jobs, too.
        events: Where to put what happens.
        done: Called when it has done a job.
        arrived: Called when it has said its first word.
    """

    def __init__(
        self,
        name: str,
        selector: selectors.BaseSelector,
        fds: Mapping[str, int],
        events: deque[Event],
        done: Callable[[_Worker, Done], None],
        arrived: Callable[[_Worker], None],
    ) -> None:
        self.name = name
        self.pid: int | None = None
        self.busy: _PoolJob | None = None
        self.is_here = False
        self.ends = False
        self._events = events
        self._done = done
        self._arrived = arrived
        self.pipes = ChildPipes(selector, fds, self)

    @property
    def is_ready(self) -> bool:
        """Whether it can be given a job."""
        return self.is_here and self.pid is not None and self.busy is None

    def take_message(self, message: object) -> None:
        """See ``Listener``."""
        if isinstance(message, Arrived):
            self.is_here = True
            self._arrived(self)
        elif isinstance(message, (Waiting, Displayed)):
            self._events.append(message)
        elif isinstance(message, Done) and self.busy is not None:
            self._done(self, message)

    def take_lines(self, stream: str, level: str, text: str, when: float, *, passing: bool = False) -> None:
        """See ``Listener``."""
        if self.busy is not None or not self.is_here:
            task = "-" if self.busy is None else self.busy.job.task
            self._events.append(Logged(task, self.pid, stream, level, text, when, passing))

    def give(self, waiting: _PoolJob) -> bool:
        """Hand a job to it; return whether that was possible."""
        try:
            self._send(pack(waiting.packed))
        except OSError:  # it has just died, which the supervisor will say
            self.ends = True
            return False
        self.busy = waiting
        waiting.handle.process = self.pid
        self._events.append(Started(waiting.job.task, self.pid or 0))
        return True

    def _send(self, data: bytes) -> None:
        """Send over the socket from which messages are read; sending waits, reading does not."""
        channel = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, self.pipes.fileno("messages"))
        try:
            channel.settimeout(_SEND_SECONDS)
            channel.sendall(data)
        finally:
            channel.detach()

    def end_job(self, outcome: Outcome, end: Exit) -> None:
        """Report the end of the job it had, if it had one."""
        self.pipes.end_lines()
        over, self.busy = self.busy, None
        if over is not None:
            self._events.append(over.ended(outcome, end))

    def close(self) -> None:
        """Let go of it."""
        self.pipes.close()


class PoolExecutor(SupervisedExecutor):
    """Executes jobs in processes that are used again and again.

    Between jobs a worker restores directory, umask, environment, signal handlers and standard streams. It can't undo
    what a job has changed in modules. A job that is stopped takes its worker with it.

    Args:
        session: The run's tasks and store; as many workers are made as jobs may run at once.
        most_tasks: A worker is replaced after so many jobs.
        most_memory: A worker is replaced when it has had so many bytes in memory, pages shared with others included.

    Raises:
        StoreNotShareable: A worker could not reopen the store.
        UnknownStartMethod: There is no such start method.
        TaskNotPortable: A task can't be sent to a fresh interpreter, as the start method asks for.
        UnknownExecutor: This system has no ``fork``.
    """

    def __init__(self, session: Session, *, most_tasks: int = _MOST_TASKS, most_memory: int = _MOST_MEMORY) -> None:
        if not hasattr(os, "fork"):
            raise UnknownExecutor("pool", ("inline", "process"))
        self._command = ServeJobs(most_tasks, most_memory)
        self._limit = session.process_limit
        self._workers: dict[str, _Worker] = {}
        self._made = 0
        self._queue: deque[_PoolJob] = deque()
        self._starved = False
        super().__init__(session)

    @property
    def slots(self) -> int:
        """How many jobs it takes at once. Those that it can't carry out yet are at hand when a worker gets free."""
        return 2 * self._limit

    def start(self, job: Job) -> Handle:
        """See ``Executor.start``."""
        waiting = _PoolJob(self._client.pack(job), JobHandle(self.pump))
        self._queue.append(waiting)
        self._hand_out()
        if self._starved and not self._workers:
            self._queue.remove(waiting)
            raise BlockingIOError(errno.EMFILE, "no descriptors are left for another process")
        return waiting.handle

    def pump(self, timeout: float | None) -> None:
        """See ``SupervisedExecutor.pump``."""
        if self._starved:
            timeout = _RETRY_SECONDS if timeout is None else min(timeout, _RETRY_SECONDS)
        super().pump(timeout)
        if self._starved:
            self._hand_out()

    def stop(self, task: str, *, kill: bool = False) -> None:
        """See ``Executor.stop``."""
        for waiting in self._queue:
            if waiting.job.task == task:
                self._queue.remove(waiting)
                self._fail(waiting, "stopped before it began")
                return
        for worker in self._workers.values():
            if worker.busy is not None and worker.busy.job.task == task:
                self._stop(worker.name, kill=kill)

    @property
    def _busy(self) -> bool:
        return bool(self._queue) or any(worker.busy is not None for worker in self._workers.values())

    def _hand_out(self) -> None:
        """Give waiting jobs to workers that have none, and make workers while there may be more.

        A worker gets a job when it is there: the system may have no room for it for long.
        """
        there = [worker for worker in self._workers.values() if not worker.ends]
        for worker in there:
            if self._queue and worker.is_ready and worker.give(self._queue[0]):
                self._queue.popleft()
        self._starved = False
        coming = sum(worker.pid is None or not worker.is_here for worker in there)
        try:
            for _ in range(min(len(self._queue) - coming, self._limit - len(there))):
                self._make_worker()
        except BlockingIOError:
            self._starved = True

    def _make_worker(self, launcher: Launcher | None = None) -> str:
        supervisor = self._supervisor()
        with no_room_is_blocking():
            ours, theirs = socket.socketpair()
        with ours, theirs:
            read_ends, write_ends = open_pipes(STREAMS)
            fds = {"messages": ours.detach(), **read_ends}
            handed_on = [theirs.detach(), *(write_ends[stream] for stream in STREAMS)]
        self._made += 1
        name = f"worker {self._made}"
        supervisor.start(name, self._command, handed_on, launcher)
        self._workers[name] = _Worker(name, self._selector, fds, self._events, self._finish, self._greet)
        return name

    def _greet(self, worker: _Worker) -> None:
        self._arrivals.excuse(worker.name)
        self._hand_out()

    def _start_afresh(self, name: str) -> None:
        worker = self._workers[name]
        worker.take_lines(
            "runner", "WARNING", f"{NOT_BEGUN}; a fresh interpreter takes its place. It was here:", time.time()
        )
        worker.pipes.drain()
        worker.pipes.end_lines()
        launcher = self._client.fresh_interpreter(self._command)
        self._arrivals.excuse(self._make_worker(launcher))
        self._release(worker)

    def _take_report(self, report: Report) -> None:
        worker = self._workers[report.name]
        if isinstance(report, ChildStarted):
            worker.pid = report.pid
        elif isinstance(report, ChildRefused):
            self._release(worker)
            if not self._workers and self._queue:
                self._fail(self._queue.popleft(), report.why)
        else:
            self._lose(worker, report.exit)
        self._hand_out()

    def _finish(self, worker: _Worker, done: Done) -> None:
        worker.pipes.drain(STREAMS)
        worker.ends = worker.ends or done.last
        worker.end_job(done.outcome, done.exit)
        self._hand_out()

    def _fail(self, waiting: _PoolJob, why: str) -> None:
        self._events.append(waiting.ended(Outcome("failed", failure=Failure("BlockingIOError", why)), Exit()))

    def _lose(self, worker: _Worker, end: Exit) -> None:
        """A worker has ended; so has its job, if it had one."""
        worker.ends = True
        worker.pipes.drain()
        # What it has used includes earlier jobs.
        worker.end_job(Outcome("lost"), Exit(end.code, None, end.max_rss, oom=end.oom, left=end.left))
        self._release(worker)

    def _release(self, worker: _Worker) -> None:
        worker.close()
        self._workers.pop(worker.name, None)

    def _lose_all(self) -> None:
        for worker in list(self._workers.values()):
            self._lose(worker, Exit())
        self._hand_out()

    def _release_all(self) -> None:
        for worker in list(self._workers.values()):
            self._release(worker)
        self._queue.clear()
