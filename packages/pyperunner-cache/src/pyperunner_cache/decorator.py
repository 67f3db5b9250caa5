"""Decorator: `memoize`, over a store or the place of one."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from typing import ParamSpec, TypeVar

from pyperunner_cache.cache import Cache, open_store
from pyperunner_cache.memoized import (
    Memoized,
    MemoizedAsync,  # noqa: F401 - pickles of 0.2.0 find it beside `memoize`
    Unhashable,
    memoizer,
)

__all__ = ["memoize"]

P = ParamSpec("P")
R = TypeVar("R")


def memoize(
    store: Cache | str | os.PathLike[str],
    *,
    ignore: Iterable[str] = (),
    ttl: str | float | None = None,
    name: str | None = None,
    unhashable: Unhashable = "warn",
) -> Callable[[Callable[P, R]], Memoized[P, R]]:
    """Return a decorator that keeps a function's results in ``store``.

    A result is found again for equal arguments (arrays and frames count by content) of the same function with the same
    code. While one caller computes, others with equal arguments wait for the result, be they threads or processes.

    Whatever can be called can be memoized; the state of a callable object counts, and so does that of a method's
    instance. A store that cannot be read, locked or written, and a result that cannot be stored, cost no result: it is
    returned, with a `CacheWarning`.

    Args:
        store: A cache, or where to open one.
        ignore: Parameters, and names that go into ``**kwargs``, that do not influence the result: ``["verbose"]``.
        ttl: Seconds, or text such as ``"12h"``, after which a result is computed afresh.
        name: Under which the results lie; module and qualified name if not given.
        unhashable: What becomes of a call with an argument that has no key, such as a lock or a lazy query:
            ``"warn"``: it is computed and not kept, with a `CacheWarning`; ``"pickle"``: its pickle counts, with the
            code of the classes in it. What the pickle only points to, such as the files of a query, does not count.

    Raises:
        TypeError: The function cannot be called, is a generator, whose result cannot be kept, or has no parameter that
            ``ignore`` names.
    """
    opened = store if isinstance(store, Cache) else open_store(store)
    return memoizer(opened, ignore=ignore, ttl=ttl, name=name, unhashable=unhashable)


memoize.__module__ = "pyperunner_cache._memoize"  # as in pickles made by 0.2.0
