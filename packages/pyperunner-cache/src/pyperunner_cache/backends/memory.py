"""Memory backend: entries in this process's memory."""

from __future__ import annotations

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
        self._entries: dict[str, BytesBlob] = {}
        self._used: dict[str, float] = {}
        self._locks: dict[str, Guard] = {}
        self._guard = Guard()

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

    def put(self, key: str, chunks: Iterable[Buffer], filename: str) -> int:
        """Join the chunks."""
        split_key(key)
        blob = BytesBlob(b"".join(chunks), time.time())
        with self._guard.lock:
            self._entries[key], self._used[key] = blob, blob.modified
        return blob.size

    def delete(self, key: str) -> bool:
        """Forget the entry."""
        split_key(key)
        return self._entries.pop(key, None) is not None

    def remove(self, info: BlobInfo) -> bool:
        """Forget the entry if it is still the listed one."""
        with self._guard.lock:
            blob = self._entries.get(info.key)
            if blob is None or (blob.modified, blob.size) != (info.modified, info.size):
                return False
            del self._entries[info.key]
            return True

    def scan(self, name: str | None = None) -> Iterator[BlobInfo]:
        """List the entries."""
        for key, blob in list(self._entries.items()):
            if name is None or key.rpartition("/")[0] == name:
                yield BlobInfo(key, blob.size, blob.modified, self._used.get(key, blob.modified))

    @contextmanager
    def lock(self, key: str, timeout: float | None = None) -> Iterator[None]:
        """Keep the threads of this process apart."""
        split_key(key)
        with self._guard.lock:
            lock = self._locks.setdefault(key, Guard()).lock
        if not lock.acquire(timeout=-1 if timeout is None else max(0.0, timeout)):
            raise LockTimeoutError(f"the lock of {key!r}", "memory://", timeout or 0.0)
        try:
            yield
        finally:
            lock.release()

    def touch(self, key: str, blob: Blob) -> None:
        """Note the time."""
        self._used[key] = time.time()

    def tally(self, added: int = 0, *, total: int | None = None) -> int:
        """Add the sizes up: that is quick here."""
        return sum(blob.size for blob in list(self._entries.values()))

    def close(self) -> None:
        """Do nothing: the entries live as long as the backend."""
