"""Every POSIX-only call of the runner, in one place. Nothing here is imported on a system without ``os.fork``."""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

__all__ = [
    "MARKER",
    "adopt_orphans",
    "bytes_of_max_rss",
    "children",
    "descendants",
    "die_with_parent",
    "ended_child",
    "exit_code",
    "flush_c_streams",
    "lead_session",
    "marked",
    "reset_signals",
    "signal_group",
    "signals_held_back",
]

MARKER = "PYPERUNNER_TASK"
"""Environment variable that ties a process to the task that started it, whatever session it has moved to."""

_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_HANDLED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
_LINUX = sys.platform == "linux"


@functools.cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def die_with_parent(signum: int = signal.SIGKILL) -> None:
    """Have the kernel send this process ``signum`` when its parent dies (Linux; elsewhere nothing happens)."""
    if _LINUX:
        _libc().prctl(_PR_SET_PDEATHSIG, int(signum), 0, 0, 0)


def adopt_orphans() -> None:
    """Make this process the new parent of descendants whose own parent ends (Linux; elsewhere nothing happens)."""
    if _LINUX:
        _libc().prctl(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def flush_c_streams() -> None:
    """Write out what C code has left in its stdio buffers; ``os._exit`` would drop it."""
    _libc().fflush(None)


def lead_session() -> None:
    """Give this process a session and process group of its own, out of reach of the terminal's Ctrl-C."""
    os.setsid()


def reset_signals() -> None:
    """Put every signal handler a task could trip over back to Python's start-up state."""
    signal.set_wakeup_fd(-1)
    for signum in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(signum, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def signal_group(leader: int, signum: int) -> None:
    """Send ``signum`` to the process group of ``leader``, or to it alone while it has not yet got one.

    Only for children of this process that it has not yet reaped, so that the number can't belong to a stranger.
    """
    # A stopped process would see no other signal before it goes on.
    for number in (signum, signal.SIGCONT):
        try:
            os.killpg(leader, number)
        except ProcessLookupError:
            os.kill(leader, number)
        except PermissionError:  # macOS says so of a group in which only an ended process is left
            return


@contextmanager
def signals_held_back() -> Iterator[None]:
    """Let no signal that ends a task through meanwhile, so that a child forked here can first set its own handlers."""
    before = signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def ended_child() -> int | None:
    """Return a child of this process that has ended, without reaping it, so that its number is still its own."""
    try:
        info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return None if info is None else info.si_pid


def children(pid: int) -> list[int]:
    """Return the direct children of a process that has one thread, or that forks from its first thread only.

    One read of ``/proc`` instead of a look at every process of the machine; an empty list where there is no such file.
    """
    try:
        with open(f"/proc/{pid}/task/{pid}/children", "rb") as file:
            return [int(word) for word in file.read().split()]
    except OSError:
        return []


def descendants(pid: int) -> list[int]:
    """Return the children of a process, their children, and so on."""
    found = children(pid)
    for child in found:
        found.extend(children(child))
    return found


def marked(pid: int, mark: str) -> bool:
    """Whether a process was started with ``mark`` as the value of ``MARKER`` in its environment."""
    try:
        with open(f"/proc/{pid}/environ", "rb") as file:
            return f"{MARKER}={mark}".encode() in file.read().split(b"\0")
    except OSError:
        return False


def exit_code(status: int) -> int:
    """Turn a wait status into an exit code, minus the signal's number after a signal."""
    return os.waitstatus_to_exitcode(status)


def bytes_of_max_rss(max_rss: int) -> int:
    """Turn ``ru_maxrss`` into bytes: Linux counts in KiB, macOS in bytes (their getrusage manuals)."""
    return max_rss if sys.platform == "darwin" else max_rss * 1024
