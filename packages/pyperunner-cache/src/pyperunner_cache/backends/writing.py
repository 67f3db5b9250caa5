"""Writing: a file is written so that its name leads to all of it or to what was there before.

The temporary file lies in the same folder and is locked by its writer for as long as it writes. The lock is a record
lock: it dies with the process. A sweep takes whatever it can lock; who finds its own file swept away in the moment
between creating and locking it starts afresh.
"""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING

from pyperunner_cache.system import CREATE_FLAGS, Guard, lock_descriptor, reserve, write_all

if TYPE_CHECKING:
    from pyperunner_cache.ports import Buffer

__all__ = ["TEMPORARY", "Counted", "make_folder", "sweep_file", "write_atomically"]

TEMPORARY = ".tmp-"
_BATCH = 8 << 20
_RESERVE_FROM = 32 << 20
"""Blocks reserved at once cost a fifth less than blocks found one by one, from about this many bytes on."""
_FOLDER_ATTEMPTS = 20
"""A sweep may take an empty folder as soon as it is made, and one that is in the way before it can be looked at."""

_writing: set[str] = set()
_guard = Guard()
_owner = 0


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
    folder: str, name: str, chunks: Iterable[Buffer], *, file_mode: int, folder_mode: int, durable: bool
) -> bool:
    """Write ``chunks`` to ``folder/name``; say whether the folder was made for it.

    Args:
        folder: Made where it is missing.
        name: The file's final name.
        chunks: The content.
        file_mode: The file's mode.
        folder_mode: The mode of folders made on the way.
        durable: Whether content and name are on the disk when this returns.

    Raises:
        OSError: The medium failed. What was there before is still there, and nothing else.
    """
    path, fd, made = _create(folder, name, file_mode, folder_mode)
    try:
        try:
            _write(fd, chunks)
            if durable:
                os.fsync(fd)
            os.replace(path, os.path.join(folder, name))
        except BaseException:
            with contextlib.suppress(OSError):
                os.unlink(path)
            raise
    finally:
        # Only now: the lock ends with the descriptor, and until here the file was a temporary one.
        try:
            os.close(fd)
        finally:
            _writing.discard(path)
    if durable:
        _sync_folder(folder)
    return made


def sweep_file(path: str, *, dry_run: bool) -> int | None:
    """Remove a temporary file whose writer is gone; return its bytes, ``None`` where the writer lives."""
    with _guard.lock:
        if path in _own_set():
            return None
        try:
            fd = os.open(path, os.O_RDWR | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_CLOEXEC", 0))
        except FileNotFoundError:
            return None
        except OSError:
            return _remove_planted(path, dry_run)
        try:
            if not lock_descriptor(fd, wait=False):
                return None
            size = os.fstat(fd).st_size
            if not dry_run:
                os.unlink(path)
            return size
        except OSError:  # it is gone, or the medium has no locks, and nobody knows whose file it is
            return None
        finally:
            os.close(fd)


def _remove_planted(path: str, dry_run: bool) -> int | None:
    """Remove what bears a temporary file's name and is none, such as a link; what it points to stays."""
    if not os.path.islink(path):
        return None
    if not dry_run:
        os.unlink(path)
    return 0


def _own_set() -> set[str]:
    global _owner
    if _owner != os.getpid():
        _writing.clear()
        _owner = os.getpid()
    return _writing


def _create(folder: str, name: str, file_mode: int, folder_mode: int) -> tuple[str, int, bool]:
    made = False
    while True:
        path = os.path.join(folder, f"{TEMPORARY}{os.urandom(8).hex()}-{name}")
        with _guard.lock:
            _own_set().add(path)
        try:
            fd = os.open(path, CREATE_FLAGS, file_mode)
        except FileNotFoundError:
            _writing.discard(path)
            made = make_folder(folder, folder_mode) or made
            continue  # and again, should somebody remove the empty folder in between
        except BaseException:
            _writing.discard(path)
            raise
        try:
            locked = lock_descriptor(fd, wait=False)
            if locked and os.fstat(fd).st_nlink:
                return path, fd, made
        except OSError:
            return path, fd, made  # a medium without locks: no sweep can take any there either
        os.close(fd)
        _writing.discard(path)


def make_folder(folder: str, mode: int) -> bool:
    """Make ``folder`` and what is missing above it, each with ``mode``; say whether it was missing."""
    for attempt in range(_FOLDER_ATTEMPTS):
        last = attempt == _FOLDER_ATTEMPTS - 1
        try:
            os.mkdir(folder, mode)
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
