"""Functions, classes, and what is made of the user's own classes, as plain values: by the name they are imported by."""

from __future__ import annotations

import dataclasses
import functools
import sys
import types
from collections.abc import Iterator, Mapping
from enum import Enum, Flag
from typing import TYPE_CHECKING, Any

from pyperunner_text.inert import fill, member_of, static_attribute

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TypeAlias

    from pyperunner_dag.schema import Plain

    Convert: TypeAlias = Callable[[Any], Any]
    """Turns a part of a value into its plain form, or back."""
    Finder: TypeAlias = Callable[[str], Any]
    """Gets a class or function by ``'module:qualified name'``; it decides what may be imported."""

__all__ = ["CODE_READERS", "code_to_plain", "follow", "references"]


def follow(module: object, qualname: str) -> Any:
    """Return what a qualified name stands for in a module.

    Raises:
        AttributeError: Nothing.
    """
    return functools.reduce(getattr, qualname.split("."), module)


def _reference(obj: object) -> str | None:
    """Return ``'module:qualified name'`` of a function or class if that leads back to it."""
    from pyperunner_keys import importable_name

    module, qualname = getattr(obj, "__module__", None), getattr(obj, "__qualname__", None)
    if not isinstance(module, str) or not isinstance(qualname, str):
        return None
    try:
        found = follow(sys.modules.get(module), qualname)
    except AttributeError:
        return None
    return f"{importable_name(module)}:{qualname}" if found is obj else None


def code_to_plain(value: object, inner: Convert) -> dict[str, Plain] | None:
    """Return a function, class, partial, enum member or dataclass instance in plain values; ``None`` for all else.

    Args:
        value: The value.
        inner: Makes plain values of its parts.
    """
    if isinstance(value, type):
        return {"$class": _reference(value)}
    if isinstance(value, (types.FunctionType, types.BuiltinFunctionType)):
        return {"$function": _reference(value)}
    if type(value) is functools.partial:
        parts = {"function": inner(value.func), "args": list(map(inner, value.args))}
        return {"$partial": {**parts, "keywords": inner(value.keywords)}}
    reference = _reference(type(value))
    if reference is None:
        return None
    if isinstance(value, Enum):
        which = {"value": inner(value.value)} if isinstance(value, Flag) else {"name": value.name}
        return {"$enum": {"type": reference, **which}}
    if dataclasses.is_dataclass(value):
        names = [field.name for field in dataclasses.fields(value)]
        if all(hasattr(value, name) for name in names) and set(getattr(value, "__dict__", ())) <= set(names):
            return {"$dataclass": {"type": reference, "fields": {name: inner(getattr(value, name)) for name in names}}}
    return None


def references(plain: Plain) -> Iterator[str]:
    """Yield every ``'module:qualified name'`` in the saved form of a value, so that it can be judged before use."""
    stack = [plain]
    while stack:
        item = stack.pop()
        if isinstance(item, list):
            stack.extend(item)
        elif isinstance(item, Mapping):
            stack.extend(item.values())
            for tag in CODE_READERS.keys() & item.keys():
                content = item[tag]
                name = content.get("type") if isinstance(content, Mapping) else content
                if isinstance(name, str):
                    yield name


def _found(content: Plain, inner: Convert, find: Finder) -> Any:
    return find(content)


def _partial(content: Plain, inner: Convert, find: Finder) -> Any:
    return functools.partial(inner(content["function"]), *map(inner, content["args"]), **inner(content["keywords"]))


def _enum(content: Plain, inner: Convert, find: Finder) -> Any:
    kind, which = find(content["type"]), content["name"] if "name" in content else inner(content["value"])
    member = member_of(kind, which) if isinstance(kind, type) and isinstance(which, (str, int)) else None
    if member is None:
        raise ValueError(f"{content['type']} has no member {which!r:.60}")
    return member


def _dataclass(content: Plain, inner: Convert, find: Finder) -> Any:
    """Make an instance field by field, as unpickling would: ``__init__`` may compute, and here all is known."""
    kind, given = find(content["type"]), content["fields"]
    fields = static_attribute(kind, "__dataclass_fields__") if isinstance(kind, type) else None
    if fields is None:
        raise ValueError(f"{content['type']} is not a dataclass")
    names = {name for name, field in fields.items() if str(field._field_type) == "_FIELD"}  # no class variables
    if given.keys() != names:
        raise ValueError(f"{content['type']} has not these fields: {', '.join(map(str, given))!s:.200}")
    value = object.__new__(kind)
    fill(value, {name: inner(part) for name, part in given.items()})
    return value


CODE_READERS = {
    "$class": _found,
    "$function": _found,
    "$partial": _partial,
    "$enum": _enum,
    "$dataclass": _dataclass,
}
