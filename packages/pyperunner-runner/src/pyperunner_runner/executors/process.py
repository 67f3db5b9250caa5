"""One child process per task, made by a nursery (see ``_nursery``) and watched from one selector.

Each job has three pipes of its own whose write ends exist in its child alone, so a child that is killed at any moment
leaves an end of file, never a lock that someone waits for.
"""

from __future__ import annotations

import os
import selectors
import time
from collections import deque
from collections.abc import Callable
from dataclasses import replace

from pyperunner_runner._frames import FrameBuffer
from pyperunner_runner._lines import LineBuffer
from pyperunner_runner.executors._children import RunJob
from pyperunner_runner.executors._link import NurseryLink
from pyperunner_runner.ports import Ended, Event, Exit, Failure, Handle, Job, Logged, Outcome, Session, Started, Waiting

__all__ = ["ProcessExecutor", "ProcessHandle"]

_READ_SIZE = 1 << 16
_PIPES = ("messages", "stdout", "stderr")
_LEVELS = {"stdout": "INFO", "stderr": "WARNING"}


class ProcessHandle:
    """A job in a process of its own."""

    def __init__(self, executor: ProcessExecutor, job: Job) -> None:
        self.job = job
        self._executor = executor
        self._pid: int | None = None
        self._exit: Exit | None = None

    @property
    def pid(self) -> int | None:
        """The child's process id; waits the moment it takes to be known."""
        while self._pid is None and self._exit is None:
            self._executor.pump(None)
        return self._pid

    @property
    def exitcode(self) -> int | None:
        """``None`` while the child runs, then its exit code, minus the signal's number after a signal."""
        if self._exit is None:
            self._executor.pump(0)
        return None if self._exit is None else self._exit.code

    def is_alive(self) -> bool:
        """Whether the child still runs."""
        if self._exit is None:
            self._executor.pump(0)
        return self._exit is None

    def join(self, timeout: float | None = None) -> None:
        """Wait for the child's end, or for ``timeout`` seconds."""
        deadline = None if timeout is None else time.monotonic() + timeout
        while self._exit is None:
            remaining = None if deadline is None else deadline - time.monotonic()
            if remaining is not None and remaining < 0:
                return
            self._executor.pump(remaining)


class _Running:
    """What the runner holds of a job while it runs: the read ends and what has come out of them."""

    def __init__(self, job: Job, handle: ProcessHandle, fds: dict[str, int]) -> None:
        self.job = job
        self.handle = handle
        self.fds = fds
        self.frames = FrameBuffer()
        self.lines = {stream: LineBuffer() for stream in _LEVELS}
        self.outcome = Outcome("lost")
        self.early: list[Logged] = []


class ProcessExecutor:
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
        self._selector = selectors.DefaultSelector()
        self._events: deque[Event] = deque()
        self._link = NurseryLink(session)
        if session.wake is not None:
            self._selector.register(session.wake, selectors.EVENT_READ, lambda: None)

    def __del__(self) -> None:
        if hasattr(self, "_link"):  # else it could not be made
            self.close()  # a run that was driven by hand and left half way

    def start(self, job: Job) -> Handle:
        """See ``Executor.start``."""
        try:
            pipes = self._open_pipes()
        except OSError as error:
            raise BlockingIOError(*error.args) from error
        link = self._opened_link()
        link.start(job.task, RunJob(job), [pipes[name][1] for name in _PIPES])
        handle = ProcessHandle(self, job)
        running = _Running(job, handle, {name: pipes[name][0] for name in _PIPES})
        self._running[job.task] = running
        for name, fd in running.fds.items():
            os.set_blocking(fd, False)
            self._selector.register(fd, selectors.EVENT_READ, self._reader(running, name))
        return handle

    def wait(self, timeout: float | None = None) -> list[Event]:
        """See ``Executor.wait``."""
        if not self._events and self._running:
            self.pump(timeout)
        events = list(self._events)
        self._events.clear()
        return events

    def pump(self, timeout: float | None) -> None:
        """Take in what the children have sent, waiting up to ``timeout`` seconds for the first of it."""
        for key, _ in self._selector.select(timeout):
            key.data()

    def stop(self, task: str, *, kill: bool = False) -> None:
        """See ``Executor.stop``."""
        if task in self._running:
            self._link.stop(task, kill=kill)

    def close(self) -> None:
        """See ``Executor.close``."""
        self._drop_nursery()
        for running in list(self._running.values()):
            self._close_pipes(running)
        self._running.clear()
        self._selector.close()

    def _opened_link(self) -> NurseryLink:
        if not self._link.is_open:
            self._link.open()
            self._selector.register(self._link, selectors.EVENT_READ, self._receive)
        return self._link

    def _drop_nursery(self, *, lost: bool = False) -> None:
        if self._link.is_open:
            self._selector.unregister(self._link)
            self._link.close(lost=lost)

    def _open_pipes(self) -> dict[str, tuple[int, int]]:
        pipes: dict[str, tuple[int, int]] = {}
        try:
            for name in _PIPES:
                pipes[name] = os.pipe()
        except OSError:
            for ends in pipes.values():
                for fd in ends:
                    os.close(fd)
            raise
        return pipes

    def _receive(self) -> None:
        messages = self._link.receive()
        if messages is None:
            self._drop_nursery(lost=True)
            for running in list(self._running.values()):
                self._end(running, Exit())
            return
        for kind, task, fact in messages:
            running = self._running[task]
            if kind == "started":
                running.handle._pid = fact
                self._events.append(Started(task, fact))
                self._events.extend(replace(line, pid=fact) for line in running.early)
            elif kind == "refused":
                running.outcome = Outcome("failed", failure=Failure("BlockingIOError", fact))
                self._end(running, Exit())
            else:
                self._end(running, fact)

    def _reader(self, running: _Running, name: str) -> Callable[[], None]:
        def read() -> None:
            # Another event of the same batch may have ended the job.
            if name in running.fds and self._read(running, name) == b"":
                self._close_pipe(running, name)

        return read

    def _read(self, running: _Running, name: str) -> bytes | None:
        """Read once from a pipe and take in what came; ``None`` when it is empty for now, ``b""`` at its end."""
        try:
            data = os.read(running.fds[name], _READ_SIZE)
        except BlockingIOError:
            return None
        if name == "messages":
            for message in running.frames.feed(data):
                self._take_message(running, message)
        else:
            self._take_lines(running, name, running.lines[name].feed(data))
        return data

    def _take_message(self, running: _Running, message: Outcome | Waiting | tuple[str, str, str, str, float]) -> None:
        if isinstance(message, Outcome):
            running.outcome = message
            return
        if isinstance(message, Waiting):
            self._events.append(message)
            return
        _, logger, level, text, when = message
        for line in text.splitlines():
            self._log(running, logger, level, line, when)

    def _take_lines(self, running: _Running, stream: str, lines: list[str]) -> None:
        now = time.time()
        for line in lines:
            self._log(running, stream, _LEVELS[stream], line, now)

    def _log(self, running: _Running, stream: str, level: str, text: str, when: float) -> None:
        line = Logged(running.job.task, running.handle._pid, stream, level, text, when)
        # A child may speak before the nursery has said that it started.
        (self._events if line.pid is not None else running.early).append(line)

    def _end(self, running: _Running, end: Exit) -> None:
        for name in list(running.fds):
            while self._read(running, name):
                pass
        self._close_pipes(running)
        for stream, buffer in running.lines.items():
            self._take_lines(running, stream, buffer.rest())
        del self._running[running.job.task]
        running.handle._exit = end
        self._events.append(Ended(running.job.task, running.job.attempt, running.outcome, end))

    def _close_pipes(self, running: _Running) -> None:
        for name in list(running.fds):
            self._close_pipe(running, name)

    def _close_pipe(self, running: _Running, name: str) -> None:
        fd = running.fds.pop(name)
        self._selector.unregister(fd)
        os.close(fd)
