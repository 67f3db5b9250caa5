"""One fresh interpreter per task, with what every system has: files in the place of pipes, and no supervisor.

This is the executor ``process`` on Windows. The end of a process is noticed at once, what it prints ten times a second.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from dataclasses import dataclass
from multiprocessing.connection import wait as wait_for_any
from pathlib import Path
from typing import IO, Any

from pyperunner_dag import reopen_store
from pyperunner_runner.child.channel import Channel
from pyperunner_runner.child.context.thread_limits import limited_threads
from pyperunner_runner.child.failures import describe_failure
from pyperunner_runner.child.job import execute_job
from pyperunner_runner.child.log_forwarding import forward_logging
from pyperunner_runner.errors import StoreNotShareable
from pyperunner_runner.executors.child_output import STREAMS, ChildOutput
from pyperunner_runner.executors.supervisor.interpreter import command_of, write_beginning
from pyperunner_runner.executors.supervisor.start_methods import known_start_method
from pyperunner_runner.executors.supervisor.transport import (
    InterpreterState,
    PackedJob,
    PickledTasks,
    pack_job,
    pack_tasks,
)
from pyperunner_runner.ports import Ended, Event, Exit, Handle, Job, JobHandle, Logged, Outcome, Session, Started
from pyperunner_runner.processes.tree import MARKER

__all__ = ["PortableExecutor"]

_LOOK_SECONDS = 0.1


@dataclass(frozen=True)
class _RunJob:
    """Carry out a job in a fresh interpreter, and end it.

    Attributes:
        packed: The job.
        tasks: Its pickled task by name, where it brings none.
        messages: Path of the file that takes messages.
    """

    packed: PackedJob
    tasks: dict[str, bytes]
    messages: str

    def __call__(self, state: InterpreterState, fds: tuple[int, ...]) -> None:
        # What goes to a file is kept back in blocks: it would come late, and behind what subprocesses print meanwhile.
        sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
        forwarding = forward_logging()
        channel = Channel(os.open(self.messages, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)))
        forwarding.channel = channel
        job = self.packed.job
        try:
            with limited_threads(job.threads):
                task = self.packed.task_of(PickledTasks(self.tasks))
                outcome = execute_job(job, task, reopen_store(state.spec), None, forwarding.tell_waiting(job))
        except BaseException as error:
            outcome = Outcome("failed", failure=describe_failure(job.task, error))
        channel.send(outcome)
        sys.exit(outcome.exitcode)


class _RunningJob:
    """A job, its process, and how far its files have been read.

    Args:
        job: The job.
        handle: Its handle.
        folder: Its files are there.
        process: Its process.
        events: Where to put what happens.
    """

    def __init__(
        self, job: Job, handle: JobHandle, folder: Path, process: subprocess.Popen[bytes], events: deque[Event]
    ) -> None:
        self.process = process
        self._job = job
        self._handle = handle
        self._folder = folder
        self._events = events
        self._outcome = Outcome("lost")
        self._output = ChildOutput(self)
        self._files: dict[str, IO[bytes]] = {name: (folder / name).open("rb") for name in ("messages", *STREAMS)}
        handle.process = process.pid
        events.append(Started(job.task, process.pid))

    def take_message(self, message: Any) -> None:
        """See ``Listener``."""
        if isinstance(message, Outcome):
            self._outcome = message
        else:
            self._events.append(message)

    def take_lines(self, stream: str, level: str, text: str, when: float, *, passing: bool = False) -> None:
        """See ``Listener``."""
        self._events.append(Logged(self._job.task, self.process.pid, stream, level, text, when, passing))

    def read(self) -> None:
        """Take in what it has said since the last time."""
        for name, file in self._files.items():
            while data := file.read(1 << 16):
                self._output.feed(name, data)

    def end(self, code: int) -> None:
        """The process is gone."""
        self.read()
        self._output.end_lines()
        self.close()
        self._handle.exit = Exit(code)
        self._events.append(Ended(self._job.task, self._job.attempt, self._outcome, self._handle.exit))

    def close(self) -> None:
        """Remove what it has left."""
        for file in self._files.values():
            file.close()
        shutil.rmtree(self._folder, ignore_errors=True)


class PortableExecutor:
    """Executes every job in a fresh interpreter.

    Args:
        session: The run's tasks and store.

    Raises:
        StoreNotShareable: A child could not reopen the store.
        UnknownStartMethod: It is not ``spawn``.
        TaskNotPortable: A task can't be pickled.
    """

    def __init__(self, session: Session) -> None:
        self._running: dict[str, _RunningJob] = {}
        self._events: deque[Event] = deque()
        known_start_method(session.start_method)
        if session.store_spec is None:
            raise StoreNotShareable(repr(session.store))
        self._state = InterpreterState.of(session.tasks.values(), session.store_spec)
        self._tasks = session.tasks
        self._pickled = pack_tasks(session.tasks, "spawn")
        self._wake = None if sys.platform == "win32" else session.wake  # there a signal interrupts the waiting itself

    def start(self, job: Job) -> Handle:
        """See ``Executor.start``."""
        packed = pack_job(job, "spawn", self._tasks)
        tasks = {name: self._pickled[name] for name in packed.needs}
        folder = Path(tempfile.mkdtemp(prefix="pyperunner-"))
        for name in ("messages", *STREAMS):
            (folder / name).touch()
        with open(folder / "beginning", "wb") as file:
            write_beginning(file, self._state, _RunJob(packed, tasks, str(folder / "messages")))
        with open(folder / "stdout", "ab") as stdout, open(folder / "stderr", "ab") as stderr:
            process = subprocess.Popen(
                command_of(str(folder / "beginning")),
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env={**os.environ, MARKER: f"{os.getpid()}:{job.task}", "PYTHONIOENCODING": "utf-8:backslashreplace"},
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        handle = JobHandle(self._look)
        self._running[job.task] = _RunningJob(job, handle, folder, process, self._events)
        return handle

    def wait(self, timeout: float | None = None) -> list[Event]:
        """See ``Executor.wait``."""
        if not self._events and self._running:
            self._look(timeout)
        events = list(self._events)
        self._events.clear()
        return events

    def stop(self, task: str, *, kill: bool = False) -> None:
        """See ``Executor.stop``; where there are no signals, both end it at once."""
        if task in self._running:
            _end_tree(self._running[task].process.pid, kill=kill)

    def close(self) -> None:
        """See ``Executor.close``."""
        for running in self._running.values():
            _end_tree(running.process.pid, kill=True)
            running.process.wait()
            running.close()
        self._running.clear()

    def _look(self, timeout: float | None) -> None:
        """Take in what has happened, waiting up to ``timeout`` seconds for the first of it."""
        end = None if timeout is None else time.monotonic() + timeout
        known = len(self._events)
        while True:
            self._read()
            left = _LOOK_SECONDS if end is None else min(_LOOK_SECONDS, end - time.monotonic())
            if len(self._events) > known or left <= 0:
                return
            if self._woken_within(left):
                self._read()
                return

    def _read(self) -> None:
        for name, running in list(self._running.items()):
            code = running.process.poll()
            running.read()
            if code is not None:
                running.end(code)
                del self._running[name]

    def _woken_within(self, seconds: float) -> bool:
        """Wait for the end of a process; return whether a signal has come meanwhile."""
        ends = [_end_of(running.process) for running in self._running.values()]
        try:
            return self._wake in wait_for_any([*ends, *([] if self._wake is None else [self._wake])], seconds)
        finally:
            _close(ends)


def _end_of(process: subprocess.Popen[bytes]) -> Any:
    """Return what ``multiprocessing.connection.wait`` takes for the end of a process."""
    if sys.platform == "win32":
        return int(process._handle)  # type: ignore[attr-defined,unused-ignore]
    return os.pidfd_open(process.pid)


def _close(ends: list[Any]) -> None:
    if sys.platform != "win32":
        for fd in ends:
            os.close(fd)


def _end_tree(pid: int, *, kill: bool) -> None:
    """End a process and its descendants; psutil compares creation times, so that no stranger is met."""
    import psutil

    try:
        top = psutil.Process(pid)
        family = [*top.children(recursive=True), top]
    except psutil.Error:
        return
    for process in family:
        try:
            process.kill() if kill else process.terminate()
        except psutil.Error:
            pass
