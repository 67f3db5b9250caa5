"""Summaries of values in a few characters, for people: cheap for the largest value, and never a secret."""

from __future__ import annotations

import enum
import functools
import types
from collections.abc import Iterable, Iterator
from typing import Any

from pyperunner_text.visible import visible

__all__ = ["short", "shorten"]

_LENGTH = 60
_ITEMS = 8
_DEPTH = 3
_BRACKETS: dict[type, tuple[str, str]] = {
    list: ("[", "]"),
    tuple: ("(", ")"),
    set: ("{", "}"),
    frozenset: ("frozenset({", "})"),
}
_PLAIN = (bool, int, float, complex, type(None), type(...))
_LITERAL_MODULES = ("datetime", "decimal", "fractions", "pathlib", "uuid", "ipaddress", "pyperunner_dag")
"""Of their objects the ``repr`` is short, cheap and the same everywhere."""
_CODE = (type, types.FunctionType, types.BuiltinFunctionType, types.MethodType)


def short(value: object) -> str:
    """Return one line that shows ``value``, or its beginning and end, or at least what it is.

    Args:
        value: Any value. Only of types that are known to be harmless is the ``repr`` asked for.
    """
    try:
        return visible(shorten(_short(value, 0), _LENGTH))
    except Exception:
        # It is for show, and an object of the user's may raise anything when it is looked at.
        return type(value).__name__


def shorten(text: str, limit: int) -> str:
    """Return ``text``, or its beginning and end with an ellipsis between where it is longer than ``limit``."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    return f"{text[:head]}…{text[len(text) - (limit - head - 1) :]}"


def _short(value: Any, depth: int) -> str:
    kind = type(value)
    if kind is int and value.bit_length() > 1000:
        return f"int of {value.bit_length()} bits"  # writing it out would take quadratic time
    if kind in _PLAIN:
        return repr(value)
    if kind in (str, bytes):
        return repr(value if len(value) <= 2 * _LENGTH else value[:_LENGTH] + value[-_LENGTH:])
    if kind in _BRACKETS or kind is dict:
        return _container(value, depth)
    if isinstance(value, enum.Enum):
        return f"{kind.__name__}.{value.name}"
    if isinstance(value, _CODE):
        return value.__qualname__
    if isinstance(value, functools.partial):
        return f"partial({_short(value.func, depth)})"
    return _object(value, depth)


def _container(value: Any, depth: int) -> str:
    if type(value) is dict:
        left, right = "{", "}"
    elif value:
        left, right = _BRACKETS[type(value)]
    else:
        return repr(value)
    if depth >= _DEPTH and value:
        return f"{left}…{right}"
    if type(value) is dict:
        items: Iterable[str] = (f"{_short(key, depth + 1)}: {_short(item, depth + 1)}" for key, item in value.items())
    else:
        items = (_short(item, depth + 1) for item in value)
    if isinstance(value, (set, frozenset)):
        # The order of a set differs from process to process.
        items = sorted(items) if len(value) <= _ITEMS else [f"{len(value)} items"]
    inside = ", ".join(_first(items))
    return f"{left}{inside}{',' if type(value) is tuple and len(value) == 1 else ''}{right}"


def _first(items: Iterable[str]) -> Iterator[str]:
    for number, item in enumerate(items):
        if number == _ITEMS:
            yield "…"
            return
        yield item


def _object(value: Any, depth: int) -> str:
    kind = type(value)
    library = kind.__module__.partition(".")[0]
    if library in _LITERAL_MODULES:
        return repr(value)
    if library == "pyperunner_keys":
        return f"{kind.__name__} {value.path}"  # File data.csv
    if library in ("numpy", "pandas", "polars"):
        shape = getattr(value, "shape", None)
        return f"{kind.__name__}({value})" if shape == () else f"{kind.__name__} of shape {shape}"
    fields = _dataclass_fields(value)
    if fields is None:
        return kind.__name__
    if depth >= _DEPTH:
        return f"{kind.__name__}(…)"
    inside = (f"{name}={_short(getattr(value, name), depth + 1)}" for name in fields)
    return f"{kind.__name__}({', '.join(_first(inside))})"


def _dataclass_fields(value: object) -> list[str] | None:
    known = getattr(type(value), "__dataclass_fields__", None)
    return None if known is None else [name for name, field in known.items() if field.repr]
