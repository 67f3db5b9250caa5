"""Long-lived processes that carry out one job after the other: for graphs of very many tiny tasks.

A task saves the fork, and shares what a process can't give back: changed modules, caches, memory. A worker ends after a
failed job, after many jobs, when it has grown large, or when a job has left threads or processes behind; another takes
its place.
"""

from __future__ import annotations

import errno
import os
import socket
from collections import deque
from typing import Any

from pyperunner_runner._errors import UnknownExecutor
from pyperunner_runner.child.messages import pack
from pyperunner_runner.executors.base import JobHandle, Supervised
from pyperunner_runner.executors.pipes import Outlets, open_pipes
from pyperunner_runner.executors.pool_worker import Done, ServeJobs
from pyperunner_runner.ports import Ended, Event, Exit, Failure, Handle, Job, Logged, Outcome, Session, Started, Waiting

__all__ = ["PoolExecutor"]

_MOST_TASKS = 1000
_MOST_MEMORY = 1 << 30
_SEND_SECONDS = 60.0
_RETRY_SECONDS = 0.1
_STREAMS = ("stdout", "stderr")


class _Worker:
    """What the runner holds of a worker."""

    def __init__(self, name: str, channel: socket.socket) -> None:
        self.name = name
        self.channel = channel
        self.pid: int | None = None
        self.handle: JobHandle | None = None
        self.ends = False
        self.outlets: Outlets


class PoolExecutor(Supervised):
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
            raise UnknownExecutor("pool", ["inline", "process"])
        self._order = ServeJobs(most_tasks, most_memory)
        self._limit = session.process_limit
        self._workers: dict[str, _Worker] = {}
        self._made = 0
        self._queue: deque[JobHandle] = deque()
        self._starved = False
        super().__init__(session)

    @property
    def slots(self) -> int:
        """How many jobs it takes at once. Those that it can't carry out yet are at hand when a worker gets free."""
        return 2 * self._limit

    def start(self, job: Job) -> Handle:
        """See ``Executor.start``."""
        handle = JobHandle(self, job)
        self._queue.append(handle)
        self._hand_out()
        if self._starved and not self._workers:
            self._queue.remove(handle)
            raise BlockingIOError(errno.EMFILE, "no descriptors are left for another process")
        return handle

    def pump(self, timeout: float | None) -> None:
        """See ``Supervised.pump``."""
        if self._starved:
            timeout = _RETRY_SECONDS if timeout is None else min(timeout, _RETRY_SECONDS)
        super().pump(timeout)
        if self._starved:
            self._hand_out()

    def stop(self, task: str, *, kill: bool = False) -> None:
        """See ``Executor.stop``."""
        for handle in self._queue:
            if handle.job.task == task:
                self._queue.remove(handle)
                self._fail(handle, "stopped before it began")
                return
        for worker in self._workers.values():
            if worker.handle is not None and worker.handle.job.task == task:
                self._link.stop(worker.name, kill=kill)

    @property
    def _busy(self) -> bool:
        return bool(self._queue) or any(worker.handle is not None for worker in self._workers.values())

    def _hand_out(self) -> None:
        """Give waiting jobs to workers that have none, and make workers while there may be more.

        A worker gets a job when it is there: the system may have no room for it for long.
        """
        there = [worker for worker in self._workers.values() if not worker.ends]
        for worker in there:
            if self._queue and worker.pid is not None and worker.handle is None:
                self._give(worker, self._queue.popleft())
        self._starved = False
        coming = sum(worker.pid is None for worker in there)
        try:
            for _ in range(min(len(self._queue) - coming, self._limit - len(there))):
                self._make_worker()
        except BlockingIOError:
            self._starved = True

    def _give(self, worker: _Worker, handle: JobHandle) -> None:
        try:
            worker.channel.sendall(pack(handle.job))
        except OSError:  # it has just died, which the nursery will say
            worker.ends = True
            self._queue.appendleft(handle)
            return
        worker.handle = handle
        handle.process = worker.pid
        self._events.append(Started(handle.job.task, worker.pid or 0))

    def _make_worker(self) -> None:
        nursery = self._nursery()
        ours, messages, theirs = _open_channel()
        try:
            read_ends, write_ends = open_pipes(_STREAMS)
        except BlockingIOError:
            ours.close()
            os.close(messages)
            os.close(theirs)
            raise
        self._made += 1
        worker = _Worker(f"worker {self._made}", ours)
        nursery.start(worker.name, self._order, [theirs, write_ends["stdout"], write_ends["stderr"]])
        worker.outlets = Outlets(
            self._selector,
            {"messages": messages, **read_ends},
            lambda message: self._take_message(worker, message),
            lambda stream, level, text, when: self._log(worker, stream, level, text, when),
        )
        # Both descriptors of this side are one socket; sending waits, reading does not.
        ours.settimeout(_SEND_SECONDS)
        self._workers[worker.name] = worker

    def _hear(self, kind: str, name: str, fact: Any) -> None:
        worker = self._workers[name]
        if kind == "started":
            worker.pid = fact
        elif kind == "refused":
            self._let_go(worker)
            if not self._workers and self._queue:
                self._fail(self._queue.popleft(), fact)
        else:
            self._bury(worker, fact)
        self._hand_out()

    def _take_message(self, worker: _Worker, message: Done | Event) -> None:
        if isinstance(message, Waiting):
            self._events.append(message)
        elif isinstance(message, Done) and worker.handle is not None:
            worker.outlets.drain(_STREAMS)
            worker.ends = worker.ends or message.last
            self._end(worker, message.outcome, message.exit)
            self._hand_out()

    def _log(self, worker: _Worker, stream: str, level: str, text: str, when: float) -> None:
        if worker.handle is not None:
            self._events.append(Logged(worker.handle.job.task, worker.pid, stream, level, text, when))

    def _end(self, worker: _Worker, outcome: Outcome, end: Exit) -> None:
        worker.outlets.end_lines()
        handle, worker.handle = worker.handle, None
        if handle is not None:
            handle.exit = end
            self._events.append(Ended(handle.job.task, handle.job.attempt, outcome, end))

    def _fail(self, handle: JobHandle, why: str) -> None:
        handle.exit = Exit()
        outcome = Outcome("failed", failure=Failure("BlockingIOError", why))
        self._events.append(Ended(handle.job.task, handle.job.attempt, outcome, handle.exit))

    def _bury(self, worker: _Worker, end: Exit) -> None:
        """A worker has ended; so has its job, if it had one."""
        worker.ends = True
        worker.outlets.drain()
        # What it has used includes earlier jobs.
        self._end(worker, Outcome("lost"), Exit(end.code, None, end.max_rss, oom=end.oom))
        self._let_go(worker)

    def _let_go(self, worker: _Worker) -> None:
        worker.outlets.close()
        worker.channel.close()
        self._workers.pop(worker.name, None)

    def _lose_all(self) -> None:
        for worker in list(self._workers.values()):
            self._bury(worker, Exit())
        self._hand_out()

    def _forget_all(self) -> None:
        for worker in list(self._workers.values()):
            self._let_go(worker)
        self._queue.clear()


def _open_channel() -> tuple[socket.socket, int, int]:
    """Return this side of a socket pair to send on and to read from, and the other side.

    Raises:
        BlockingIOError: There are no descriptors left just now.
    """
    try:
        ours, theirs = socket.socketpair()
    except OSError as error:
        raise BlockingIOError(*error.args) from error
    try:
        return ours, os.dup(ours.fileno()), theirs.detach()
    except OSError as error:
        ours.close()
        theirs.close()
        raise BlockingIOError(*error.args) from error
