"""Unpicklable parts: which part of a value is to blame where the whole can't be pickled."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from types import FunctionType
from typing import Any, NamedTuple

__all__ = ["Part", "innermost"]

_DEEPEST = 50
_WIDEST = 10_000  # parts of one value that are looked at


class Part(NamedTuple):
    """A part that can't be pickled by itself."""

    path: str
    """Where it stands, such as ``params['model'].lock``."""
    value: Any
    error: BaseException
    """What its pickling raised."""


def innermost(parts: Iterable[tuple[str, Any]], dump: Callable[[Any], object]) -> Part | None:
    """Return the innermost part that fails on its own; ``None`` where none of ``parts`` does.

    Args:
        parts: Where to begin: paths and values.
        dump: Pickles a value, or raises. Code of the user's may raise anything, an exit included.
    """
    found: Part | None = None
    seen: set[int] = set()
    for _ in range(_DEEPEST):
        fresh = ((path, value) for path, value in islice(parts, _WIDEST) if id(value) not in seen)
        guilty = next(filter(None, (_tried(path, value, dump) for path, value in fresh)), None)
        if guilty is None:
            break
        found = guilty
        seen.add(id(guilty.value))
        parts = _parts(guilty.path, guilty.value)
    return found


def _tried(path: str, value: Any, dump: Callable[[Any], object]) -> Part | None:
    try:
        dump(value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return Part(path, value, error)
    return None


def _parts(path: str, value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for at, (key, item) in enumerate(value.items()):
            yield f"{path}[{key!r:.60}]", item
            yield f"{path}.keys()[{at}]", key
    elif isinstance(value, (list, tuple, set, frozenset)):
        names = getattr(value, "_fields", None)
        ordered = isinstance(value, (list, tuple))
        for at, item in enumerate(value):
            yield path + (f".{names[at]}" if names else f"[{at}]" if ordered else "{…}"), item
    elif isinstance(value, FunctionType):
        used = inspect.getclosurevars(value)
        yield from ((f"{path}: variable {name!r}", item) for name, item in used.nonlocals.items())
        yield from ((f"{path}: global {name!r}", item) for name, item in used.globals.items())
    yield from ((f"{path}.{name}", item) for name, item in _attributes(value).items())


def _attributes(value: Any) -> dict[str, Any]:
    try:
        found = dict(vars(value)) if hasattr(value, "__dict__") and not isinstance(value, type) else {}
    except Exception:  # code of the user's
        found = {}
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name) and name not in ("__dict__", "__weakref__"):
                found[name] = getattr(value, name)
    return found
