"""Kinds of code: the user's own or not, whole or put together from other code, importable, compiled."""

from __future__ import annotations

import functools
import sys
import types
from importlib.machinery import EXTENSION_SUFFIXES
from typing import TYPE_CHECKING, Any

from pyperunner_keys.encoding.instances import attributes_of
from pyperunner_keys.encoding.plain import encode_plain
from pyperunner_keys.errors import UnencodableError
from pyperunner_keys.names import type_name
from pyperunner_keys.project import family, is_own_class, is_own_globals
from pyperunner_text.signatures import takes_any_keyword

if TYPE_CHECKING:
    from collections.abc import Mapping

__all__ = [
    "STRUCTURES",
    "held",
    "is_compiled",
    "is_compiled_file",
    "is_held",
    "is_importable",
    "is_own_code",
    "is_structure",
    "own_subclasses",
    "structure_parts",
    "wrapped_parts",
]


_LAZY: Any = getattr(types, "LazyImportType", ())
"""What stands for a lazy import in the globals of a module until its name is used (3.15)."""


def held(names: Mapping[str, Any], name: str, otherwise: Any = None) -> Any:
    """Return what a module holds under a name; a lazy import is carried out, as the use of the name would.

    Args:
        names: Globals of the module.
        name: The name.
        otherwise: What to return where there is none, or where the import fails.
    """
    value = names.get(name, otherwise)
    if isinstance(value, _LAZY):
        try:
            return value.resolve()
        except Exception:  # whatever the module raises; the code that uses the name will meet it
            return otherwise
    return value


def is_own_code(value: object) -> bool:
    """Say whether a value is a function, class or module of the user's own, which makes a part of its own."""
    if isinstance(value, types.FunctionType):
        return is_own_globals(value.__globals__)
    if isinstance(value, type) and not isinstance(value, types.GenericAlias):  # list[int] passes for one on 3.10
        return is_own_class(value)
    return isinstance(value, types.ModuleType) and is_own_globals(vars(value))


def own_subclasses(cls: type[object]) -> list[type[object]]:
    """Return the direct subclasses of a class that modules of the user's own hold, in the order of their names.

    Others come and go: what a decorator has replaced lives until the next garbage collection.
    """
    found = {f"{each.__module__}.{each.__qualname__}": each for each in type.__subclasses__(cls) if is_held(each)}
    return [each for _, each in sorted(found.items())]


def is_held(cls: type[object]) -> bool:
    """Say whether a class of the user's own is what its module holds under its name."""
    held: Any = sys.modules.get(cls.__module__)
    for name in cls.__qualname__.split("."):
        held = getattr(held, name, None)
    return held is cls and is_own_class(cls)


def is_compiled(module: types.ModuleType) -> bool:
    """Say whether a module is an extension made from C or the like."""
    return is_compiled_file(str(getattr(module, "__file__", "")))


def is_compiled_file(path: str) -> bool:
    """Say whether a file is an extension made from C or the like, by its name."""
    return path.endswith(tuple(EXTENSION_SUFFIXES))


def is_structure(value: object) -> bool:
    """Say whether a value is code put together from other code: a partial, a wrapper, a bound method, a property."""
    return isinstance(value, (*STRUCTURES, types.MethodType)) or bool(wrapped_parts(value))


STRUCTURES: dict[type[object], tuple[str, ...]] = {
    functools.partial: ("func", "args", "keywords"),
    functools.partialmethod: ("func", "args", "keywords"),
    functools.cached_property: ("func",),
    functools.singledispatchmethod: ("dispatcher",),
    staticmethod: ("__func__",),
    classmethod: ("__func__",),
    property: ("fget", "fset", "fdel"),
}
"""Attributes that hold the parts, by the type of what is put together."""


def structure_parts(value: object, kind: type[object]) -> tuple[Any, ...]:
    """Return the parts of what is put together; keywords in the order in which they were given only where that shows.

    Args:
        value: What is put together.
        kind: Which of ``STRUCTURES`` it is.
    """
    found: dict[str, Any] = {name: getattr(value, name, None) for name in STRUCTURES[kind]}
    if "keywords" in found and not takes_any_keyword(found["func"]):
        found["keywords"] = dict(sorted(found["keywords"].items()))
    return tuple(found.values())


def is_importable(method: Any) -> bool:
    """Say whether a bound method is what a foreign module offers under its name, such as ``random.random``."""
    name = getattr(method, "__module__", None) or type(method.__self__).__module__
    module = sys.modules.get(str(name))
    if module is None or is_own_globals(vars(module)):
        return False
    return bool(getattr(module, method.__name__, None) == method)


def wrapped_parts(value: Any) -> tuple[Any, ...]:
    """Return what a foreign wrapper holds of the user's: what it wraps, its variables, a registry of functions."""
    if isinstance(value, types.FunctionType):
        return () if is_own_globals(value.__globals__) else _closure_parts(value)
    wrapped = None if isinstance(value, type) else _wrapped(value)
    return (wrapped,) if wrapped is not None and _is_users(wrapped) else ()


def _wrapped(value: Any) -> Any:
    """Return what ``functools.wraps`` noted; the object itself is not asked, for it may answer with code."""
    return attributes_of(value).get("__wrapped__")


def _closure_parts(value: types.FunctionType) -> tuple[Any, ...]:
    registry = getattr(value, "registry", None)
    if isinstance(registry, types.MappingProxyType) and value.__globals__.get("__name__") == "functools":
        # Which function is called depends on the types, and not on which was registered first.
        return (sorted(registry.items(), key=lambda pair: type_name(pair[0])),)
    wrapped = _wrapped(value)
    if family(value.__globals__.get("__name__")):
        return (wrapped,) if wrapped is not None else ()
    cells = [cell.cell_contents for cell in value.__closure__ or () if _is_filled(cell)]
    if not any(_is_users(item) for item in (wrapped, *cells)):
        return ()
    others = tuple(item for item in cells if item is not wrapped and _is_encodable(item))
    return (wrapped, *others)


def _is_filled(cell: types.CellType) -> bool:
    try:
        return cell.cell_contents is not cell
    except ValueError:
        return False


def _is_users(value: Any, depth: int = 0) -> bool:
    """Say whether a function is the user's own, or wraps one that is."""
    if depth > 20:
        return False
    if isinstance(value, (types.FunctionType, type)) and is_own_code(value):
        return True
    inner = None if isinstance(value, type) else _wrapped(value)
    return inner is not None and _is_users(inner, depth + 1)


def _is_encodable(value: object) -> bool:
    """Say whether a wrapper's variable can count; its locks, caches and other tools do not."""
    if is_own_code(value):
        return True
    try:
        encode_plain(value, lambda item, out: None)
    except UnencodableError:
        return False
    return True
