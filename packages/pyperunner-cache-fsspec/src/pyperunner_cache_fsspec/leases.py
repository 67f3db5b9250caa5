"""Leases: exclusive locks on object stores, made of objects that are written on condition that there is none.

The lock of a key is a folder of *terms*: ``<root>/.locks/<digest>/<number>``. Who can make the next term holds the
lock; a conditional write lets only one. The holder writes its term anew from time to time. Who waits and sees a term
that has not changed for the length of a lease, by a clock of its own that is compared with no other, makes the next
one: two hosts never take each other for dead because their clocks differ.

A holder that was stopped for longer than that can wake up beside the next one. Both then make the same entry, which
costs time and nothing else.
"""

from __future__ import annotations

import contextlib
import os
import posixpath
import threading
import time
import warnings
from types import TracebackType
from typing import Any

from pyperunner_cache import CacheWarning, LockTimeoutError
from pyperunner_cache.backends import key_digest
from pyperunner_cache_fsspec.file_system import FileSystem, translating

__all__ = ["Lease"]

_LOCKS = ".locks"
_SHORTEST_PAUSE, _LONGEST_PAUSE = 0.05, 1.0

_checked: set[str] = set()
"""The places of which this process knows whether they take notice of conditions."""


class Lease:
    """A context manager that holds the lock of a key.

    Args:
        system: Where the terms lie.
        key: What is locked.
        timeout: Seconds to wait at most; ``None`` waits for ever.
        seconds: Without a sign of life for so long, a holder counts as dead.
    """

    def __init__(self, system: FileSystem, key: str, timeout: float | None, seconds: float) -> None:
        self._system, self._key, self._timeout, self._seconds = system, key, timeout, seconds
        self._mine = os.urandom(16)
        self._term = ""
        self._holder = 0
        self._done = threading.Event()
        self._writing = threading.Lock()

    def __enter__(self) -> Lease:
        with translating("lock", self._key, self._system.url):
            self._term = self._acquire()
        self._holder = os.getpid()
        threading.Thread(target=self._renew, name="pyperunner lease", daemon=True).start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._holder != os.getpid():
            return  # a child that was forked inside the block leaves it: the lock is its parent's
        self._done.set()
        # A lease that can't be given back runs out by itself.
        with self._writing, contextlib.suppress(Exception):
            if self._is_mine():
                self._system.remove(self._term)

    def _acquire(self) -> str:
        folder = f"{self._system.root}/{_LOCKS}/{key_digest(self._key)}"
        begin = time.monotonic()
        seen: object = None
        since, pause = begin, _SHORTEST_PAUSE
        while True:
            terms = {posixpath.basename(path): info for path, info in self._system.find(folder).items()}
            last = max((name for name in terms if name.isdigit()), default="")
            state = (last, _fingerprint(terms.get(last, {})))
            if state != seen:
                seen, since = state, time.monotonic()
            if not last or time.monotonic() - since > self._seconds:
                term = f"{folder}/{int(last or 0) + 1:012d}"
                if self._system.create(term, self._mine):
                    self._check_conditions(term)
                    for old in terms:
                        self._system.remove(f"{folder}/{old}")
                    return term
            if self._timeout is not None and time.monotonic() - begin >= self._timeout:
                raise LockTimeoutError(f"the lock of {self._key!r}", self._system.url, self._timeout)
            time.sleep(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _check_conditions(self, term: str) -> None:
        """Warn where the server takes no notice of conditions, as some that speak the protocol of S3 do."""
        if self._system.url not in _checked and self._system.create(term, self._mine):
            warnings.warn(
                f"{self._system.url} knows no conditional writes, so there are no locks (single flight is off): "
                "two that make the same entry at once both make it",
                CacheWarning,
                stacklevel=2,
            )
        _checked.add(self._system.url)

    def _renew(self) -> None:
        # The content has to change, or its ETag would not.
        beat = 0
        while not self._done.wait(self._seconds / 3):
            beat += 1
            # What fails succeeds the next time, or somebody takes the lock over.
            with self._writing, contextlib.suppress(Exception):
                if self._done.is_set() or not self._is_mine():
                    return
                self._system.fs.pipe_file(self._term, self._mine + beat.to_bytes(8, "big"))

    def _is_mine(self) -> bool:
        try:
            return bool(self._system.fs.cat_file(self._term)[: len(self._mine)] == self._mine)
        except FileNotFoundError:
            return False


def _fingerprint(info: dict[str, Any]) -> tuple[str, ...]:
    return tuple(
        str(info.get(name)) for name in ("ETag", "etag", "generation", "LastModified", "last_modified", "updated")
    )
