"""Instances: which class one belongs to, with its code where it is the user's own, and what it holds itself."""

from __future__ import annotations

import copyreg
import functools
import sys
import types
from typing import Any

from pyperunner_keys.encoding.hints import class_name
from pyperunner_keys.encoding.writer import Writer, write_item, write_text
from pyperunner_keys.errors import UnencodableError
from pyperunner_keys.names import importable_name
from pyperunner_keys.project import is_own_class

__all__ = ["attributes_of", "left_behind", "own_state", "write_class", "write_state"]


def write_class(cls: type[object], out: Writer) -> None:
    """Write which class a value belongs to; one of the user's own counts with its code."""
    write_text(importable_name(str(cls.__module__)), out)
    write_text(class_name(cls), out)
    if is_own_class(cls):
        out.code(cls, out)


def write_state(state: Any, value: Any, out: Writer) -> None:
    """Write an instance's attributes, without those that are only remembered results of a ``cached_property``."""
    if state is None:
        state = {}
    if not isinstance(state, dict) or not all(type(name) is str for name in state):
        write_item(state, out)
        return
    cls = type(value)
    notes = _NOTES if _is_wrapper(state) else _LIBRARY_NOTES
    names = sorted(name for name in state if name not in notes and not _is_remembered(cls, name, state[name]))
    out.buffer += b"a%d:" % len(names)
    name = ""
    try:
        for name in names:
            write_text(name, out)
            held = state[name]
            if name == "__dict__" and type(held) is dict:  # as pydantic has it
                held = {each: own for each, own in held.items() if not _is_remembered(cls, each, own)}
            write_item(held, out)
    except UnencodableError as error:
        raise error.below(f".{name}", value) from None


_LIBRARY_NOTES = frozenset({"__pydantic_fields_set__"})
"""Which fields pydantic was given."""
_NOTES = _LIBRARY_NOTES | {
    *("__module__", "__name__", "__qualname__", "__doc__", "__type_params__"),
    *("__annotations__", "__annotate__"),  # the second since 3.14, in the place of the first
}
"""The same, and what ``functools.update_wrapper`` leaves in an object that wraps a function."""


def _is_wrapper(state: dict[str, Any]) -> bool:
    """Say whether some state is that of an object which has its name from a function that it wraps."""
    if "__wrapped__" in state:
        return True
    name, doc = state.get("__name__"), state.get("__doc__")
    return (name is not None or doc is not None) and any(
        isinstance(held, (types.FunctionType, type))
        and (held.__name__ == name or (doc is not None and held.__doc__ is doc))
        for held in list(state.values())
    )


def _is_remembered(cls: type[object], name: str, value: Any) -> bool:
    """Say whether an attribute is there only because someone has asked: a ``cached_property``, or a library."""
    if isinstance(getattr(cls, name, None), functools.cached_property):
        return True
    # Accessors that were used, and places for notes in which none is.
    empty = name in ("_attrs", "_encoding") and value
    library = "" if empty else _REMEMBERED.get(name, "")
    if library == "attrs":
        return hasattr(cls, "__attrs_attrs__")
    return bool(library) and any(str(base.__module__).partition(".")[0] == library for base in cls.__mro__)


_REMEMBERED = {
    **dict.fromkeys(("_cache", "_attrs", "_encoding"), "xarray"),
    # What looking at the indices has shown.
    **dict.fromkeys(("_has_sorted_indices", "_has_canonical_format"), "scipy"),
    "_ufunc": "numpy",  # what `vectorize` made for its first call
    "_attrs_cached_hash": "attrs",
}
"""Attributes that libraries fill when someone asks, with the library whose classes have them."""


def attributes_of(value: Any) -> dict[str, Any]:
    """Return the ``__dict__`` of a value, if it has one; a ``__getattr__`` of its own is not asked.

    Args:
        value: Any instance.
    """
    try:
        found: dict[str, Any] = object.__getattribute__(value, "__dict__")
    except AttributeError:
        return {}
    return found


def own_state(value: Any, base: type[object] = object) -> dict[str, Any]:
    """Return what an instance holds in ``__dict__`` and slots.

    Args:
        value: Any instance.
        base: A base class whose own slots are left out.
    """
    found = dict(attributes_of(value))
    for name in _slots(type(value), base):
        try:
            found[name] = object.__getattribute__(value, name)
        except AttributeError:
            continue
    return found


def _slots(cls: type[object], base: type[object] = object) -> list[str]:
    # copyreg keeps this helper for exactly this purpose; it knows about mangled and inherited slots.
    known: list[str] = copyreg._slotnames(base)  # type: ignore[attr-defined]
    return [name for name in copyreg._slotnames(cls) if name not in known]  # type: ignore[attr-defined]


def left_behind(value: Any) -> dict[str, Any]:
    """Return what a pickle may forget: attributes of a subclass of a type whose own reduction knows no attributes.

    Args:
        value: Any instance, such as one of a subclass of ``Counter``.
    """
    cls = type(value)
    owner = next(base for base in cls.__mro__ if "__reduce_ex__" in vars(base) or "__reduce__" in vars(base))
    if owner is object or is_own_class(owner) or not (is_own_class(cls) or _is_standard(owner) > _is_standard(cls)):
        return {}
    return own_state(value, owner)


def _is_standard(cls: type[object]) -> bool:
    return str(cls.__module__).partition(".")[0] in sys.stdlib_module_names
