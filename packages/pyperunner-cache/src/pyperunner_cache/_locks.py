"""Locks that belong to a process.

POSIX record locks (``fcntl.lockf``) are owned by the process: a forked child does not inherit them, and the kernel
frees them when the owner dies, even while its children live on with copies of the descriptor; an ``flock`` would stay
held by those copies. Their two traps are dealt with here. Closing *any* descriptor of the file drops the lock, so a
process opens a lock file only once, under a lock of its own threads that is looked up in one table. And they do not
keep threads of one process apart; that same lock does.

A lock file is removed by its holder while it holds it. Who was waiting for it then finds that the name no longer leads
to the file it has locked, and begins again.
"""

from __future__ import annotations

import errno
import os
import threading
import time
from types import TracebackType

from ._errors import LockTimeoutError
from ._files import CREATE_FLAGS, lock_descriptor

__all__ = ["FileLock"]


class _Table:
    """The lock files that this process holds or waits for, by path."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.guard = threading.Lock()
        self.users: dict[str, tuple[threading.Lock, int]] = {}


_table = _Table()


def _own_table() -> _Table:
    """Return this process's table; a forked child starts with an empty one, whatever its parent's threads held."""
    global _table
    if _table.pid != os.getpid():
        _table = _Table()
    return _table


class FileLock:
    """A context manager that holds an exclusive lock on a file.

    Args:
        path: The lock file; its folder exists.
        what: What is locked, for the error.
        timeout: Seconds to wait at most; ``None`` waits for ever.
        mode: The file's mode.
    """

    def __init__(self, path: str, what: str, timeout: float | None = None, mode: int = 0o600) -> None:
        self._path, self._what, self._timeout, self._mode = os.path.abspath(path), what, timeout, mode
        self._fd = -1
        self._pid = 0
        self._threads: threading.Lock | None = None

    def __enter__(self) -> FileLock:
        end = None if self._timeout is None else time.monotonic() + self._timeout
        table = _own_table()
        with table.guard:
            lock, users = table.users.get(self._path, (threading.Lock(), 0))
            table.users[self._path] = lock, users + 1
        if not lock.acquire(timeout=-1 if self._timeout is None else max(0.0, self._timeout)):
            self._leave_table(table)
            raise self._too_late()
        self._threads = lock
        try:
            while not self._try(end):
                pass
        except BaseException:
            lock.release()
            self._leave_table(table)
            raise
        self._pid = os.getpid()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._pid != os.getpid():
            # A child that was forked inside the block leaves it: the lock is the parent's. Closing is harmless here.
            os.close(self._fd)
            return
        try:
            os.unlink(self._path)
        except OSError:
            pass  # swept already, or the folder has become read-only; the lock is freed by closing
        os.close(self._fd)
        self._fd = -1
        if self._threads is not None:
            self._threads.release()
        self._leave_table(_own_table())

    def _try(self, end: float | None) -> bool:
        """Lock the file that the path leads to; say whether it still does once it is locked."""
        fd = self._open()
        try:
            self._acquire(fd, end)
            held = os.fstat(fd)
            try:
                named = os.lstat(self._path)
            except FileNotFoundError:
                named = None
            if named is not None and (named.st_dev, named.st_ino) == (held.st_dev, held.st_ino):
                self._fd, fd = fd, -1
                return True
            return False
        finally:
            if fd >= 0:
                os.close(fd)

    def _open(self) -> int:
        try:
            return os.open(self._path, CREATE_FLAGS & ~os.O_EXCL, self._mode)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.EMLINK):
                raise
        # Somebody planted a link: it goes, what it points to is not touched.
        os.unlink(self._path)
        return os.open(self._path, CREATE_FLAGS & ~os.O_EXCL, self._mode)

    def _acquire(self, fd: int, end: float | None) -> None:
        pause = 0.0005
        while True:
            try:
                if lock_descriptor(fd, wait=end is None):
                    return
            except OSError as error:
                # The kernel sees a cycle of waiting processes; with several threads each that need not be a deadlock.
                if error.errno != errno.EDEADLK:
                    raise
            if end is not None and time.monotonic() >= end:
                raise self._too_late()
            time.sleep(pause if end is None else min(pause, max(0.0, end - time.monotonic())))
            pause = min(pause * 2, 0.02)

    def _leave_table(self, table: _Table) -> None:
        with table.guard:
            lock, users = table.users[self._path]
            if users == 1:
                del table.users[self._path]
            else:
                table.users[self._path] = lock, users - 1

    def _too_late(self) -> LockTimeoutError:
        return LockTimeoutError(self._what, self._path, self._timeout or 0.0)
