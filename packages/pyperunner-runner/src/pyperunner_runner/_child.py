"""What happens in a task's own process, from the fork to its end.

A page of memory that a child touches has to be copied first, which costs far more than what is done with it. So
whatever children have in common is made ready once, in the nursery (``ChildKit``), and a child does only what is its
own.
"""

from __future__ import annotations

import io
import logging
import os
import sys
import threading
from collections.abc import Callable
from typing import TYPE_CHECKING

from pyperunner_runner import _posix
from pyperunner_runner._audit import ReadAudit
from pyperunner_runner._failures import describe
from pyperunner_runner._frames import pack, write_all
from pyperunner_runner._job import perform
from pyperunner_runner.ports import Job, Outcome, Waiting

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task

__all__ = ["ChildKit"]


class ChildKit:
    """What children inherit from the nursery, ready for use. Made once, in the nursery, which uses none of it itself.

    Args:
        open_store: Opens the store anew; no handle crosses the fork.
    """

    def __init__(self, open_store: Callable[[], OutputStore]) -> None:
        self._open_store = open_store
        # Kept, because closing them would write the runner's unflushed text into a task's log.
        self._streams_of_runner = (sys.stdin, sys.stdout, sys.stderr)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        sys.stdin = open(0, encoding="utf-8", closefd=False)  # noqa: SIM115 - it stays open as long as the process
        sys.stdout = _text(1)
        sys.stderr = _text(2)
        self._home = self._connect_logging()
        _posix.set_default_signals()

    def run(self, job: Job, task: Task, fds: tuple[int, int, int], mark: str) -> None:
        """Carry out a job in a freshly forked process and end the process; never returns.

        Args:
            job: What to do.
            task: The task that ``job`` names.
            fds: Write ends for messages, standard output and standard error.
            mark: Value of ``_posix.MARKER`` in the environment, inherited by whatever the task starts.
        """
        code = 1
        try:
            messages, stdout, stderr = fds
            _posix.die_with_parent()
            _posix.lead_session()
            for source, target in ((stdout, 1), (stderr, 2)):
                os.dup2(source, target)
                os.close(source)
            _posix.let_signals_through()
            self._home.fd, self._home.owner = messages, os.getpid()
            os.environ[_posix.MARKER] = mark
            outcome = self._outcome(job, task, lambda waiting: write_all(messages, pack(Waiting(job.task, waiting))))
            self._flush()
            write_all(messages, pack(outcome))
            code = 0 if outcome.kind in ("stored", "hit") else 1
            if threading.active_count() > 1:
                # As at the end of every Python process: threads that are not daemons may finish.
                threading._shutdown()  # type: ignore[attr-defined]
                self._flush()
        finally:
            os._exit(code)

    def _outcome(self, job: Job, task: Task, tell_waiting: Callable[[bool], None]) -> Outcome:
        try:
            store = self._open_store()
            root = str((store.spec() or {}).get("url", ""))
            return perform(job, task, store, ReadAudit([root] if root.startswith(os.sep) else []), tell_waiting)
        except BaseException as error:
            return Outcome("failed", failure=describe(job.task, error))

    def _connect_logging(self) -> _Home:
        """Replace handlers made for the runner's streams by one that sends records home with their level."""
        root = logging.getLogger()
        if not root.handlers:
            root.setLevel(logging.INFO)
        for handler in list(root.handlers):
            if isinstance(handler, logging.StreamHandler) and handler.stream in self._streams_of_runner:
                root.removeHandler(handler)
        home = _Home()
        root.addHandler(home)
        logging.captureWarnings(True)
        return home

    @staticmethod
    def _flush() -> None:
        for stream in (sys.stdout, sys.stderr):
            try:
                stream.flush()
            except (OSError, ValueError):  # closed by the task
                pass
        _posix.flush_c_streams()


class _Home(logging.Handler):
    """Sends each record to the runner; a process forked by the task writes to standard error instead."""

    fd = -1
    owner = -1

    def emit(self, record: logging.LogRecord) -> None:
        try:
            text = self.format(record)
            if os.getpid() == self.owner:
                write_all(self.fd, pack(("log", record.name, record.levelname, text, record.created)))
            else:
                print(text, file=sys.stderr)
        except Exception:
            self.handleError(record)


def _text(fd: int) -> io.TextIOWrapper:
    return open(fd, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
