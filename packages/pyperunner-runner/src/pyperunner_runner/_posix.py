"""Every POSIX-only call of the runner, in one place. Nothing here is imported on a system without ``os.fork``."""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import sys
from typing import Any

__all__ = [
    "MARKER",
    "adopt_orphans",
    "bytes_of_max_rss",
    "children",
    "descendants",
    "die_with_parent",
    "end_of_process",
    "ended_child",
    "exit_code",
    "flush_c_streams",
    "hold_signals_back",
    "lead_session",
    "let_signals_through",
    "marked",
    "set_default_signals",
    "signal_group",
    "wake_on_child_end",
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


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that forked it ends (Linux; elsewhere nothing happens)."""
    if _LINUX:
        _libc().prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


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


def hold_signals_back() -> None:
    """Let none of the signals that would end this process through, until ``let_signals_through``."""
    signal.pthread_sigmask(signal.SIG_BLOCK, _HANDLED)


def set_default_signals() -> None:
    """Put every handler a task could trip over back to Python's start-up state."""
    for signum in (*_HANDLED, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(signum, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def wake_on_child_end(fd: int) -> None:
    """Have a byte written to ``fd``, which must not block, whenever a child of this process ends."""
    signal.set_wakeup_fd(fd, warn_on_full_buffer=False)
    signal.signal(signal.SIGCHLD, lambda *_: None)


def let_signals_through() -> None:
    """In a new child: forget the wake-up descriptor and take signals again, those that came meanwhile first."""
    signal.set_wakeup_fd(-1)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def end_of_process(pid: int) -> int | None:
    """Return a descriptor that becomes readable when a process ends; ``None`` where the system has no such thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


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
