"""Memoized functions: they look a result up before they compute it."""

from __future__ import annotations

import functools
import importlib
import inspect
import os
import sys
import time
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any, Generic, Literal, ParamSpec, TypeVar

from pyperunner_cache.errors import UnhashableArgumentError
from pyperunner_cache.maintenance.amounts import parse_duration
from pyperunner_cache.visit import MISSING, ResultStore, Visit
from pyperunner_text.signatures import own_signature_of

if TYPE_CHECKING:
    from pyperunner_keys import LiveFingerprint

__all__ = ["BoundMemoized", "Memoized", "MemoizedAsync", "Unhashable", "memoizer"]

P = ParamSpec("P")
R = TypeVar("R")
Unhashable = Literal["warn", "pickle"]


def memoizer(
    store: ResultStore,
    *,
    ignore: Iterable[str] = (),
    ttl: str | float | None = None,
    name: str | None = None,
    unhashable: Unhashable = "warn",
) -> Callable[[Callable[P, R]], Memoized[P, R]]:
    """Return a decorator that memoizes a function in ``store``; see `pyperunner_cache.memoize`."""
    names = (ignore,) if isinstance(ignore, str) else tuple(ignore)

    def decorate(function: Callable[P, R]) -> Memoized[P, R]:
        kind = MemoizedAsync if inspect.iscoroutinefunction(_called(function)) else Memoized
        return kind(function, store, names, ttl, name, unhashable)

    return decorate


class Memoized(Generic[P, R]):
    """A function that looks its result up before it computes it, with the methods that joblib's have.

    Args:
        function: What computes.
        store: Where results are kept.
        ignore: Parameters that do not count.
        ttl: How long a result is good.
        name: Under which the results lie.
        unhashable: What becomes of a call with an argument that has no key: ``"warn"`` or ``"pickle"``.
    """

    __module__ = "pyperunner_cache._memoize"  # as in pickles and keys made by 0.2.0

    def __init__(
        self,
        function: Callable[P, R],
        store: ResultStore,
        ignore: tuple[str, ...] = (),
        ttl: str | float | None = None,
        name: str | None = None,
        unhashable: Unhashable = "warn",
    ) -> None:
        if unhashable not in ("warn", "pickle"):
            raise ValueError(f"unhashable is 'warn' or 'pickle', not {unhashable!r}")
        _check_callable(function)
        functools.update_wrapper(self, function, updated=())
        if inspect.isfunction(function):
            own = {name: value for name, value in vars(function).items() if not hasattr(type(self), name)}
            self.__dict__.update({**own, "__wrapped__": function})
        self.func, self.store, self.ignore, self.unhashable = function, store, ignore, unhashable
        self.ttl = None if ttl is None else parse_duration(ttl)
        self.name = name or _name_of(function)
        self._signature = own_signature_of(function)
        parameters = self._signature.parameters
        self._keywords = next((name for name, each in parameters.items() if each.kind is each.VAR_KEYWORD), None)
        unknown = [parameter for parameter in ignore if parameter not in parameters]
        if unknown and self._keywords is None:
            raise TypeError(f"{self.name} has no parameter {unknown[0]!r} to ignore; it has {self._signature}")
        self._code: LiveFingerprint | None = None
        _prepare_forks()

    def __repr__(self) -> str:
        return f"<memoized {self.name} in {self.store.backend}>"

    def __get__(self, instance: object, owner: type | None = None) -> Any:
        return self if instance is None else BoundMemoized(self, instance)

    def __reduce__(self) -> tuple[Any, ...]:
        return (
            type(self),
            (self.func, self.store, self.ignore, self.ttl, self.name, self.unhashable),
            {"_code": self._live()},
        )

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Return the kept result, or compute and keep it."""
        visit = self._visit(args, kwargs)
        value: R = visit.load()
        if value is MISSING:  # not in an except block: what the function raises has nothing of ours in its context
            with visit:
                value = visit.load()
                if value is MISSING:
                    value = self._compute(visit, args, kwargs)
            visit.warn(stacklevel=2)
        return value

    def call(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """Compute the result, whether one is kept or not, and keep it."""
        visit = self._visit(args, kwargs)
        value = self._compute(visit, args, kwargs)
        visit.warn(stacklevel=2)
        return value

    def check_call_in_cache(self, *args: P.args, **kwargs: P.kwargs) -> bool:
        """Say whether a result for these arguments is kept and not too old."""
        return self._visit(args, kwargs).is_kept()

    def clear(self, warn: bool = True) -> None:
        """Forget all results of this function as it is now.

        What other functions of the same name have returned stays, and so does what this one has under older code: that
        goes with ``store.clear(name)`` or ``store.gc()``.

        Args:
            warn: Accepted for the sake of code written for joblib; there is nothing to warn of.
        """
        code = self._code_now()
        for entry in list(self.store.entries(self.name)):
            try:
                made_by = self.store.meta(entry["key"]).get("code", code)  # 0.2.0 did not note it
            except KeyError:
                continue
            if made_by == code:
                self.store.delete(entry["key"])

    def key(self, *args: P.args, **kwargs: P.kwargs) -> str:
        """Return the key under which the result for these arguments lies.

        Raises:
            TypeError: The function cannot be called like this, or an argument has no key.
        """
        return self._key(self._code_now(), args, kwargs)

    def _key(self, code: str, args: Any, kwargs: Any) -> str:
        bound = self._signature.bind(*args, **kwargs)
        bound.apply_defaults()
        arguments = {key: value for key, value in bound.arguments.items() if key not in self.ignore}
        if self._keywords in arguments and self.ignore:
            given = arguments[self._keywords]
            arguments[self._keywords] = {key: value for key, value in given.items() if key not in self.ignore}
        return f"{self.name}/{_call_digest(code, arguments, self.unhashable)}"

    def _code_now(self) -> str:
        """Return the digest of the function's code and of the values that it uses, as they are now."""
        return self._live().digest()

    def _live(self) -> LiveFingerprint:
        if self._code is None:
            import pyperunner_keys

            self._code = pyperunner_keys.LiveFingerprint(self.func)
        return self._code

    def _visit(self, args: Any, kwargs: Any) -> Visit:
        live = self._live()
        code = live.digest()
        try:
            key, trouble = self._key(code, args, kwargs), None
        except UnhashableArgumentError as error:
            key, trouble = None, error
        return Visit(self.store, key, self.name, code, self.ttl, self._code_now, trouble, live.unloaded())

    def _compute(self, visit: Visit, args: Any, kwargs: Any) -> R:
        begin = time.perf_counter()
        value = self.func(*args, **kwargs)
        visit.keep(value, time.perf_counter() - begin)
        return value


class MemoizedAsync(Memoized[P, Any]):
    """The same for an ``async def`` function: awaiting gives the result; the event loop never waits for a lock."""

    __module__ = "pyperunner_cache._memoize"  # as in pickles and keys made by 0.2.0

    async def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Return the kept result, or compute and keep it."""
        visit = self._visit(args, kwargs)
        value = visit.load()
        if value is MISSING:
            async with visit:
                value = visit.load()
                if value is MISSING:
                    value = await self._compute_async(visit, args, kwargs)
            visit.warn(stacklevel=2)
        return value

    async def call(self, *args: P.args, **kwargs: P.kwargs) -> Any:
        """Compute the result, whether one is kept or not, and keep it."""
        visit = self._visit(args, kwargs)
        value = await self._compute_async(visit, args, kwargs)
        visit.warn(stacklevel=2)
        return value

    async def _compute_async(self, visit: Visit, args: Any, kwargs: Any) -> Any:
        begin = time.perf_counter()
        visit.is_alone = False  # other tasks of the event loop run meanwhile
        value = await self.func(*args, **kwargs)
        visit.keep(value, time.perf_counter() - begin)
        return value


class BoundMemoized:
    """A memoized method of one instance, which counts like an argument; it has what a memoized function has.

    Args:
        memoized: The method.
        instance: Whose.
    """

    def __init__(self, memoized: Memoized[..., Any], instance: object) -> None:
        functools.update_wrapper(self, memoized, updated=())
        self.__func__ = memoized
        self.__self__ = instance

    def __repr__(self) -> str:
        return f"<bound {self.__func__!r} of {self.__self__!r}>"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, BoundMemoized):
            return NotImplemented
        return self.__func__ is other.__func__ and self.__self__ is other.__self__

    def __hash__(self) -> int:
        return hash((id(self.__func__), id(self.__self__)))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.__func__, self.__self__)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__func__, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """See `Memoized`."""
        return self.__func__(self.__self__, *args, **kwargs)

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """See `Memoized.call`."""
        return self.__func__.call(self.__self__, *args, **kwargs)

    def key(self, *args: Any, **kwargs: Any) -> str:
        """See `Memoized.key`."""
        return self.__func__.key(self.__self__, *args, **kwargs)

    def check_call_in_cache(self, *args: Any, **kwargs: Any) -> bool:
        """See `Memoized.check_call_in_cache`."""
        return self.__func__.check_call_in_cache(self.__self__, *args, **kwargs)


@functools.cache
def _prepare_forks() -> None:
    """Have no process forked while another thread imports what a memoized function needs, from now on.

    The child would have half of a module, and wait for ever for the lock of its import.
    """
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=_finish_imports)


def _finish_imports() -> None:
    if len(sys._current_frames()) == 1:
        return
    ours = [name for name in sys.modules if name.partition(".")[0].startswith("pyperunner_")]
    for name in ("pyperunner_keys.code.live", *ours):  # the first is what a first call imports
        importlib.import_module(name)  # waits for a thread that is at it


def _called(function: Any) -> Any:
    """Return what runs when ``function`` is called: of an object its class's ``__call__``."""
    if isinstance(function, functools.partial):
        return _called(function.func)
    return function if inspect.isroutine(function) or isinstance(function, type) else type(function).__call__


def _check_callable(function: Any) -> None:
    if isinstance(function, (classmethod, staticmethod)):
        above = type(function).__name__
        raise TypeError(f"memoize the function and make it a {above} then: write @{above} above @memoize(…)")
    if not callable(function):
        raise TypeError(f"{function!r} cannot be memoized: it is a {type(function).__name__}, which cannot be called")
    called = _called(function)
    if inspect.isgeneratorfunction(called) or inspect.isasyncgenfunction(called):
        raise TypeError(f"{function!r} yields its results one by one, which cannot be kept: return a list instead")


def _name_of(function: Any) -> str:
    """Return module and qualified name; ``__main__`` under the name it could be imported by."""
    if isinstance(function, functools.partial):
        return _name_of(function.func)
    named = function if hasattr(function, "__qualname__") else type(function)
    module = named.__module__ or "builtins"
    if module == "__main__":
        import pyperunner_keys

        module = pyperunner_keys.importable_name(module)
    return f"{module}.{named.__qualname__}"


def _call_digest(code: str, arguments: dict[str, Any], unhashable: Unhashable) -> str:
    """Return 32 hex digits for a call with ``arguments``, by parameter, of the function with the fingerprint ``code``.

    Raises:
        UnhashableArgumentError: An argument has no key.
    """
    import pyperunner_keys

    try:
        return pyperunner_keys.digest(["call", code, arguments])
    except pyperunner_keys.UnencodableError:
        counted = {name: _counted(name, value, unhashable) for name, value in arguments.items()}
        return pyperunner_keys.digest(["call by pickle", code, counted])


def _counted(name: str, value: Any, unhashable: Unhashable) -> Any:
    """Return the digest of ``value`` where it has one, else that of its pickle and the code that this names.

    A pickle may differ between equal objects, which costs a miss; it is never the same for different ones.
    """
    import pyperunner_keys

    try:
        return pyperunner_keys.digest(value)
    except pyperunner_keys.UnencodableError as error:
        if unhashable == "warn":
            raise UnhashableArgumentError(name, f"{error}; or let its pickle count with unhashable='pickle'") from error
        from pyperunner_cache.values.pickling import digest_of_pickle

        try:
            pickled, code = digest_of_pickle(value)
        except Exception as failure:
            raise UnhashableArgumentError(name, f"{error}, and it cannot be pickled: {failure}") from error
        return ("pickle", pickled, pyperunner_keys.digest(code))
