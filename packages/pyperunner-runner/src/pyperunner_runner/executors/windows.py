"""One fresh interpreter per task, with what every system has: files in the place of pipes, and no nursery.

This is the executor ``process`` on Windows. The end of a process is noticed at once, what it prints ten times a second.
"""

from __future__ import annotations

import os
import pickle
import shutil
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Mapping
from multiprocessing.connection import wait as wait_for_any
from pathlib import Path
from typing import IO, Any

from pyperunner_dag import reopen_store
from pyperunner_runner._errors import StoreNotShareable
from pyperunner_runner.child.failures import describe
from pyperunner_runner.child.job import perform
from pyperunner_runner.child.lines import LineBuffer
from pyperunner_runner.child.log_forwarding import connect_logging
from pyperunner_runner.child.messages import FrameBuffer, pack, write_all
from pyperunner_runner.executors.supervisor.start_methods import start_method
from pyperunner_runner.executors.supervisor.transport import Luggage, World, pack_tasks
from pyperunner_runner.ports import Ended, Event, Exit, Handle, Job, Logged, Outcome, Session, Started
from pyperunner_runner.processes.tree import MARKER

__all__ = ["PortableExecutor", "main"]

_LOOK_SECONDS = 0.1
_LEVELS = {"stdout": "INFO", "stderr": "WARNING"}
_BEGIN = """\
import pickle, sys
with open(sys.argv[1], "rb") as file:
    sys.path[:] = pickle.load(file)
    from pyperunner_runner.executors.windows import main
    luggage = pickle.load(file)
sys.exit(main(*luggage))
"""


class _Running:
    """A process, its handle, and how far its files have been read."""

    def __init__(self, job: Job, folder: Path, process: subprocess.Popen[bytes]) -> None:
        self.job = job
        self.folder = folder
        self.process = process
        self.pid = process.pid
        self.outcome = Outcome("lost")
        self.frames = FrameBuffer()
        self.lines = {stream: LineBuffer() for stream in _LEVELS}
        self.files: dict[str, IO[bytes]] = {name: (folder / name).open("rb") for name in ("messages", *_LEVELS)}

    @property
    def exitcode(self) -> int | None:
        """``None`` while it runs."""
        return self.process.poll()

    def is_alive(self) -> bool:
        """Whether it runs."""
        return self.process.poll() is None

    def join(self, timeout: float | None = None) -> None:
        """Wait for its end."""
        try:
            self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            pass

    def close(self) -> None:
        """Remove what it has left."""
        for file in self.files.values():
            file.close()
        shutil.rmtree(self.folder, ignore_errors=True)


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
        self._running: dict[str, _Running] = {}
        self._events: deque[Event] = deque()
        start_method(session.start_method)
        if session.store_spec is None:
            raise StoreNotShareable(repr(session.store))
        self._world = World.of(session.tasks.values(), session.store_spec)
        self._pickled = pack_tasks(session.tasks, "spawn")
        self._wake = None if sys.platform == "win32" else session.wake  # there a signal interrupts the waiting itself

    def start(self, job: Job) -> Handle:
        """See ``Executor.start``."""
        folder = Path(tempfile.mkdtemp(prefix="pyperunner-"))
        with open(folder / "luggage", "wb") as file:
            pickle.dump(self._world.path, file)
            tasks = {job.task: self._pickled[job.task]}
            pickle.dump((self._world, job, tasks, str(folder / "messages")), file)
        for name in ("messages", *_LEVELS):
            (folder / name).touch()
        flags: list[str] = subprocess._args_from_interpreter_flags()  # type: ignore[attr-defined]
        with open(folder / "stdout", "ab") as stdout, open(folder / "stderr", "ab") as stderr:
            process = subprocess.Popen(
                [sys.executable, *flags, "-c", _BEGIN, str(folder / "luggage")],
                stdin=subprocess.DEVNULL,
                stdout=stdout,
                stderr=stderr,
                env={**os.environ, MARKER: f"{os.getpid()}:{job.task}", "PYTHONIOENCODING": "utf-8:backslashreplace"},
                creationflags=getattr(subprocess, "CREATE_NEW_PROCESS_GROUP", 0),
            )
        running = self._running[job.task] = _Running(job, folder, process)
        self._events.append(Started(job.task, process.pid))
        return running

    def wait(self, timeout: float | None = None) -> list[Event]:
        """See ``Executor.wait``."""
        end = None if timeout is None else time.monotonic() + timeout
        self._look()
        while not self._events and self._running:
            left = _LOOK_SECONDS if end is None else min(_LOOK_SECONDS, end - time.monotonic())
            woken = left <= 0 or self._wait_for_any(left)
            self._look()
            if woken:
                break
        events = list(self._events)
        self._events.clear()
        return events

    def _wait_for_any(self, seconds: float) -> bool:
        """Wait for the end of a process; return whether a signal has come meanwhile."""
        ends = [_end_of(running.process) for running in self._running.values()]
        try:
            return self._wake in wait_for_any([*ends, *([] if self._wake is None else [self._wake])], seconds)
        finally:
            _close(ends)

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

    def _look(self) -> None:
        for running in list(self._running.values()):
            code = running.process.poll()
            self._read(running)
            if code is not None:
                for stream, buffer in running.lines.items():
                    self._log(running, stream, buffer.rest())
                running.close()
                del self._running[running.job.task]
                self._events.append(Ended(running.job.task, running.job.attempt, running.outcome, Exit(code)))

    def _read(self, running: _Running) -> None:
        for message in running.frames.feed(running.files["messages"].read()):
            if isinstance(message, Outcome):
                running.outcome = message
            elif isinstance(message, tuple):
                _, logger, level, text, when = message
                for line in text.splitlines():
                    self._events.append(Logged(running.job.task, running.pid, logger, level, line, when))
            else:
                self._events.append(message)
        for stream, buffer in running.lines.items():
            while data := running.files[stream].read(1 << 16):
                self._log(running, stream, buffer.feed(data))

    def _log(self, running: _Running, stream: str, lines: list[str]) -> None:
        now = time.time()
        for line in lines:
            self._events.append(Logged(running.job.task, running.pid, stream, _LEVELS[stream], line, now))


def main(world: World, job: Job, tasks: Mapping[str, bytes], messages: str) -> int:
    """Carry out a job in the fresh interpreter; return the exit code."""
    world.enter()
    # What goes to a file is kept back in blocks: it would come late, and behind what subprocesses print meanwhile.
    sys.stdout.reconfigure(line_buffering=True)  # type: ignore[union-attr]
    home = connect_logging()
    home.fd, home.owner = os.open(messages, os.O_WRONLY | os.O_APPEND | getattr(os, "O_BINARY", 0)), os.getpid()
    try:
        outcome = perform(job, Luggage(tasks)[job.task], reopen_store(world.spec), None, home.tell_waiting(job))
    except BaseException as error:
        outcome = Outcome("failed", failure=describe(job.task, error))
    write_all(home.fd, pack(outcome))
    return 0 if outcome.kind in ("stored", "hit") else 1


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
