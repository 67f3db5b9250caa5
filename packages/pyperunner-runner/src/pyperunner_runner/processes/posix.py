"""Every POSIX-only call of the runner, in one place; it can be imported elsewhere, and not be used."""

from __future__ import annotations

import ctypes
import faulthandler
import functools
import os
import selectors
import signal
import sys

if sys.platform != "win32":
    import fcntl
    import resource
from collections.abc import Callable
from typing import Any, cast

from pyperunner_runner.ports import Exit

__all__ = [
    "ADOPTS_ORPHANS",
    "SHOW_STACKS",
    "OutOfMemoryKills",
    "adopt_orphans",
    "die_with_parent",
    "end_of_process",
    "ended_child",
    "exit_of",
    "few_descriptors",
    "flush_c_streams",
    "hear_of_ends",
    "hold_signals_back",
    "lead_session",
    "let_signals_through",
    "most_descriptors",
    "new_selector",
    "occupy_standard_descriptors",
    "set_aside",
    "set_default_signals",
    "show_no_stacks",
    "show_stacks_when_asked",
    "stop_timers",
    "wake_on_child_end",
]

SHOW_STACKS = getattr(signal, "SIGUSR2", 0)
"""The signal at which a child that has not begun yet writes where it is to standard error."""
_STANDARD_ERROR = 2
_set_handler = (
    signal.signal
)  # what a supervisor uses is taken before modules of the tasks may put gevent's in its place
_PR_SET_PDEATHSIG = 1
_PR_SET_CHILD_SUBREAPER = 36
_HANDLED = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGINT", "SIGHUP") if hasattr(signal, name))
_LINUX = sys.platform == "linux"
_FEW = 64
_PollSelector: type[selectors.BaseSelector] = getattr(selectors, "PollSelector", selectors.SelectSelector)
_ASIDE, _ASIDE_ROOM = 1 << 11, 1 << 6  # more would cost each fork; a usual limit is 1024

ADOPTS_ORPHANS = _LINUX
"""Whether ``adopt_orphans`` does anything."""


@functools.cache
def _prctl() -> Callable[[int, int, int, int, int], None]:
    # Prepared in full, because every child calls it and copies each page of memory that the call touches.
    function = ctypes.PyDLL(None).prctl
    function.argtypes, function.restype = [ctypes.c_int, *[ctypes.c_ulong] * 4], None
    return cast("Callable[[int, int, int, int, int], None]", function)


@functools.cache
def _fflush() -> Callable[[None], None]:
    function = ctypes.PyDLL(None).fflush
    function.argtypes, function.restype = [ctypes.c_void_p], None
    return cast("Callable[[None], None]", function)


def die_with_parent() -> None:
    """Have the kernel kill this process when the thread that forked it ends (Linux; elsewhere nothing happens)."""
    if _LINUX:
        _prctl()(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def adopt_orphans() -> None:
    """Make this process the new parent of descendants whose own parent ends (Linux; elsewhere nothing happens)."""
    if _LINUX:
        _prctl()(_PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def flush_c_streams() -> None:
    """Write out what C code has left in its stdio buffers; ``os._exit`` would drop it."""
    _fflush()(None)


def set_aside(fd: int) -> int:
    """Give a descriptor a high number, where programs that close or count through descriptors don't look; return it.

    What the process executes does not get it. Where so high a number is not allowed, it keeps its own.
    """
    try:
        aside = fcntl.fcntl(fd, fcntl.F_DUPFD_CLOEXEC, max(0, min(_ASIDE, most_descriptors()) - _ASIDE_ROOM))
    except OSError:
        os.set_inheritable(fd, False)
        return fd
    os.close(fd)
    return aside


def most_descriptors() -> int:
    """Return how many descriptors this process may have."""
    limit, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return sys.maxsize if limit == resource.RLIM_INFINITY else limit


def few_descriptors() -> bool:
    """Whether this process may have so few descriptors that what can be done without one is better done so."""
    return most_descriptors() < _FEW


def new_selector(usual: Callable[[], selectors.BaseSelector]) -> selectors.BaseSelector:
    """Return what ``usual`` makes; where descriptors are few, a selector that takes none itself."""
    return _PollSelector() if few_descriptors() else usual()


def lead_session() -> None:
    """Give this process a session and process group of its own, out of reach of the terminal's Ctrl-C."""
    os.setsid()


def hold_signals_back() -> None:
    """Let none of the signals that would end this process through, until ``let_signals_through``, and all others.

    A thread of the runner's may have blocked or ignored any of them.
    """
    _set_handler(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, _HANDLED)


def hear_of_ends() -> set[int]:
    """Block, and return, the signals that come when a child of this process ends, or its parent (Linux)."""
    heard: set[int] = {signal.SIGCHLD, signal.SIGTERM}
    signal.pthread_sigmask(signal.SIG_BLOCK, heard)
    _prctl()(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    return heard


def occupy_standard_descriptors() -> None:
    """Put the null device where descriptors 0 to 2 are closed, so that nothing else gets these numbers."""
    while (fd := os.open(os.devnull, os.O_RDWR)) <= _STANDARD_ERROR:
        os.set_inheritable(fd, True)
    os.close(fd)


def set_default_signals() -> None:
    """Put every handler a task could trip over back to Python's start-up state."""
    for signum in (*_HANDLED, signal.SIGALRM, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(signum, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGPIPE, signal.SIG_IGN)


def show_stacks_when_asked() -> None:
    """Have ``SHOW_STACKS`` write the stacks of all threads to descriptor 2, whatever Python waits for."""
    faulthandler.register(SHOW_STACKS, file=2)


def show_no_stacks() -> None:
    """Give ``SHOW_STACKS`` its default meaning back."""
    faulthandler.unregister(SHOW_STACKS)


def stop_timers() -> None:
    """Stop the timers of this process, so that what handles their signals is not called any more."""
    for timer in (signal.ITIMER_REAL, signal.ITIMER_VIRTUAL, signal.ITIMER_PROF):
        signal.setitimer(timer, 0)


def wake_on_child_end(fd: int) -> None:
    """Have a byte written to ``fd``, which must not block, whenever a child of this process ends."""
    signal.set_wakeup_fd(fd, warn_on_full_buffer=False)
    _set_handler(signal.SIGCHLD, lambda *_: None)


def let_signals_through() -> None:
    """In a new child: forget the wake-up descriptor and take signals again, those that came meanwhile first."""
    signal.set_wakeup_fd(-1)
    _set_handler(signal.SIGCHLD, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, ())


def end_of_process(pid: int) -> int | None:
    """Return a descriptor that becomes readable when a process ends; ``None`` where the system has no such thing."""
    try:
        return os.pidfd_open(pid)
    except (AttributeError, OSError):
        return None


def ended_child() -> int | None:
    """Return a child of this process that has ended, without reaping it, so that its number is still its own."""
    try:
        info = os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:
        return None
    return None if info is None else info.si_pid


class OutOfMemoryKills:
    """Tells whether the system has lately killed a process for want of memory, by its count of such kills."""

    def __init__(self) -> None:
        self._seen = self._count()

    def more(self) -> bool | None:
        """Whether there were any since the last look; ``None`` where the system does not say."""
        before, self._seen = self._seen, self._count()
        return None if self._seen is None or before is None else self._seen > before

    @staticmethod
    def _count() -> int | None:
        # Counts those within a memory group too (Linux, mm/oom_kill.c: __oom_kill_process).
        try:
            with open("/proc/vmstat", "rb") as file:
                lines = (line.split() for line in file)
                return next((int(count) for name, count in lines if name == b"oom_kill"), None)
        except OSError:
            return None


def exit_of(status: int, usage: Any, kills: OutOfMemoryKills | None) -> Exit:
    """Return how a process ended.

    Args:
        status: Its wait status.
        usage: Its ``resource.struct_rusage``.
        kills: Tells of kills for want of memory; ``None`` if it is known who killed it.
    """
    code = os.waitstatus_to_exitcode(status)
    oom = kills.more() if kills is not None and code == -signal.SIGKILL else False
    # Linux counts resident memory in KiB, macOS in bytes; both count blocks of 512 bytes (their getrusage manuals).
    max_rss = usage.ru_maxrss if sys.platform == "darwin" else usage.ru_maxrss * 1024
    cpu = usage.ru_utime + usage.ru_stime
    return Exit(code, cpu, max_rss, usage.ru_inblock * 512, usage.ru_oublock * 512, oom)
