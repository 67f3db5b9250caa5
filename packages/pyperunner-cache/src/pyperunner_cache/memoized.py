"""Memoized functions: they look a result up before they compute it."""

from __future__ import annotations

import functools
import inspect
import threading
import time
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Any, Generic, ParamSpec, Protocol, TypeVar

from pyperunner_cache.errors import CacheWarning, MissingEntryError, StorageError
from pyperunner_cache.maintenance.amounts import parse_duration
from pyperunner_cache.ports import SupportsLock
from pyperunner_text.signatures import signature_of

__all__ = ["Memoized", "MemoizedAsync", "memoizer"]

P = ParamSpec("P")
R = TypeVar("R")

_POLL = 0.02
_guard = threading.Lock()
"""Of computing a fingerprint: globals that the function changes count in it, so it must be computed once."""


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

    def clear(self, name: str) -> int:
        """Remove all values whose key begins with ``name/``."""

    def __contains__(self, key: str) -> bool: ...


def memoizer(
    store: ResultStore, *, ignore: Iterable[str] = (), ttl: str | float | None = None, name: str | None = None
) -> Callable[[Callable[P, R]], Memoized[P, R]]:
    """Return a decorator that memoizes a function in ``store``; see `pyperunner_cache.memoize`."""

    def decorate(function: Callable[P, R]) -> Memoized[P, R]:
        kind = MemoizedAsync if inspect.iscoroutinefunction(function) else Memoized
        return kind(function, store, tuple(ignore), ttl, name)

    return decorate


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
        store: ResultStore,
        ignore: tuple[str, ...] = (),
        ttl: str | float | None = None,
        name: str | None = None,
    ) -> None:
        if inspect.isgeneratorfunction(function) or inspect.isasyncgenfunction(function):
            raise TypeError(f"{function!r} yields its results one by one, which cannot be kept: return a list instead")
        functools.update_wrapper(self, function)
        self.func, self.store, self.ignore = function, store, ignore
        self.ttl = None if ttl is None else parse_duration(ttl)
        self.name = name or _name_of(function)
        self._signature = signature_of(function)
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
        return f"{self.name}/{_call_digest(self._code, arguments)}"

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
        return self.store.lock(key) if isinstance(self.store, SupportsLock) else nullcontext()

    def _compute(self, key: str, args: Any, kwargs: Any) -> R:
        begin = time.perf_counter()
        value = self.func(*args, **kwargs)
        self._keep(key, value, time.perf_counter() - begin)
        return value

    def _keep(self, key: str, value: R, seconds: float) -> None:
        try:
            self.store.save(key, value, {"seconds": seconds})
        except StorageError as error:
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
        if not isinstance(self.store, SupportsLock):
            return nullcontext()
        import asyncio

        while True:
            lock = self.store.lock(key, 0)
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


def _name_of(function: Any) -> str:
    """Return module and qualified name; ``__main__`` under the name it could be imported by."""
    module = function.__module__
    if module == "__main__":
        import pyperunner_keys

        module = pyperunner_keys.importable_name(module)
    return f"{module}.{function.__qualname__}"


def _call_digest(code: str, arguments: dict[str, Any]) -> str:
    """Return 32 hex digits for a call with ``arguments``, by parameter, of the function with the fingerprint ``code``.

    Raises:
        TypeError: An argument has no stable form at all; the text names it.
    """
    import pyperunner_keys

    try:
        return pyperunner_keys.digest(["call", code, arguments])
    except pyperunner_keys.UnencodableError:
        encoded = {name: _encoded(name, value) for name, value in arguments.items()}
        return pyperunner_keys.digest(["call", code, encoded])


def _encoded(name: str, value: Any) -> Any:
    """Return ``value`` where it has a canonical encoding, else the digest of its pickle.

    A pickle may differ between equal objects, which costs a miss; it is never the same for different ones.
    """
    import pyperunner_keys

    try:
        pyperunner_keys.encode(value)
    except pyperunner_keys.UnencodableError as error:
        import xxhash

        from pyperunner_cache.values.pickling import dump

        try:
            buffers: list[memoryview] = []
            pickled = dump(value, buffers)
        except Exception:
            hint = f"leave it out of the key with ignore=[{name!r}]"
            raise TypeError(f"the argument {name!r} cannot be part of a key: {error}; {hint}") from error
        whole = xxhash.xxh3_128(pickled)
        for buffer in buffers:
            whole.update(buffer)
        return ("pickle", type(value).__module__, type(value).__qualname__, whole.hexdigest())
    return value
