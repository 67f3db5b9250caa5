"""Functions that remember what they returned."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import threading
import time
import warnings
from collections.abc import Callable, Iterable
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, ParamSpec, TypeVar

from pyperunner_cache.cache import Cache
from pyperunner_cache.call_keys import call_digest, name_function
from pyperunner_cache.capabilities import supports
from pyperunner_cache.errors import CacheWarning, MissingEntryError, StoreError
from pyperunner_cache.maintenance.amounts import parse_duration
from pyperunner_cache.opening import open_store
from pyperunner_cache.ports import SupportsLock

__all__ = ["Memoized", "MemoizedAsync", "memoize"]

P = ParamSpec("P")
R = TypeVar("R")

_POLL = 0.02
_guard = threading.Lock()
"""Of computing a fingerprint: globals that the function changes count in it, so it must be computed once."""


def memoize(
    store: Cache | str | os.PathLike[str],
    *,
    ignore: Iterable[str] = (),
    ttl: str | float | None = None,
    name: str | None = None,
) -> Callable[[Callable[P, R]], Memoized[P, R]]:
    """Return a decorator that keeps a function's results in ``store``.

    A result is found again for equal arguments (arrays and frames count by content) of the same function with the same
    code. While one caller computes, others with equal arguments wait for the result, be they threads or processes.

    Args:
        store: A cache, or where to open one.
        ignore: Parameters that do not influence the result, such as ``["verbose"]``.
        ttl: Seconds, or text such as ``"12h"``, after which a result is computed afresh.
        name: Under which the results lie; module and qualified name if not given.

    Raises:
        TypeError: The function is a generator, whose result cannot be kept, or has no parameter that ``ignore`` names.
    """
    cache = store if isinstance(store, Cache) else open_store(store)

    def decorate(function: Callable[P, R]) -> Memoized[P, R]:
        kind = MemoizedAsync if inspect.iscoroutinefunction(function) else Memoized
        return kind(function, cache, tuple(ignore), ttl, name)

    return decorate


memoize.__module__ = "pyperunner_cache._memoize"  # as in pickles made by 0.2.0


class Memoized(Generic[P, R]):
    """A function that looks its result up before it computes it, with the methods that joblib's have.

    Args:
        function: What computes.
        store: Where results are kept.
        ignore: Parameters that do not count.
        ttl: How long a result is good.
        name: Under which the results lie.
    """

    __module__ = "pyperunner_cache._memoize"  # as in pickles and keys made by 0.2.0

    def __init__(
        self,
        function: Callable[P, R],
        store: Cache,
        ignore: tuple[str, ...] = (),
        ttl: str | float | None = None,
        name: str | None = None,
    ) -> None:
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(f"{function!r} yields its results one by one, which cannot be kept: return a list instead")
        functools.update_wrapper(self, function)
        self.func, self.store, self.ignore = function, store, ignore
        self.ttl = None if ttl is None else parse_duration(ttl)
        self.name = name or name_function(function)
        self._signature = inspect.signature(function)
        unknown = [parameter for parameter in ignore if parameter not in self._signature.parameters]
        if unknown:
            raise TypeError(f"{self.name} has no parameter {unknown[0]!r} to ignore; it has {self._signature}")
        self._code: str | None = None

    def __repr__(self) -> str:
        return f"<memoized {self.name} in {self.store.backend}>"

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        call: Any = self
        return self if instance is None else functools.partial(call, instance)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.func, self.store, self.ignore, self.ttl, self.name), {"_code": self._code}

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the kept result, or compute and keep it."""
        key = self.key(*args, **kwargs)
        try:
            return self._load(key)
        except KeyError:
            pass
        with self._lock(key):
            try:
                return self._load(key)
            except KeyError:
                return self._compute(key, args, kwargs)

    def call(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Compute the result, whether one is kept or not, and keep it."""
        return self._compute(self.key(*args, **kwargs), args, kwargs)

    def check_call_in_cache(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Say whether a result for these arguments is kept and not too old."""
        key = self.key(*args, **kwargs)
        return self._is_fresh(key) if self.ttl is not None else key in self.store

    def clear(self, warn: bool = True) -> None:
        """Forget all results of this function.

        Args:
            warn: Accepted for the sake of code written for joblib; there is nothing to warn of.
        """
        self.store.clear(self.name)

    def key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """Return the key under which the result for these arguments lies.

        Raises:
            TypeError: The function cannot be called like this.
        """
        if self._code is None:
            with _guard:
                self._code = self._code or self._fingerprint()
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = {key: value for key, value in bound.arguments.items() if key not in self.ignore}
        return f"{self.name}/{call_digest(self._code, arguments)}"

    def _fingerprint(self) -> str:
        import pyperunner_keys

        return pyperunner_keys.fingerprint(self.func).digest

    def _load(self, key: str) -> R:
        if self.ttl is not None and not self._is_fresh(key):
            raise MissingEntryError(key, str(self.store.backend), "it is too old")
        value: R = self.store.load(key)
        return value

    def _is_fresh(self, key: str) -> bool:
        try:
            saved = self.store.meta(key)["saved_at"]
        except KeyError:
            return False
        return self.ttl is None or time.time() - saved <= self.ttl

    def _lock(self, key: str) -> AbstractContextManager[object]:
        return self.store.backend.lock(key) if supports(self.store.backend, SupportsLock) else nullcontext()

    def _compute(self, key: str, args: Any, kwargs: Any) -> R:
        begin = time.perf_counter()
        value = self.func(*args, **kwargs)
        self._keep(key, value, time.perf_counter() - begin)
        return value

    def _keep(self, key: str, value: R, seconds: float) -> None:
        try:
            self.store.save(key, value, {"seconds": seconds})
        except StoreError as error:
            warnings.warn(f"the result of {self.name} was not kept: {error}", CacheWarning, stacklevel=4)


class MemoizedAsync(Memoized[P, Any]):
    """The same for an ``async def`` function: awaiting gives the result; the event loop never waits for a lock."""

    __module__ = "pyperunner_cache._memoize"  # as in pickles and keys made by 0.2.0

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Return the kept result, or compute and keep it."""
        key = self.key(*args, **kwargs)
        try:
            return self._load(key)
        except KeyError:
            pass
        lock = await self._hold(key)
        try:
            try:
                return self._load(key)
            except KeyError:
                return await self._compute_async(key, args, kwargs)
        finally:
            lock.__exit__(None, None, None)

    async def call(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Compute the result, whether one is kept or not, and keep it."""
        return await self._compute_async(self.key(*args, **kwargs), args, kwargs)

    async def _hold(self, key: str) -> AbstractContextManager[object]:
        backend = self.store.backend
        if not supports(backend, SupportsLock):
            return nullcontext()
        while True:
            lock = backend.lock(key, 0)
            try:
                lock.__enter__()
            except TimeoutError:
                await asyncio.sleep(_POLL)
            else:
                return lock

    async def _compute_async(self, key: str, args: Any, kwargs: Any) -> Any:
        begin = time.perf_counter()
        value = await self.func(*args, **kwargs)
        self._keep(key, value, time.perf_counter() - begin)
        return value
