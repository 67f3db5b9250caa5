"""Memory backend: entries in this process's memory."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from pyperunner_cache.backends.names import split_key
from pyperunner_cache.entry.blobs import BytesBlob
from pyperunner_cache.errors import BadURLError, LockTimeoutError
from pyperunner_cache.ports import Blob, BlobInfo, Buffer
from pyperunner_cache.system import Guard

__all__ = ["MemoryBackend"]


class MemoryBackend:
    """Keeps entries for as long as it lives. A forked child would have its own copy, hence there is no ``spec``."""

    def __init__(self) -> None:
        self._entries: dict[str, _Entry] = {}
        self._used: dict[str, float] = {}
        self._locks: dict[str, _KeyLock] = {}
        self._guard = Guard()
        self._total = 0

    def __str__(self) -> str:
        return "memory://"

    @classmethod
    def from_url(cls, url: str, **options: Any) -> MemoryBackend:
        """Open a new, empty store."""
        if url != "memory://":
            raise BadURLError(url, "a store in memory has no name")
        return cls(**options)

    def spec(self) -> None:
        """Return ``None``: no other process can open it."""

    def missing(self, keys: Iterable[str]) -> set[str]:
        """Look the keys up."""
        return {key for key in keys if split_key(key) and key not in self._entries}

    def get(self, key: str) -> Blob:
        """Return the entry's bytes."""
        split_key(key)
        return self._entries[key]

    def peek(self, key: str) -> Blob:
        """Return the entry's bytes."""
        return self.get(key)

    def put(self, key: str, chunks: Iterable[Buffer], filename: str) -> int:
        """Join the chunks."""
        split_key(key)
        entry = _Entry(b"".join(chunks))
        with self._guard.lock:
            old = self._entries.get(key)
            self._entries[key], self._used[key] = entry, entry.modified
            self._total += entry.size - (old.size if old else 0)
        return entry.size

    def delete(self, key: str) -> bool:
        """Forget the entry."""
        split_key(key)
        with self._guard.lock:
            return self._forget(key)

    def remove(self, info: BlobInfo) -> bool:
        """Forget the entry if it is still the listed one."""
        with self._guard.lock:
            entry = self._entries.get(info.key)
            return entry is not None and entry.version == info.version and self._forget(info.key)

    def scan(self, name: str | None = None) -> Iterator[BlobInfo]:
        """List the entries."""
        for key, entry in list(self._entries.items()):
            if name is None or key.rpartition("/")[0] == name:
                yield BlobInfo(key, entry.size, entry.modified, self._used.get(key, entry.modified), entry.version)

    @contextmanager
    def lock(self, key: str, timeout: float | None = None) -> Iterator[None]:
        """Keep the threads of this process apart."""
        split_key(key)
        with self._guard.lock:
            lock = self._locks.setdefault(key, _KeyLock())
            lock.users += 1
        held = lock.guard.lock
        try:
            if not held.acquire(timeout=-1 if timeout is None else max(0.0, timeout)):
                raise LockTimeoutError(f"the lock of {key!r}", "memory://", timeout or 0.0)
            try:
                yield
            finally:
                held.release()
        finally:
            with self._guard.lock:
                lock.users -= 1
                if not lock.users:
                    del self._locks[key]

    def touch(self, key: str, blob: Blob) -> None:
        """Note the time."""
        with self._guard.lock:
            if key in self._entries:
                self._used[key] = time.time()

    def tally(self, *, recount: bool = False) -> int:
        """Return the total, which is always exact here."""
        return self._total

    def close(self) -> None:
        """Do nothing: the entries live as long as the backend."""

    def _forget(self, key: str) -> bool:
        entry = self._entries.pop(key, None)
        self._used.pop(key, None)
        if entry is not None:
            self._total -= entry.size
        return entry is not None


_versions = itertools.count()


class _Entry(BytesBlob):
    def __init__(self, data: bytes) -> None:
        super().__init__(data, time.time())
        self.version = next(_versions)


class _KeyLock:
    """The lock of a key, kept for as long as somebody holds it or waits for it."""

    def __init__(self) -> None:
        self.guard = Guard()
        self.users = 0
