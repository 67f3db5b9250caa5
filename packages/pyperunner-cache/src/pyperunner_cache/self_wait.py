"""Self-wait: a process or thread that waits for a lock which only its own end would free.

A call that is being computed holds the lock of its key. If it starts a process or thread that needs the same call, and
waits for it, neither ever ends. The holder is then an ancestor of the process that waits, and does nothing meanwhile;
or it is a thread that stands in a function of the standard library which waits for the thread, or for the work that
this one does for a pool.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from types import FrameType
from typing import Any

from pyperunner_cache.errors import DeadlockError

__all__ = ["HolderWatch", "check_threads", "watch_holder"]

_SECONDS = 6.0
"""For so long an ancestor has to do nothing before it counts as one that waits."""
_IDLE = 0.03
"""Share of a core that a process may use while it waits, with a progress bar say."""


class HolderWatch:
    """Looks whether an ancestor that holds a lock does anything; made by `watch_holder`.

    Args:
        what: What is locked, for the error.
        holder: The ancestor's process id.
    """

    def __init__(self, what: str, holder: int) -> None:
        self._what, self._holder = what, holder
        self._since, self._used = time.monotonic(), _cpu_seconds(holder)

    def check(self) -> None:
        """Return unless the holder has done nothing for a while.

        Raises:
            DeadlockError: It has not.
        """
        seconds = time.monotonic() - self._since
        if seconds < _SECONDS:
            return
        used = _cpu_seconds(self._holder)
        if used - self._used < _IDLE * seconds:
            raise DeadlockError(self._what, self._holder, os.getpid())
        self._since, self._used = time.monotonic(), used


def watch_holder(what: str, fd: int, byte: int) -> HolderWatch | None:
    """Return a watch over the ancestor of this process that holds a lock; ``None`` where none does, or nobody can tell.

    Args:
        what: What is locked, for the error.
        fd: The file, open.
        byte: Which byte of it is locked.
    """
    inode = os.fstat(fd).st_ino
    for pid in _ancestors():
        if any(inode == held and first <= byte <= last for held, first, last in _locks_of(pid)):
            return HolderWatch(what, pid)
    return None


def check_threads(what: str, holder: int) -> None:
    """Return unless the thread that holds a lock of this process waits for the calling one.

    Args:
        what: What is locked, for the error.
        holder: The thread's identifier.

    Raises:
        DeadlockError: It does.
    """
    # Work for a pool is known by its future, or by the number that it has in a pool of multiprocessing.
    mine: list[Any] = [threading.current_thread()]
    for frame in _frames(sys._getframe()):
        if frame.f_code.co_filename.endswith(_POOLS):
            names = frame.f_locals
            mine += [getattr(names.get("self"), "future", None), names.get("job")]
    wanted = {id(thing) if not isinstance(thing, int) else thing for thing in mine if thing is not None}
    for frame in _frames(sys._current_frames().get(holder)):
        if not frame.f_code.co_filename.endswith(_WAITING):
            return  # code of the user's, which may wait for anything
        if any(id(thing) in wanted or getattr(thing, "_job", None) in wanted for thing in _held_by(frame)):
            raise DeadlockError(what, os.getpid(), os.getpid())


_POOLS = tuple(os.path.join(*parts) for parts in (("futures", "thread.py"), ("multiprocessing", "pool.py")))
_WAITING = (*_POOLS, os.path.join("futures", "_base.py"), "threading.py")


def _frames(frame: FrameType | None) -> Iterator[FrameType]:
    while frame is not None:
        yield frame
        frame = frame.f_back


def _held_by(frame: FrameType) -> Iterator[Any]:
    """Yield the local values of a function, and what is in those that are collections."""
    for value in list(frame.f_locals.values()):
        yield value
        if isinstance(value, (list, set, frozenset, tuple, dict)):
            yield from list(value)


def _ancestors() -> Iterator[int]:
    """Yield the processes above this one, as far up as Linux tells."""
    pid = os.getppid()
    while pid > 1:
        yield pid
        fields = _stat(pid)
        pid = int(fields[1]) if fields else 0


def _locks_of(pid: int) -> Iterator[tuple[int, int, float]]:
    """Yield inode, first and last byte of each lock that a process holds, as ``/proc/<pid>/fdinfo`` lists them."""
    try:
        files = list(Path(f"/proc/{pid}/fdinfo").iterdir())
    except OSError:  # of another user, or another system
        return
    for file in files:
        try:
            text = file.read_text(encoding="utf-8")
        except OSError:
            continue
        for line in text.splitlines():
            if line.startswith("lock:"):
                *_, place, first, last = line.split()
                yield int(place.rpartition(":")[2]), int(first), float("inf") if last == "EOF" else int(last)


def _cpu_seconds(pid: int) -> float:
    fields = _stat(pid)
    return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK") if fields else 0.0


def _stat(pid: int) -> list[str]:
    """Return the fields of ``/proc/<pid>/stat`` behind the name, the state first; none where there is no such file."""
    try:
        return Path(f"/proc/{pid}/stat").read_text(encoding="utf-8", errors="replace").rpartition(")")[2].split()
    except OSError:
        return []
