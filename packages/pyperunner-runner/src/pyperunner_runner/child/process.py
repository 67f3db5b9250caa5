"""Process of a task: what happens in it from its beginning to its end.

A page of memory that a child touches has to be copied first, which costs far more than what is done with it. So
whatever children have in common is made ready once, in the process they are forked from (``ChildRuntime``), and a child
does only what is its own.
"""

from __future__ import annotations

import io
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from pyperunner_dag import reopen_store
from pyperunner_runner.child.audit import ReadAudit
from pyperunner_runner.child.channel import Channel
from pyperunner_runner.child.context.thread_limits import limited_threads, prepare_thread_limits
from pyperunner_runner.child.ending import finish_threads, flush, streams_to
from pyperunner_runner.child.failures import describe_failure
from pyperunner_runner.child.job import execute_job
from pyperunner_runner.child.log_forwarding import forward_logging
from pyperunner_runner.child.messages import Arrived
from pyperunner_runner.ports import Displayed, Job, Outcome
from pyperunner_runner.processes import posix
from pyperunner_runner.processes.tree import MARKER

if TYPE_CHECKING:
    from pyperunner_dag import OutputStore, Task

__all__ = ["ChildRuntime", "FindTask"]

FindTask = Callable[[Mapping[str, "Task"]], "Task"]


class ChildRuntime:
    """What the processes of tasks need, ready for use. Made once, in the process that forks them.

    It takes over standard input and output, logging and signals of the process it is made in.

    Args:
        tasks: The tasks that may be asked for, by name.
        spec: Builtins from which a child opens the store anew, because no handle crosses a fork.
        store: A store that has no handles (``SupportsFork``), used by all children in the place of one of their own.
    """

    def __init__(self, tasks: Mapping[str, Task], spec: Mapping[str, Any], store: OutputStore | None = None) -> None:
        self.tasks = tasks
        self._spec = spec
        self._store = store
        # Kept, because closing them would write the runner's unflushed text into a task's log.
        self._streams_of_runner = (sys.stdin, sys.stdout, sys.stderr)
        null = os.open(os.devnull, os.O_RDONLY)
        os.dup2(null, 0)
        os.close(null)
        with _pipes_at(1, 2):
            self._make_streams()
        self._forwarding = forward_logging(self._streams_of_runner)
        place = str(spec.get("url", ""))
        self._audit = ReadAudit([place] if place.startswith(os.sep) else [])
        prepare_thread_limits()
        posix.set_default_signals()
        posix.show_stacks_when_asked()

    def restore_streams(self) -> None:
        """Make Python's standard streams anew where a task has closed, detached or replaced them."""
        if not self._streams_are_whole():
            self._make_streams()

    def _streams_are_whole(self) -> bool:
        try:
            standard = zip((sys.stdin, sys.stdout, sys.stderr), self._streams, strict=True)
            return all(one is ours and not ours.closed for one, ours in standard)
        except (AttributeError, ValueError):  # one was removed or detached
            return False

    def _make_streams(self) -> None:
        self._streams = open(0, encoding="utf-8", closefd=False), _text(1), _text(2)  # noqa: SIM115 - they stay open
        # Under both names, as in every Python process: a stream that nothing refers to closes what it wraps.
        sys.stdin, sys.stdout, sys.stderr = sys.__stdin__, sys.__stdout__, sys.__stderr__ = self._streams  # type: ignore[misc]

    def enter(self, fds: tuple[int, int, int], mark: str) -> Channel:
        """Make the calling process, which was just forked, one that tasks can run in.

        Args:
            fds: Where messages, standard output and standard error go.
            mark: Value of ``MARKER`` in the environment, inherited by whatever the task starts.

        Returns:
            Where its messages go.
        """
        messages, stdout, stderr = fds
        posix.die_with_parent()
        posix.lead_session()
        for source, target in ((stdout, 1), (stderr, 2)):
            os.dup2(source, target)
            os.close(source)
        posix.let_signals_through()
        channel = self._forwarding.channel = Channel(posix.set_aside(messages))
        os.environ[MARKER] = mark
        posix.show_no_stacks()
        channel.send(Arrived())
        return channel

    def run(self, job: Job, find: FindTask, fds: tuple[int, int, int], mark: str) -> None:
        """Carry out a job in a process made for it, and end the process; never returns.

        Args:
            job: What to do.
            find: See ``execute``.
            fds: Where messages, standard output and standard error go.
            mark: See ``enter``.
        """
        code = 1
        try:
            channel = self.enter(fds, mark)
            outcome = self.execute(job, find)
            self.flush()
            try:
                channel.send(outcome)
            except OSError as error:
                print(f"the outcome of {job.task} is lost: {error}", file=sys.stderr)
                raise
            code = outcome.exitcode
            if threading.active_count() > 1:
                finish_threads(job.task, code)
                self.flush()
        finally:
            os._exit(code)

    def execute(self, job: Job, find: FindTask) -> Outcome:
        """Carry out a job and say what came of it; whatever goes wrong is an outcome too.

        Args:
            job: What to do.
            find: Gives its task, out of those that are known or unpickled just now.
        """
        try:
            if self._store is None:
                self._store = reopen_store(self._spec)
            audit = None if job.audit == "off" else self._audit
            if job.displays:
                self._relay_displays(job.task)
            with limited_threads(job.threads):  # of what is imported to find the task, too
                outcome = execute_job(job, find(self.tasks), self._store, audit, self._forwarding.tell_waiting(job))
            posix.stop_timers()  # what the task has set them for must not break off the rest
            return outcome
        except BaseException as error:
            posix.stop_timers()
            cause = error
        try:
            return Outcome("failed", failure=describe_failure(job.task, cause))
        finally:
            del cause

    def _relay_displays(self, task: str) -> None:
        from pyperunner_runner.child.context.displays import relay_displays

        def send(data: Mapping[str, Any], metadata: Mapping[str, Any]) -> None:
            if self._forwarding.channel is not None and self._forwarding.channel.is_ours:
                self._forwarding.channel.send(Displayed(task, data, metadata))

        relay_displays(send)

    def flush(self) -> None:
        """Write out what is left in Python's and C's buffers, of streams too that the program kept by another name."""
        flush(*self._streams[1:], *self._streams_of_runner[1:])
        if not self._streams_are_whole():
            flush(*streams_to((1, 2)))


@contextmanager
def _pipes_at(*fds: int) -> Iterator[None]:
    """Have pipes at some descriptors for a while: streams ask once what they can do, and tasks have pipes there."""
    kept = {}
    for fd in fds:
        try:
            kept[fd] = os.dup(fd)
        except OSError:  # the program has closed it
            continue
    read, write = os.pipe()
    try:
        for fd in fds:
            os.dup2(write, fd)
        yield
    finally:
        for fd in (read, write, *(fd for fd in fds if fd not in kept)):
            os.close(fd)
        for fd, copy in kept.items():
            os.dup2(copy, fd)
            os.close(copy)


def _text(fd: int) -> io.TextIOWrapper:
    return open(fd, "w", buffering=1, encoding="utf-8", errors="backslashreplace", closefd=False)
