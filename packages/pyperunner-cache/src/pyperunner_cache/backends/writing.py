"""Writing: a file is written so that its name leads to all of it or to what was there before.

The temporary file lies in the same folder and is locked by its writer for as long as it writes; the lock ends with the
writer. A sweep takes whatever it can lock; who finds its own file swept away in the moment between creating and locking
it starts afresh.

A *seal* says what is in a folder to who looks at the folder alone: the folder's modification time is that of the file
that was saved last, its access time has the same nanoseconds and, as its seconds, 2**32 and the bytes of that file.
Whatever is made, renamed or removed in a folder changes its modification time, so that a seal which holds says that
nothing was. Reading the folder leaves an access time alone that lies ahead (``relatime``, the default of Linux). With
2**33 in the place of 2**32 it says, too, that the entry is *plain*: it holds nothing that some would refuse to load.
"""

from __future__ import annotations

import contextlib
import os
import stat
import time
from collections.abc import Iterable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

from pyperunner_cache.backends.locks import LockableFile
from pyperunner_cache.system import CREATE_FLAGS, reserve, write_all

if TYPE_CHECKING:
    from pyperunner_cache.ports import Buffer

__all__ = ["TEMPORARY", "Counted", "is_plain", "make_folder", "sealed_size", "sweep_file", "write_atomically"]

TEMPORARY = ".tmp-"
_BATCH = 8 << 20
_RESERVE_FROM = 32 << 20
"""Blocks reserved at once cost a fifth less than blocks found one by one, from about this many bytes on."""
_SECOND = 1_000_000_000
_AHEAD = 1 << 32
_FOLDER_ATTEMPTS = 20
"""A sweep may take an empty folder as soon as it is made, and one that is in the way before it can be looked at."""


class Counted:
    """Passes chunks on and counts their bytes, for the error when the medium fails in between.

    Args:
        chunks: The bytes.
    """

    def __init__(self, chunks: Iterable[Buffer]) -> None:
        self._chunks, self.size = chunks, 0

    def __iter__(self) -> Iterator[Buffer]:
        for chunk in self._chunks:
            self.size += len(chunk)
            yield chunk


def write_atomically(
    folder: str,
    name: str,
    chunks: Iterable[Buffer],
    *,
    file_mode: int,
    folder_mode: int,
    durable: bool,
    replacing: AbstractContextManager[object] | None = None,
    plain: bool = False,
) -> bool:
    """Write ``chunks`` to ``folder/name``; say whether the folder was made for it.

    Args:
        folder: Made where it is missing.
        name: The file's final name.
        chunks: The content.
        file_mode: The file's mode.
        folder_mode: The mode of folders made on the way.
        durable: Whether content and name are on the disk when this returns.
        replacing: Entered around the moment in which the file gets its name.
        plain: Whether the seal says so.

    Raises:
        OSError: The medium failed. What was there before is still there, and nothing else.
    """
    path, file, made = _create(folder, name, file_mode, folder_mode)
    target = f"{folder}{os.sep}{name}"
    try:
        try:
            _write(file.fd, chunks)
            _set_time(file.fd)
            if durable:
                os.fsync(file.fd)
            with replacing or nullcontext():
                os.replace(path, target)
            _seal(folder, target, os.fstat(file.fd), plain)
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(path)
            raise
    finally:
        # Only now: the lock ends with the descriptor, and until here the file was a temporary one.
        file.close()
    if durable:
        _sync_folder(folder)
    return made


def sweep_file(path: str, *, dry_run: bool) -> int | None:
    """Remove a temporary file whose writer is gone; return its bytes, ``None`` where the writer lives."""
    try:
        file = LockableFile(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
    except FileNotFoundError:
        return None
    except OSError:
        return _remove_planted(path, dry_run)
    try:
        if not file.lock(wait=False):
            return None
        size = os.fstat(file.fd).st_size
        if not dry_run:
            os.unlink(path)
        return size
    except OSError:  # it is gone, or the medium has no locks, and nobody knows whose file it is
        return None
    finally:
        file.close()


def _remove_planted(path: str, dry_run: bool) -> int | None:
    """Remove what bears a temporary file's name and is none, such as a link; what it points to stays."""
    try:
        mode = os.lstat(path).st_mode
    except FileNotFoundError:
        return None
    if stat.S_ISREG(mode) or stat.S_ISDIR(mode):
        return None
    if not dry_run:
        os.unlink(path)
    return 0


def _create(folder: str, name: str, file_mode: int, folder_mode: int) -> tuple[str, LockableFile, bool]:
    made = False
    while True:
        path = f"{folder}{os.sep}{TEMPORARY}{os.urandom(8).hex()}-{name}"
        try:
            file = LockableFile(path, CREATE_FLAGS, file_mode)
        except FileNotFoundError:
            made = make_folder(folder, folder_mode) or made
            continue  # and again, should somebody remove the empty folder in between
        try:
            if file.lock(wait=False) and os.fstat(file.fd).st_nlink:
                return path, file, made
        except OSError:
            return path, file, made  # a medium without locks: no sweep can take any there either
        file.close()


def _set_time(fd: int) -> None:
    """Give a file a time of its own: the kernel's may be that of a file written a few milliseconds before."""
    if os.utime in os.supports_fd:
        now = time.time_ns()
        os.utime(fd, ns=(now, now))


def _seal(folder: str, path: str, status: os.stat_result, plain: bool = False) -> None:
    mark = status.st_mtime_ns % _SECOND
    if not mark or status.st_size >= _AHEAD:
        return  # one has to look
    try:
        seconds = _AHEAD * (1 + plain) + status.st_size
        os.utime(folder, ns=(seconds * _SECOND + mark, status.st_mtime_ns))
        if not os.path.samestat(os.lstat(path), status):
            os.utime(folder)  # somebody has saved another file since, and may have sealed the folder before us
    except OSError:
        pass


def sealed_size(status: os.stat_result) -> int | None:
    """Return the bytes of the one file in a folder, ``None`` if its times do not say it.

    Args:
        status: Of the folder.
    """
    seconds, mark = divmod(status.st_atime_ns, _SECOND)
    sealed = seconds >= _AHEAD and mark == status.st_mtime_ns % _SECOND
    return seconds % _AHEAD if sealed else None


def is_plain(status: os.stat_result) -> bool:
    """Say whether the times of a folder say that the one entry in it is plain."""
    return status.st_atime_ns >= 2 * _AHEAD * _SECOND and sealed_size(status) is not None


def make_folder(folder: str, mode: int) -> bool:
    """Make ``folder`` and what is missing above it, each with ``mode``; say whether it was missing."""
    for attempt in range(_FOLDER_ATTEMPTS):
        last = attempt == _FOLDER_ATTEMPTS - 1
        try:
            os.mkdir(folder, mode)
            if not os.access(folder, os.W_OK | os.X_OK):  # the umask takes the owner's own rights away
                os.chmod(folder, os.stat(folder).st_mode | stat.S_IRWXU)
            return True
        except FileExistsError:
            if os.path.isdir(folder):
                return False
            if last:
                raise
        except FileNotFoundError:
            if last:
                raise
            make_folder(os.path.dirname(folder), mode)
    return False


def _write(fd: int, chunks: Iterable[Buffer]) -> None:
    """Write in batches: a small entry takes one call, a large one never waits in memory."""
    written = waiting = 0
    batch: list[Buffer] = []
    for chunk in chunks:
        batch.append(chunk)
        waiting += len(chunk)
        if waiting >= _BATCH or len(batch) >= 512:
            if waiting >= _RESERVE_FROM:
                reserve(fd, written, waiting)
            written += write_all(fd, batch)
            batch, waiting = [], 0
    write_all(fd, batch)


def _sync_folder(folder: str) -> None:
    fd = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
