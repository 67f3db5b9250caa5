"""Size ledger: the total of bytes that a store's automatic limit looks at."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from pyperunner_cache.backends.locks import LockableFile
from pyperunner_cache.system import CREATE_FLAGS, pread

__all__ = ["Ledger"]

_RECORD = 24
_UNSURE = "?"


class Ledger:
    """The total of the bytes in a store, kept in a small file by all who put and remove entries, in any process.

    Counting a store's entries at every save would take longer than most saves. Whoever changes the store holds the
    ledger's lock meanwhile. A total whose keeper was killed before it was written down is counted anew.

    Args:
        path: The ledger's file.
        mode: Its mode.
        count: Counts the bytes of all entries.
    """

    __module__ = "pyperunner_cache._limit"  # as in keys made by 0.2.0

    def __init__(self, path: str, mode: int, count: Callable[[], int]) -> None:
        self._path, self._mode, self._count = path, mode, count

    def total(self, *, recount: bool = False) -> int:
        """Return the total; the first time, or for ``recount``, everything is counted.

        Raises:
            OSError: The medium refused.
        """
        self._make_way()
        file = LockableFile(self._path, CREATE_FLAGS & ~os.O_EXCL, self._mode)
        try:
            file.lock(wait=True)
            known = None if recount else _read(file.fd)
            return _write(file.fd, self._count()) if known is None else known
        finally:
            file.close()

    @contextmanager
    def changing(self, size_of_entry: Callable[[], int]) -> Iterator[None]:
        """Note by how much an entry grows or shrinks in the block, where the store has a ledger.

        Args:
            size_of_entry: Says how many bytes the entry takes now.
        """
        file = self._locked()
        if file is None:
            yield
            return
        try:
            known, before = _read(file.fd), size_of_entry()
            _write_text(file.fd, _UNSURE)
            try:
                yield
            finally:
                _write(file.fd, self._count() if known is None else known + size_of_entry() - before)
        finally:
            file.close()

    def _locked(self) -> LockableFile | None:
        """Return the ledger, locked; ``None`` where there is none, or none that can be kept."""
        try:
            file = LockableFile(self._path, CREATE_FLAGS & ~(os.O_CREAT | os.O_EXCL))
        except OSError:
            return None
        try:
            if stat.S_ISREG(os.fstat(file.fd).st_mode):
                file.lock(wait=True)
                return file
        except OSError:
            pass
        file.close()
        return None

    def _make_way(self) -> None:
        """Remove what somebody has planted in the ledger's place, such as a link or a pipe; a folder stays."""
        with suppress(FileNotFoundError):
            mode = os.lstat(self._path).st_mode
            if not stat.S_ISREG(mode) and not stat.S_ISDIR(mode):
                os.unlink(self._path)


def _read(fd: int) -> int | None:
    text = pread(fd, _RECORD, 0).strip()
    return int(text) if text.isdigit() else None


def _write(fd: int, total: int) -> int:
    _write_text(fd, str(max(0, total)))
    return total


def _write_text(fd: int, text: str) -> None:
    os.lseek(fd, 0, os.SEEK_SET)
    os.write(fd, text.encode().ljust(_RECORD))
