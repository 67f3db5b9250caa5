"""Worker of the pool executor: a long-lived process, one job after the other, on a clean slate each time.

It hears of jobs over the socket on which its messages go. What it says of a finished job is ``Done``; by then
everything the job has printed is in the pipes, so that the runner can tell one job's lines from the next one's.
"""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pyperunner_runner.child.context.thread_limits import holds_numba
from pyperunner_runner.child.messages import FrameBuffer
from pyperunner_runner.ports import Exit, Outcome
from pyperunner_runner.processes import posix, tree

if sys.platform != "win32":
    import resource

if TYPE_CHECKING:
    from pyperunner_runner.child.channel import Channel
    from pyperunner_runner.child.process import ChildRuntime
    from pyperunner_runner.executors.supervisor.protocol import Fds
    from pyperunner_runner.executors.supervisor.transport import PackedJob

__all__ = ["Done", "ServeJobs"]

_FIXED = ("SIGKILL", "SIGSTOP", "SIGCHLD")  # nobody can change the first two; the third is the worker's own
# What Python wraps to make enumerations of signals and handlers, fifteen times slower, and asked after every job.
_handler_of: Callable[[int], Any] = getattr(signal.getsignal, "__wrapped__", signal.getsignal)
_BLOCK = 512  # bytes in which storage is counted (man 2 getrusage)


@dataclass(frozen=True)
class Done:
    """A job is over.

    Attributes:
        outcome: What came of it.
        exit: The figures, as far as they can be told from those of earlier jobs.
        last: Whether the worker ends now.
    """

    outcome: Outcome
    exit: Exit
    last: bool


@dataclass(frozen=True)
class ServeJobs:
    """Carry out the jobs that come over the socket until there are no more.

    Attributes:
        most_tasks: After so many jobs the worker makes room for a new one.
        most_memory: After a job at whose end the worker has had so many bytes in memory, too.
    """

    most_tasks: int
    most_memory: int

    def tasks(self, known: Mapping[str, bytes]) -> Mapping[str, bytes]:
        """See ``ChildCommand.tasks``."""
        return known

    def run(self, runtime: ChildRuntime, fds: Fds, mark: str) -> None:
        """See ``ChildCommand.run``."""
        code = 1
        try:
            channel = runtime.enter(fds, mark)
            posix.adopt_orphans()
            self._serve(runtime, channel)
            runtime.flush()
            code = 0
        finally:
            os._exit(code)

    def _serve(self, runtime: ChildRuntime, channel: Channel) -> None:
        state = _ProcessState()
        frames = FrameBuffer()
        served = 0
        while data := channel.receive():
            for packed in frames.feed(data):
                served += 1
                done = self._execute(runtime, state, packed, served)
                channel.send(done)
                if done.last:
                    threading._shutdown()  # type: ignore[attr-defined]
                    return

    def _execute(self, runtime: ChildRuntime, state: _ProcessState, packed: PackedJob, served: int) -> Done:
        before = _Usage()
        outcome = runtime.execute(packed.job, packed.task_of)
        runtime.flush()
        clean = _end_children() and state.restore(runtime) and threading.active_count() == 1 and not holds_numba()
        after = _Usage()
        spent = served >= self.most_tasks or after.max_rss >= self.most_memory or bool(packed.job.env)
        return Done(outcome, after.since(before, outcome), outcome.kind == "failed" or spent or not clean)


class _Usage:
    """What this process and its children have used so far."""

    def __init__(self) -> None:
        own = resource.getrusage(resource.RUSAGE_SELF)
        children = resource.getrusage(resource.RUSAGE_CHILDREN)
        self.max_rss = own.ru_maxrss * (1 if sys.platform == "darwin" else 1024)
        self.cpu = own.ru_utime + own.ru_stime + children.ru_utime + children.ru_stime
        self.read = (own.ru_inblock + children.ru_inblock) * _BLOCK
        self.written = (own.ru_oublock + children.ru_oublock) * _BLOCK

    def since(self, before: _Usage, outcome: Outcome) -> Exit:
        """Return the figures of a job; the peak is known only where the job has raised it."""
        peak = self.max_rss if self.max_rss > before.max_rss else None
        return Exit(
            outcome.exitcode, self.cpu - before.cpu, peak, self.read - before.read, self.written - before.written, False
        )


class _ProcessState:
    """What a job may leave changed and the next one is to find as it was."""

    def __init__(self) -> None:
        self._folder = os.open(".", os.O_RDONLY)
        self._umask = os.umask(0)
        os.umask(self._umask)
        self._environ = dict(os.environ)
        self._handlers = {
            signum: _handler_of(signum)
            for signum in signal.valid_signals()
            if getattr(signum, "name", "") not in _FIXED
        }
        self._standard = {fd: posix.set_aside(os.dup(fd)) for fd in (0, 1, 2)}

    def restore(self, runtime: ChildRuntime) -> bool:
        """Put directory, umask, environment, signals and standard streams back; say whether that was possible."""
        try:
            os.fchdir(self._folder)
            for fd, kept in self._standard.items():
                os.dup2(kept, fd)
        except OSError:  # the job has closed descriptors that were not its own
            return False
        os.umask(self._umask)
        if os.environ != self._environ:
            os.environ.clear()
            os.environ.update(self._environ)
        signal.setitimer(signal.ITIMER_REAL, 0)
        for signum, handler in self._handlers.items():
            if _handler_of(signum) != handler:
                if handler is None:  # C code had set it, and only C code could do so again
                    return False
                signal.signal(signum, handler)
        signal.pthread_sigmask(signal.SIG_SETMASK, ())
        runtime.restore_streams()
        return True


def _end_children() -> bool:
    """Kill whatever the job has started and left; return whether there was nothing."""
    try:
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return True
    left: Any = tree.children(os.getpid())
    while left:
        for pid in left:
            tree.signal_tree(pid, signal.SIGKILL)
        tree.reap(left)
        left = tree.children(os.getpid())
    return False
