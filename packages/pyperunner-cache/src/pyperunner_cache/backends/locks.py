"""Locks: exclusive ones on a byte of a file. A store has one lock file, of which each key locks one byte.

A lock belongs to an open file (Linux: open file description, ``F_OFD_SETLK``), so that it keeps threads apart like
processes, on one machine and over a network, by whatever path the file was opened; and nobody who opens and closes the
same file drops it, as happens to the record locks of a process. One thing it would do that it must not: live on in
children that were forked meanwhile, when its holder dies. So these close their copies as the first thing they do.

Systems without such locks have record locks. There a table keeps the threads of a process apart, and a descriptor whose
closing would drop locks is closed together with the last of them.
"""

from __future__ import annotations

import contextlib
import errno
import os
import struct
import sys
import threading
import time
from types import TracebackType
from typing import TYPE_CHECKING

from pyperunner_cache.errors import LockTimeoutError
from pyperunner_cache.self_wait import watch_holder
from pyperunner_cache.system import CREATE_FLAGS

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from typing import TypeAlias

__all__ = ["FileLock", "LockableFile"]

_Identity: TypeAlias = "tuple[int, int]"
_HAS_OPEN_FILE_LOCKS = sys.platform == "linux" and hasattr(fcntl, "F_OFD_SETLK") and sys.maxsize > 1 << 32
_FLOCK = "hhqqi4x"  # struct flock of 64 bit Linux: type, whence, start, length, process
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.0005, 0.02

_open: set[LockableFile] = set()
"""Those of this process."""


class LockableFile:
    """An open file whose bytes can be locked; the locks end when it is closed, or with the process.

    Args:
        path: The file.
        flags: As of ``os.open``.
        mode: Of a file that is made.
    """

    def __init__(self, path: str, flags: int, mode: int = 0o600) -> None:
        self.fd = os.open(path, flags, mode)
        self._identity = _identity(self.fd)
        _open.add(self)

    def lock(self, byte: int = 0, *, wait: bool) -> bool:
        """Lock one byte; say whether it was free. Without ``wait`` it is said at once.

        Raises:
            OSError: The medium knows no locks.
        """
        if not _HAS_OPEN_FILE_LOCKS:
            return _without_open_file_locks(self.fd, self._identity, byte, wait)
        lock = struct.pack(_FLOCK, fcntl.F_WRLCK, os.SEEK_SET, byte, 1, 0)
        try:
            fcntl.fcntl(self.fd, fcntl.F_OFD_SETLKW if wait else fcntl.F_OFD_SETLK, lock)
        except (BlockingIOError, PermissionError):
            return False
        return True

    def close(self) -> None:
        """Give the locks back and close the file, unless somebody has, and uses the number for something else."""
        if self not in _open:
            return  # in a child that was forked meanwhile
        _open.discard(self)
        is_open = _is_open(self)
        if not _HAS_OPEN_FILE_LOCKS:
            _records.close(self.fd, self._identity, is_open)
        elif is_open:
            # Copies of the descriptor that are not ours to close, as C code makes them, must not keep it.
            with contextlib.suppress(OSError):
                fcntl.fcntl(self.fd, fcntl.F_OFD_SETLK, struct.pack(_FLOCK, fcntl.F_UNLCK, os.SEEK_SET, 0, 0, 0))
            os.close(self.fd)


def _is_open(file: LockableFile) -> bool:
    try:
        return _identity(file.fd) == file._identity
    except OSError:
        return False


def _close_copies() -> None:
    """In a forked child: close the copies of its parent's files, which frees nothing."""
    global _records
    for file in filter(_is_open, _open):
        os.close(file.fd)
    _open.clear()
    _records = _RecordLocks()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_close_copies)


class _RecordLocks:
    """What this process has locked where locks are a process's own."""

    def __init__(self) -> None:
        self._guard = threading.Lock()
        self._held: dict[_Identity, dict[int, set[int]]] = {}

    def lock(self, fd: int, identity: _Identity, byte: int) -> bool:
        """Lock one byte if it is free."""
        with self._guard:
            held = self._held.get(identity, {})
            if any(byte in found for found in held.values()):
                return False
            try:
                fcntl.lockf(fd, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, byte)
            except (BlockingIOError, PermissionError):
                return False
            self._held.setdefault(identity, {}).setdefault(fd, set()).add(byte)
            return True

    def close(self, fd: int, identity: _Identity, is_open: bool) -> None:
        """Unlock what a descriptor has locked; close it, if it is open, once nothing in the file is locked any more."""
        with self._guard:
            held = self._held.setdefault(identity, {})
            locked = held.pop(fd, ())
            if is_open:
                for byte in locked:
                    fcntl.lockf(fd, fcntl.LOCK_UN, 1, byte)
                held[fd] = set()
            if not any(held.values()):
                for closable in self._held.pop(identity):
                    os.close(closable)


_records = _RecordLocks()


def _without_open_file_locks(fd: int, identity: _Identity, byte: int, wait: bool) -> bool:
    pause = _SHORTEST_PAUSE
    while not (_lock_on_windows(fd, byte) if fcntl is None else _records.lock(fd, identity, byte)):
        if not wait:
            return False
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_PAUSE)
    return True


def _lock_on_windows(fd: int, byte: int) -> bool:
    import msvcrt

    os.lseek(fd, byte, os.SEEK_SET)
    try:
        msvcrt.locking(fd, msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
    except OSError:
        return False
    return True


def _identity(fd: int) -> _Identity:
    status = os.fstat(fd)
    return status.st_dev, status.st_ino


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
        self._file: LockableFile | None = None

    def __enter__(self) -> FileLock:
        end = None if self._timeout is None else time.monotonic() + self._timeout
        while True:
            file = self._open()
            try:
                self._acquire(file, end)
                if os.fstat(file.fd).st_nlink:
                    self._file = file
                    return self
            except BaseException:
                file.close()
                raise
            file.close()  # it was removed while we waited: who comes next would lock another one

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()

    def _open(self) -> LockableFile:
        flags = CREATE_FLAGS & ~os.O_EXCL
        try:
            return LockableFile(self._path, flags, self._mode)
        except OSError as error:
            if error.errno not in (errno.ELOOP, errno.EMLINK, errno.ENXIO):
                raise
        # Somebody planted a link or a socket: it goes, what a link points to is not touched.
        os.unlink(self._path)
        return LockableFile(self._path, flags, self._mode)

    def _acquire(self, file: LockableFile, end: float | None) -> None:
        if file.lock(self._byte, wait=False):
            return
        watch = watch_holder(self._what, file.fd, self._byte) if self._timeout != 0 else None
        pause = _SHORTEST_PAUSE
        while not file.lock(self._byte, wait=end is None and watch is None):
            if end is not None and time.monotonic() >= end:
                raise LockTimeoutError(self._what, self._path, self._timeout or 0.0)
            if watch is not None:
                watch.check()
            time.sleep(pause if end is None else min(pause, max(0.0, end - time.monotonic())))
            pause = min(pause * 2, _LONGEST_PAUSE)
