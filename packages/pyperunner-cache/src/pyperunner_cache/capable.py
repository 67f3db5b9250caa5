"""The methods that a cache has only over a backend with the ability for them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from functools import lru_cache
from typing import Any

from pyperunner_cache.ports import Backend, Codec, SupportsLocate, SupportsLock

__all__ = ["Locates", "Locks", "with_abilities"]


class Locates:
    """A cache with a file per entry."""

    backend: Any
    _codec_for: Callable[..., Codec]

    def locate(self, key: str, filename: str | None = None) -> str:
        """Return the absolute path of the entry's file, or of ``filename`` in the entry's folder. Creates nothing."""
        if filename is not None:
            return str(self.backend.locate(key, filename))
        return str(self.backend.located(key) or self.backend.locate(key, self._codec_for(key).filename))


class Locks:
    """A cache with locks."""

    backend: Any

    def lock(self, key: str, timeout: float | None = None) -> AbstractContextManager[object]:
        """Return a context manager that holds the lock of ``key``; it is free again when its holder exits or dies.

        Args:
            key: ``'<name>/<hash>'``.
            timeout: Seconds to wait at most; ``None`` waits for ever, ``0`` does not wait.

        Raises:
            LockTimeoutError: On entering, when the lock was not free in time.
        """
        lock: AbstractContextManager[object] = self.backend.lock(key, timeout)
        return lock


@lru_cache(maxsize=64)
def with_abilities(cls: type, backend: type[Backend]) -> type[Any]:
    """Return ``cls`` with the methods that its backend has the ability for, so that ``isinstance`` tells the truth.

    Kept, because every child process of a runner opens its store and looking through a protocol costs more than that.
    """
    ports = ((SupportsLocate, Locates), (SupportsLock, Locks))
    mixins = tuple(mixin for port, mixin in ports if issubclass(backend, port))
    return type(cls.__name__, (*mixins, cls), {"__doc__": cls.__doc__, "__module__": cls.__module__})
