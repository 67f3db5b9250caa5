"""Locks: exclusive ones that belong to a process.

POSIX record locks (``fcntl.lockf``) are owned by the process: a forked child does not inherit them, and the kernel
frees them when the owner dies, even while its children live on with copies of the descriptor; an ``flock`` would stay
held by those copies. A store has one lock file, of which each key locks one byte: no file is made or removed per lock.

Their two traps are dealt with here. Closing *any* descriptor of the file drops all locks of the process on it, so a
process opens it once, for as long as it holds or waits for any of its bytes. And they do not keep threads of one
process apart, so there is a thread lock for each byte as well. Both are kept in one table per process.
"""

from __future__ import annotations

import contextlib
import errno
import os
import threading
import time
from types import TracebackType

from pyperunner_cache.errors import LockTimeoutError
from pyperunner_cache.system import CREATE_FLAGS, lock_descriptor, unlock_descriptor

__all__ = ["FileLock"]


class _File:
    """A lock file that this process has open."""

    def __init__(self, fd: int) -> None:
        self.fd = fd
        status = os.fstat(fd)
        self.identity = status.st_dev, status.st_ino

    def close(self) -> None:
        """Close the descriptor, unless somebody has done so already and uses the number for something else."""
        with contextlib.suppress(OSError):
            status = os.fstat(self.fd)
            if (status.st_dev, status.st_ino) == self.identity:
                os.close(self.fd)


class _Table:
    """What this process holds or waits for: open lock files by path, thread locks by path and byte."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.guard = threading.Lock()
        self.files: dict[str, _File] = {}
        self.threads: dict[tuple[str, int], tuple[threading.Lock, int]] = {}


_table = _Table()


def _own_table() -> _Table:
    """Return this process's table.

    A forked child starts with an empty one, whatever its parent's threads held, and closes the parent's lock files
    before it opens any: closing them later would drop its own locks.
    """
    global _table
    if _table.pid != os.getpid():
        inherited, _table = _table, _Table()
        for file in inherited.files.values():
            file.close()
    return _table


class FileLock:
    """A context manager that holds an exclusive lock on one byte of a file.

    Args:
        path: The lock file; its folder exists.
        byte: Which byte, from 0 to 2**62.
        what: What is locked, for the error.
        timeout: Seconds to wait at most; ``None`` waits for ever.
        mode: The file's mode when it is made.
    """

    def __init__(self, path: str, byte: int, what: str, timeout: float | None = None, mode: int = 0o600) -> None:
        self._path, self._byte, self._what, self._timeout, self._mode = path, byte, what, timeout, mode
        self._held = 0

    def __enter__(self) -> FileLock:
        end = None if self._timeout is None else time.monotonic() + self._timeout
        table = _own_table()
        lock = self._join(table)
        try:
            if not lock.acquire(timeout=-1 if self._timeout is None else max(0.0, self._timeout)):
                raise self._too_late()
            try:
                self._acquire(self._open(table), end)
            except BaseException:
                lock.release()
                raise
        except BaseException:
            self._leave(table)
            raise
        self._held = table.pid
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        table = _own_table()
        if self._held != table.pid:
            return  # a child that was forked inside the block leaves it: the lock is its parent's
        with contextlib.suppress(OSError, KeyError):  # the task has closed all descriptors, and with them the lock
            unlock_descriptor(table.files[self._path].fd, self._byte)
        table.threads[self._path, self._byte][0].release()
        self._leave(table)

    def _join(self, table: _Table) -> threading.Lock:
        with table.guard:
            lock, users = table.threads.get((self._path, self._byte), (None, 0))
            lock = lock or threading.Lock()
            table.threads[self._path, self._byte] = lock, users + 1
        return lock

    def _leave(self, table: _Table) -> None:
        with table.guard:
            lock, users = table.threads[self._path, self._byte]
            if users > 1:
                table.threads[self._path, self._byte] = lock, users - 1
                return
            del table.threads[self._path, self._byte]
            if not any(path == self._path for path, _ in table.threads) and self._path in table.files:
                table.files.pop(self._path).close()

    def _open(self, table: _Table) -> int:
        with table.guard:
            if self._path not in table.files:
                table.files[self._path] = _File(self._open_file())
            return table.files[self._path].fd

    def _open_file(self) -> int:
        flags = CREATE_FLAGS & ~os.O_EXCL
        try:
            return os.open(self._path, flags, self._mode)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.EMLINK):
                raise
        # Somebody planted a link: it goes, what it points to is not touched.
        os.unlink(self._path)
        return os.open(self._path, flags, self._mode)

    def _acquire(self, fd: int, end: float | None) -> None:
        pause = 0.0005
        while True:
            try:
                if lock_descriptor(fd, wait=end is None, byte=self._byte):
                    return
            except OSError as error:
                # The kernel sees a cycle of waiting processes; with several threads each that need not be a deadlock.
                if error.errno != errno.EDEADLK:
                    raise
            if end is not None and time.monotonic() >= end:
                raise self._too_late()
            time.sleep(pause if end is None else min(pause, max(0.0, end - time.monotonic())))
            pause = min(pause * 2, 0.02)

    def _too_late(self) -> LockTimeoutError:
        return LockTimeoutError(self._what, self._path, self._timeout or 0.0)
