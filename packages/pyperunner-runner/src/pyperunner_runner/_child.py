"""What happens in a task's own process, from the fork to its end."""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from pyperunner_runner import _posix
from pyperunner_runner._failures import describe
from pyperunner_runner._frames import pack, write_all
from pyperunner_runner._job import perform
from pyperunner_runner.ports import Job, Outcome

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task

__all__ = ["run_child"]

_kept: list[Any] = []
"""Standard streams of the parent: closing them here would write its unflushed text into this task's log."""


def run_child(
    job: Job, task: Task, open_store: Callable[[], OutputStore], fds: tuple[int, int, int], mark: str
) -> None:
    """Carry out a job in a freshly forked process and end the process; never returns.

    Args:
        job: What to do.
        task: The task that ``job`` names.
        open_store: Opens the store anew; no handle crosses the fork.
        fds: Write ends for messages, standard output and standard error.
        mark: Value of ``_posix.MARKER`` in the environment, inherited by whatever the task starts.
    """
    code = 1
    try:
        messages, stdout, stderr = fds
        _posix.die_with_parent()
        _posix.lead_session()
        _posix.reset_signals()
        _connect_streams(stdout, stderr)
        os.environ[_posix.MARKER] = mark
        _connect_logging(messages)
        outcome = _outcome(job, task, open_store)
        _flush()
        write_all(messages, pack(outcome))
        code = 0 if outcome.kind in ("stored", "hit") else 1
        # As at the end of every Python process: threads that are not daemons may finish.
        threading._shutdown()  # type: ignore[attr-defined]
        _flush()
    finally:
        os._exit(code)


def _outcome(job: Job, task: Task, open_store: Callable[[], OutputStore]) -> Outcome:
    try:
        return perform(job, task, open_store())
    except BaseException as error:
        return Outcome("failed", failure=describe(job.task, error))


def _connect_streams(stdout: int, stderr: int) -> None:
    null = os.open(os.devnull, os.O_RDONLY)
    for source, target in ((null, 0), (stdout, 1), (stderr, 2)):
        os.dup2(source, target)
        os.close(source)
    _kept.extend((sys.stdin, sys.stdout, sys.stderr))
    sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays open as long as the process
    sys.stdout = _text(1)
    sys.stderr = _text(2)


def _text(fd: int) -> io.TextIOWrapper:
    return open(fd, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)


def _flush() -> None:
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):  # closed by the task
            pass
    _posix.flush_c_streams()


def _connect_logging(messages: int) -> None:
    """Send log records and warnings home with their level instead of through handlers made for the parent's streams."""
    root = logging.getLogger()
    parent_streams = {id(stream) for stream in _kept}
    configured = bool(root.handlers)
    for handler in list(root.handlers):
        if isinstance(handler, logging.StreamHandler) and id(handler.stream) in parent_streams:
            root.removeHandler(handler)
    if not configured:
        root.setLevel(logging.INFO)
    root.addHandler(_Home(messages))
    logging.captureWarnings(True)


class _Home(logging.Handler):
    """Sends each record to the runner; a process forked by the task writes to standard error instead."""

    def __init__(self, fd: int) -> None:
        super().__init__()
        self._fd = fd
        self._owner = os.getpid()

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
            if os.getpid() == self._owner:
                write_all(self._fd, pack(("log", record.name, record.levelname, text, record.created)))
            else:
                print(text, file=sys.stderr)
        except Exception:
            self.handleError(record)
