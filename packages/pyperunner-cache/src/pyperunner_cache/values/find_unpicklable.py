"""Finding the part of a value that cannot be pickled."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["blame"]

_DEEPEST = 50
_WIDEST = 10_000


def blame(value: Any, error: BaseException) -> tuple[str, Any, str]:
    """Return path, part and reason of the innermost part of ``value`` that fails on its own.

    Args:
        value: What could not be pickled.
        error: How it failed.
    """
    path, part, seen = "result", value, {id(value)}
    for _ in range(_DEEPEST):
        for step, child in _children(part):
            if id(child) in seen:
                continue
            failure = _failure(child)
            if failure is not None:
                seen.add(id(child))
                path, part, error = path + step, child, failure
                break
        else:
            break
    return path, part, _reason(error)


def _failure(value: Any) -> BaseException | None:
    from pyperunner_cache.values.pickling import dump

    try:
        dump(value)
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        return error
    return None


def _children(value: Any) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for at, (key, item) in enumerate(value.items()):
            if at >= _WIDEST:
                return
            yield f"[{key!r:.60}]", item
            yield f".keys()[{at}]", key
    elif isinstance(value, (list, tuple, set, frozenset)):
        names = getattr(value, "_fields", None)
        for at, item in enumerate(value):
            if at >= _WIDEST:
                return
            yield f".{names[at]}" if names else f"[{at}]" if isinstance(value, (list, tuple)) else "{…}", item
    try:
        attributes = dict(vars(value)) if hasattr(value, "__dict__") and not isinstance(value, type) else {}
    except Exception:
        attributes = {}
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if hasattr(value, name) and name not in ("__dict__", "__weakref__"):
                attributes[name] = getattr(value, name)
    for name, item in attributes.items():
        yield f".{name}", item


def _reason(error: BaseException) -> str:
    if isinstance(error, RecursionError):
        return "it is nested too deeply"
    if isinstance(error, SystemExit):
        return f"pickling it tried to end the process (exit code {error.code!r})"
    return f"it cannot be pickled ({type(error).__name__}: {error})"
