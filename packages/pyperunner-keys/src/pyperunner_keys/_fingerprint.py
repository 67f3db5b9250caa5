"""Fingerprints of code."""

from __future__ import annotations

import functools
import types
from dataclasses import dataclass, field
from typing import Any

from pyperunner_keys._errors import UnencodableError
from pyperunner_keys._names import importable_name
from pyperunner_keys._source import code_form, source_of
from pyperunner_keys._syntax import tree_form
from pyperunner_keys._writer import Writer, write_item, write_text

__all__ = ["Fingerprint", "fingerprint", "write_code"]


@dataclass(frozen=True)
class Fingerprint:
    """What a piece of code is, as far as it can be known.

    Args:
        digest: 32 hex digits that change when the code does.
        parts: Digest of each part by its name.
        gaps: What could not be followed, with the reason, by name.
    """

    digest: str
    parts: dict[str, str] = field(default_factory=dict)
    gaps: dict[str, str] = field(default_factory=dict)


def fingerprint(obj: Any) -> Fingerprint:
    """Return the fingerprint of a function, method, class, partial or module.

    Args:
        obj: The code to describe.
    """
    from pyperunner_keys._digest import digest

    gaps: dict[str, str] = {}
    name = _name(obj)
    found = digest(_own(obj, gaps))
    return Fingerprint(found, {name: found}, gaps)


def write_code(value: Any, out: Writer) -> None:
    """Write what stands for a piece of code."""
    out.buffer += b"K"
    write_text(fingerprint(value).digest, out)


def _name(obj: Any) -> str:
    module = importable_name(getattr(obj, "__module__", None) or "")
    return f"{module}.{getattr(obj, '__qualname__', None) or type(obj).__qualname__}"


def _own(obj: Any, gaps: dict[str, str]) -> tuple[Any, ...]:
    if isinstance(obj, types.FunctionType):
        return _function(obj, gaps)
    if isinstance(obj, types.MethodType):
        return ("method", _own(obj.__func__, gaps), _value("__self__", obj.__self__, gaps))
    if isinstance(obj, functools.partial):
        return (
            "partial",
            _own(obj.func, gaps),
            _value("args", obj.args, gaps),
            _value("keywords", obj.keywords, gaps),
        )
    if isinstance(obj, (staticmethod, classmethod)):
        return (type(obj).__name__, _own(obj.__func__, gaps))
    inner = getattr(obj, "__wrapped__", None)
    if inner is not None:
        return ("wrapped", type(obj).__qualname__, _own(inner, gaps))
    if isinstance(obj, type):
        members = {
            key: _own(item, gaps)
            for key, item in vars(obj).items()
            if isinstance(item, (types.FunctionType, staticmethod, classmethod))
        }
        return ("class", _name(obj), members)
    return ("name", _name(obj))


def _function(obj: types.FunctionType, gaps: dict[str, str]) -> tuple[Any, ...]:
    found = source_of(obj.__code__)
    form = code_form(obj.__code__) if found is None else tree_form(found[1])
    cells = {}
    for name, cell in zip(obj.__code__.co_freevars, obj.__closure__ or (), strict=True):
        try:
            cells[name] = _value(name, cell.cell_contents, gaps)
        except ValueError:
            cells[name] = b""
    return (
        "function",
        obj.__qualname__,
        form,
        _value("__defaults__", obj.__defaults__, gaps),
        _value("__kwdefaults__", obj.__kwdefaults__, gaps),
        cells,
    )


def _value(name: str, value: Any, gaps: dict[str, str]) -> bytes:
    out = Writer(lambda item, inner: write_text(_name(item), inner))
    try:
        write_item(value, out)
    except (UnencodableError, RecursionError) as error:
        gaps[name] = str(error)
        return b""
    return bytes(out.buffer)
