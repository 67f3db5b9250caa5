"""Size ledger: the running total of bytes that a store's automatic limit looks at."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pyperunner_cache.system import CREATE_FLAGS, Guard, lock_descriptor, pread

if TYPE_CHECKING:
    from collections.abc import Callable

__all__ = ["Ledger"]

_RECORD = 24


class Ledger:
    """A running total of the bytes in a store, kept in a small file that all its writers add to.

    Counting a store's entries at every save would take longer than most saves. The total may drift, when a writer is
    killed between entry and ledger; each collection sets it right.

    Args:
        path: The ledger's file.
        mode: Its mode.
    """

    __module__ = "pyperunner_cache._limit"  # as in keys made by 0.2.0

    def __init__(self, path: str, mode: int) -> None:
        self._path, self._mode = path, mode
        self._guard = Guard()

    def add(self, size: int, count: Callable[[], int]) -> int:
        """Add ``size`` bytes and return the total; ``count`` counts afresh where there is no ledger yet."""
        return self._update(lambda total: count() if total is None else total + size)

    def set(self, total: int) -> None:
        """Note the true total."""
        self._update(lambda _: total)

    def _update(self, change: Callable[[int | None], int]) -> int:
        with self._guard.lock:
            fd = os.open(self._path, CREATE_FLAGS & ~os.O_EXCL, self._mode)
            try:
                lock_descriptor(fd, wait=True)
                text = pread(fd, _RECORD, 0).strip()
                total = change(int(text) if text.isdigit() else None)
                os.lseek(fd, 0, os.SEEK_SET)
                os.write(fd, str(max(0, total)).encode().ljust(_RECORD))
                return total
            finally:
                os.close(fd)
