"""Inert: classes of strangers found, judged and filled without running any code of theirs.

An attribute look-up can run a module's or a metaclass's ``__getattr__`` (and import what that imports), an assignment
a property's setter, a look-up of an enum's value its ``_missing_``. Where a file says which class and which attributes,
none of that may happen: here names are looked up in the dictionaries themselves, and attributes written into theirs.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping
from enum import Enum, EnumMeta, Flag, IntFlag
from types import FunctionType, GetSetDescriptorType, MemberDescriptorType, ModuleType, WrapperDescriptorType
from typing import Any

from pyperunner_text.light_dataclass import COMPARISONS

__all__ = ["fill", "find", "find_class", "member_of", "own_code", "static_attribute"]

_dict_of_module = vars(ModuleType)["__dict__"].__get__
_dict_of_class = vars(type)["__dict__"].__get__
_mro_of_class = vars(type)["__mro__"].__get__
_OF_ENUM = [method for method in map(vars(Enum).get, ("__hash__", "__eq__")) if method is not None]
_HARMLESS = [*_OF_ENUM, *COMPARISONS]
_LOOKUPS_OF_FLAGS = [vars(cls)["_missing_"] for cls in (Flag, IntFlag) if "_missing_" in vars(cls)]


def find(module: str, qualname: str) -> Any:
    """Return what an imported module has under a qualified name, ``None`` where it has nothing there.

    Args:
        module: Its name in ``sys.modules``; it is not imported.
        qualname: Names of classes, each in the one before, and the last one of anything.
    """
    found: Any = sys.modules.get(module)
    if not issubclass(type(found), ModuleType):
        return None
    space = _dict_of_module(found)
    for step in qualname.split("."):
        if space is None or step not in space:
            return None
        found = space[step]
        space = _dict_of_class(found) if issubclass(type(found), type) else None
    return found


def find_class(module: str, qualname: str) -> type | None:
    """Return the class that an imported module has under a qualified name, ``None`` where it has none there."""
    found = find(module, qualname)
    return found if issubclass(type(found), type) else None


def static_attribute(cls: type, name: str) -> Any:
    """Return what a class or one of its bases has in its dictionary under ``name``, else ``None``."""
    for base in _mro_of_class(cls):
        space = _dict_of_class(base)
        if name in space:
            return space[name]
    return None


def own_code(cls: type) -> str | None:
    """Return which method that Python calls by itself, on instances that are let go of or are keys, is its class's own.

    Methods that ``dataclass`` generates are not: they look at fields and do nothing else.
    """
    if static_attribute(cls, "__del__") is not None:
        return "__del__"
    hashing = static_attribute(cls, "__hash__")
    for name in ("__hash__", "__eq__") if hashing is not None else ():
        method = static_attribute(cls, name)
        generated = type(method) is FunctionType and method.__code__.co_filename == "<string>"
        if not (generated or type(method) is WrapperDescriptorType or method in _HARMLESS):
            return name
    return None


def fill(instance: object, attributes: Mapping[str, Any]) -> None:
    """Give a new instance its attributes: those in slots there, all others into its ``__dict__``.

    Raises:
        TypeError: It has no ``__dict__``, or its class has a descriptor of its own in that place.
    """
    cls, rest = type(instance), {}
    for name, value in attributes.items():
        slot = static_attribute(cls, name)
        if type(slot) is MemberDescriptorType:
            slot.__set__(instance, value)
        else:
            rest[name] = value
    if rest:
        space = static_attribute(cls, "__dict__")
        if type(space) is not GetSetDescriptorType:
            raise TypeError(f"instances of {cls.__name__} have no attribute {next(iter(rest))!r}")
        space.__get__(instance).update(rest)


def member_of(cls: type, which: str | int) -> Enum | None:
    """Return the member of an enum that has a name, or the combination of its flags that has a value, if there is one.

    Args:
        cls: Any class.
        which: A name, or the value of a combination.
    """
    members = _dict_of_class(cls).get("_member_map_")
    if Enum not in _mro_of_class(cls) or type(members) is not dict:
        return None
    if isinstance(which, str):
        member = members.get(which)
        return member if isinstance(member, Enum) else None
    natural = (
        type(cls) is EnumMeta
        and Flag in _mro_of_class(cls)
        and static_attribute(cls, "_missing_") in _LOOKUPS_OF_FLAGS
        and _dict_of_class(cls).get("_member_type_") in (object, int)
    )
    known = 0
    for member in members.values() if natural else ():
        known |= int(member._value_)
    combination: Enum | None = cls(which) if natural and which >= 0 and not which & ~known else None
    return combination
