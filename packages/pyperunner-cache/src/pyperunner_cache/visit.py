"""Visit: what one call of a memoized function does in its store.

Whatever the store cannot do costs no result, and is told in one warning. A call that is made while the same call is
computed, further up in the same thread or asyncio task, does not wait for the lock that only its own end would free.
"""

from __future__ import annotations

import os
import threading
import time
import warnings
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from contextvars import ContextVar
from typing import Any, Final, Protocol

from pyperunner_cache.errors import CacheError, CacheWarning, DeadlockError
from pyperunner_cache.ports import SupportsLock
from pyperunner_cache.self_wait import check_threads

__all__ = ["MISSING", "ResultStore", "Visit"]

MISSING: Final[Any] = object()
"""Stands for a result that is not kept, or is too old."""
_POLL_SECONDS = 0.02
_LOOK_SECONDS = 8.0
"""How often a thread that waits looks whether the one that computes waits for it; longer than a `HolderWatch` takes."""
_holders: dict[tuple[str, str, int], int] = {}
"""The threads of this process that compute, by what."""
_computing: ContextVar[tuple[Visit, ...]] = ContextVar("pyperunner_cache_computing", default=())


class ResultStore(Protocol):
    """What a memoized function asks of a `Cache`."""

    @property
    def backend(self) -> object:
        """Where the store is, as text."""

    def load(self, key: str) -> Any:
        """Return a value."""

    def save(self, key: str, value: Any, meta: Mapping[str, Any]) -> object:
        """Store a value."""

    def meta(self, key: str) -> dict[str, Any]:
        """Return what is known of a value, ``saved_at`` among it."""

    def delete(self, key: str) -> bool:
        """Remove a value."""

    def entries(self, name: str) -> Any:
        """Yield what is known of all values whose key begins with ``name/``, ``key`` among it."""

    def __contains__(self, key: str) -> bool: ...


class Visit:
    """Looks for a call's result, keeps it, and holds the call's lock for the length of a ``with`` block.

    Args:
        store: Where results are kept.
        key: That of the call; ``None`` where it has none, and nothing can be looked up or kept.
        name: The function's, for the warning.
        code: What is noted beside the result: the digest of the code that makes it.
        ttl: Seconds for which a result is good; ``None`` for ever.
        code_now: Returns that digest as it is now.
        trouble: Why there is no key.
        unloaded: What the function will import, by which the key counts (see ``LiveFingerprint.unloaded``).

    Attributes:
        is_alone: Whether nothing but the function itself can have changed what its code is and uses.
    """

    def __init__(
        self,
        store: ResultStore,
        key: str | None,
        name: str,
        code: str,
        ttl: float | None,
        code_now: Callable[[], str],
        trouble: Exception | None = None,
        unloaded: Mapping[str, str] | None = None,
    ) -> None:
        self._store, self._key, self._name, self._code, self._ttl = store, key or "", name, code, ttl
        self._code_now, self._unloaded = code_now, unloaded
        self.is_alone = threading.active_count() == 1
        self._trouble = trouble
        self._kept = key is not None
        self._lock: AbstractContextManager[object] | None = None
        self._active = False

    def is_kept(self) -> bool:
        """Say whether there is a result that can be given."""
        return bool(self._key) and (self._key in self._store if self._ttl is None else self.is_fresh())

    def is_fresh(self) -> bool:
        """Say whether there is a result that is not too old; one from the future is as old as it is far ahead."""
        try:
            saved: float = self._store.meta(self._key)["saved_at"]
        except KeyError:
            return False
        return self._ttl is None or abs(time.time() - saved) <= self._ttl

    def load(self) -> Any:
        """Return the kept result, or `MISSING`; a store that failed before is not asked again."""
        if self._trouble is not None:
            return MISSING
        try:
            return self._store.load(self._key) if self._ttl is None or self.is_fresh() else MISSING
        except KeyError:
            return MISSING
        except Exception as error:
            self._trouble = error
            return MISSING

    def keep(self, value: object, seconds: float) -> None:
        """Store the result, which took so many seconds to make, if that can be done and the key says what made it."""
        if not self._key:
            return
        try:
            self._check_code()
            self._store.save(self._key, value, {"seconds": seconds, "code": self._code})
        except Exception as error:
            self._trouble, self._kept = error, False

    def _check_code(self) -> None:
        if self._unloaded:
            from pyperunner_keys import LiveFingerprint

            others = LiveFingerprint.loaded_otherwise(self._unloaded)
            if others:
                raise CacheError(f"{others[0]} changed before it was imported")
        alone = self.is_alone and threading.active_count() == 1
        if not alone and self._code_now() != self._code:
            raise CacheError("what it is made of, or a value that it uses, changed while it ran")

    def __enter__(self) -> Visit:
        if self._begin():
            try:
                while not self._try_lock(_LOOK_SECONDS):
                    holder = _holders.get(self._place)
                    if holder is not None:
                        check_threads(f"the lock of {self._key!r}", holder)
            except BaseException:
                self._end()
                raise
        return self

    def __exit__(self, *failure: object) -> None:
        self._end()

    async def __aenter__(self) -> Visit:
        if self._begin():
            import asyncio

            try:
                while not self._try_lock(0):
                    await asyncio.sleep(_POLL_SECONDS)
            except BaseException:
                self._end()
                raise
        return self

    async def __aexit__(self, *failure: object) -> None:
        self._end()

    def warn(self, stacklevel: int) -> None:
        """Say what went wrong, if anything did."""
        if self._trouble is not None:
            what = "computed without a look at what is kept" if self._kept else "not kept"
            warnings.warn(f"the result of {self._name} was {what}: {self._trouble}", CacheWarning, stacklevel + 1)

    def _try_lock(self, timeout: float) -> bool:
        """Take the lock, or note why there is none to be had; say whether the wait is over."""
        assert isinstance(self._store, SupportsLock)
        try:
            lock = self._store.lock(self._key, timeout)
            lock.__enter__()
        except TimeoutError:
            return False
        except DeadlockError:
            raise  # without the lock the call might start process after process
        except Exception as error:
            self._trouble = error
        else:
            self._lock = lock
            _holders[self._place] = threading.get_ident()
        return True

    def _begin(self) -> bool:
        """Say whether the lock is needed, and note for calls further down that they are inside this one."""
        self._place = str(self._store.backend), self._key, os.getpid()
        outer = _computing.get()
        self._before = _computing.set((*outer, self))
        inside = any(visit._active and visit._place == self._place for visit in outer)
        self._active = True
        return self._trouble is None and not inside and isinstance(self._store, SupportsLock)

    def _end(self) -> None:
        self._active = False
        _computing.reset(self._before)
        lock, self._lock = self._lock, None
        if lock is not None:
            _holders.pop(self._place, None)
            try:
                lock.__exit__(None, None, None)
            except Exception as error:  # the result is there all the same
                self._trouble = self._trouble or error
