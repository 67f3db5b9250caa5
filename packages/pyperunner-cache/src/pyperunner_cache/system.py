"""System: files, cores and memory; the one place that knows what an operating system lacks."""

from __future__ import annotations

import errno
import mmap
import os
import stat
import sys
import threading
import weakref
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyperunner_cache.ports import Buffer

__all__ = [
    "CREATE_FLAGS",
    "READ_FLAGS",
    "Guard",
    "allocate",
    "machine_memory",
    "other_writers",
    "others_move",
    "pread",
    "preadv",
    "reserve",
    "usable_cores",
    "write_all",
]

_COMMON = getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_BINARY", 0)
READ_FLAGS = os.O_RDONLY | getattr(os, "O_NONBLOCK", 0) | _COMMON
"""Non-blocking, lest a planted named pipe stop the reader for ever; it changes nothing for regular files."""
CREATE_FLAGS = os.O_RDWR | os.O_CREAT | os.O_EXCL | _COMMON
_IOV_MAX = 1024
_MAPPED_FROM = 1 << 20


class Guard:
    """A lock between threads that is new in every forked child, where nobody holds what a thread of the parent held.

    Args:
        make: Makes the lock.

    Attributes:
        lock: To be entered.
    """

    def __init__(self, make: Callable[[], Any] = threading.Lock) -> None:
        self._make = make
        self.lock: threading.Lock = make()
        _guards.add(self)

    def renew(self) -> None:
        """Make it new: this is a child that was just forked."""
        self.lock = self._make()


def _renew_all() -> None:
    for guard in list(_guards):
        guard.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)

_guards: weakref.WeakSet[Guard] = weakref.WeakSet()
_SEEK_GUARD = Guard()


def write_all(fd: int, chunks: Sequence[Buffer]) -> int:
    """Write ``chunks`` one after the other, in as few calls as the system allows; return the number of bytes."""
    total = 0
    if not hasattr(os, "writev"):
        for chunk in chunks:
            view = memoryview(chunk).cast("B")
            while view:
                view = view[os.write(fd, view) :]
            total += len(chunk)
        return total
    for start in range(0, len(chunks), _IOV_MAX):
        batch = chunks[start : start + _IOV_MAX]
        wanted = sum(map(len, batch))
        total += wanted
        done = os.writev(fd, batch)
        while done < wanted:
            batch = _after(batch, done)
            wanted -= done
            done = os.writev(fd, batch)
    return total


def reserve(fd: int, offset: int, size: int) -> None:
    """Ask for room on the disk, so that a full one is noticed before the writing; a medium that cannot is no error."""
    if hasattr(os, "posix_fallocate"):
        try:
            os.posix_fallocate(fd, offset, size)
        except OSError as error:
            if error.errno in (errno.ENOSPC, errno.EDQUOT, errno.EFBIG):
                raise


def pread(fd: int, size: int, offset: int) -> bytes:
    """Return exactly ``size`` bytes from ``offset``, fewer only at the end of the file."""
    data = _pread(fd, size, offset)
    if len(data) == size or not data:
        return data
    pieces, got = [data], len(data)
    while got < size and (data := _pread(fd, size - got, offset + got)):
        pieces.append(data)
        got += len(data)
    return b"".join(pieces)


def preadv(fd: int, targets: Sequence[memoryview], offset: int) -> int:
    """Fill ``targets`` from ``offset``; return the number of bytes, fewer than asked only at the end of the file."""
    start = offset
    if not hasattr(os, "preadv"):
        for target in targets:
            data = pread(fd, target.nbytes, offset)
            target[: len(data)] = data
            offset += len(data)
        return offset - start
    for first in range(0, len(targets), _IOV_MAX):
        batch: Sequence[Buffer] = targets[first : first + _IOV_MAX]
        wanted = sum(map(len, batch))
        while wanted:
            count = os.preadv(fd, batch, offset)
            if not count:
                return offset - start
            offset += count
            wanted -= count
            if wanted:
                batch = _after(batch, count)
    return offset - start


def other_writers(status: os.stat_result) -> str | None:
    """Say who but this user, and root, who may do anything, may write a file, as a clause; ``None`` for nobody.

    A medium without owners or modes, such as a USB stick, shows everybody's right to execute on every file. Nobody
    gives that to an entry; there is nothing to be learned from it.
    """
    if not hasattr(os, "geteuid"):
        return None
    if status.st_uid not in (os.geteuid(), 0):
        return f"it belongs to user {status.st_uid}"
    if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_IXUSR:
        return f"others may write to it (mode {stat.S_IMODE(status.st_mode):o})"
    return None


def others_move(path: str) -> bool:
    """Say whether anyone but this user and root may put another file in the place of ``path``, by any folder above it.

    In a sticky folder only who owns a file may.
    """
    if not hasattr(os, "geteuid"):
        return False
    folder = os.path.realpath(os.path.dirname(path))
    while True:
        try:
            status = os.stat(folder)
        except OSError:
            return True
        open_to_all = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX
        if open_to_all or status.st_uid not in (os.geteuid(), 0):
            return True
        above = os.path.dirname(folder)
        if above == folder:
            return False
        folder = above


def allocate(size: int) -> bytearray | mmap.mmap:
    """Return ``size`` writable bytes.

    A large ``bytearray`` would be filled with zeros first, which costs as much as decoding stored data into it; fresh
    anonymous pages do not, and the huge ones that the kernel is asked for save most of the page faults.
    """
    if size < _MAPPED_FROM or sys.platform == "win32":
        return bytearray(size)
    memory = mmap.mmap(-1, size, flags=mmap.MAP_PRIVATE | mmap.MAP_ANONYMOUS)
    if hasattr(mmap, "MADV_HUGEPAGE"):
        try:
            memory.madvise(mmap.MADV_HUGEPAGE)
        except OSError:
            pass  # a kernel without huge pages
    return memory


def usable_cores() -> int:
    """Return the number of cores this process may run on."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine_memory() -> int:
    """Return the machine's memory in bytes, a terabyte where it does not say."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 1 << 40


def _after(batch: Sequence[Buffer], done: int) -> list[Buffer]:
    """Return what is left of ``batch`` after its first ``done`` bytes."""
    for at, chunk in enumerate(batch):
        if done < len(chunk):
            return [memoryview(chunk)[done:], *batch[at + 1 :]]
        done -= len(chunk)
    return []


def _seek_and_read(fd: int, size: int, offset: int) -> bytes:
    with _SEEK_GUARD.lock:
        os.lseek(fd, offset, os.SEEK_SET)
        return os.read(fd, size)


_pread: Callable[[int, int, int], bytes] = getattr(os, "pread", _seek_and_read)
