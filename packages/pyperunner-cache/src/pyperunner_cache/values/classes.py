"""Classes: how enums, named tuples and dataclasses are written and read, by module and qualified name.

Where pickles are allowed, a class is imported; elsewhere it is looked up without running any code of anybody, and one
whose instances would run code of their own is left alone.
"""

from __future__ import annotations

import copyreg
import importlib
import sys
from enum import Enum
from typing import TYPE_CHECKING, Any

from pyperunner_cache.errors import DamagedEntryError, ForeignEntryError
from pyperunner_cache.values.packer import NotPlain
from pyperunner_cache.values.type_codes import Code
from pyperunner_text.inert import fill, find_class, member_of, own_code, static_attribute

if TYPE_CHECKING:
    from pyperunner_cache.values.packer import Encoder, Packer
    from pyperunner_cache.values.unpacker import Decoder, Unpacker

__all__ = ["DECODERS", "attributes_of", "class_encoder", "is_enum"]

_NATURAL_STATE = (None, getattr(object, "__getstate__", None))


def class_encoder(cls: type, value: Any, pickles: bool) -> tuple[Code, Encoder]:
    """Return code and encoder for a value whose class is of one of the three kinds.

    Args:
        cls: Its class.
        value: The value.
        pickles: Whether a reader may run code of classes.

    Raises:
        NotPlain: It is of none, or has ways of its own to be pickled, or is not found by its name.
    """
    own = None if pickles else own_code(cls)
    if own is not None:
        raise NotPlain(cls.__name__, f"its class has a method {own} of its own")
    if is_enum(cls):
        return Code.ENUM, _write_enum
    if issubclass(cls, tuple) and _is_namedtuple(cls, value):
        return Code.NAMEDTUPLE, _write_namedtuple
    if hasattr(cls, "__dataclass_fields__") and _is_natural_dataclass(cls):
        _name_class(cls)
        return Code.DATACLASS, _write_dataclass
    raise NotPlain(cls.__name__, "its type has no plain form")


def is_enum(cls: type) -> bool:
    """Say whether ``cls`` is an enum."""
    return issubclass(cls, Enum)


def attributes_of(value: Any) -> dict[str, Any]:
    """Return all attributes of a dataclass instance, those in slots too."""
    state = dict(getattr(value, "__dict__", ()))
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                state[name] = getattr(value, name)
    return state


def _name_class(cls: type) -> list[str]:
    """Return module and qualified name under which any process finds ``cls``.

    Raises:
        NotPlain: It lives in ``__main__`` or in a function, or its name leads to something else.
    """
    module, name = cls.__module__, cls.__qualname__
    if module == "__main__":
        raise NotPlain(name, "its class is defined in __main__, where another process does not find it")
    found: Any = sys.modules.get(module)
    for step in name.split("."):
        found = getattr(found, step, None)
    if found is not cls:
        raise NotPlain(name, f"its class is not found as {module}.{name}")
    return [module, name]


def _named(packer: Packer, cls: type) -> list[str]:
    """Return module and qualified name of a class, and note that the value needs it."""
    module, name = _name_class(cls)
    packer.needs.classes.add((module, name))
    return [module, name]


def _find_class(module: str, name: str, *, imports: bool) -> type:
    """Return the class of that name.

    Args:
        module: Its module.
        name: Its qualified name.
        imports: Whether the module may be imported, and code of it run; otherwise it must have been already.

    Raises:
        ForeignEntryError: There is no such class (any more), or its module would have to be imported first.
    """
    if not isinstance(module, str) or not isinstance(name, str):
        raise DamagedEntryError("it holds an object of a class without a name")
    if not imports:
        return _find_imported(module, name)
    try:
        found: Any = importlib.import_module(module)
        for step in name.split("."):
            found = getattr(found, step)
    except (ImportError, AttributeError) as error:
        raise ForeignEntryError(f"it holds a {module}.{name}, which is gone: {error}") from None
    if not isinstance(found, type):
        raise ForeignEntryError(f"it holds a {module}.{name}, which is not a class any more")
    return found


def _find_imported(module: str, name: str) -> type:
    if module not in sys.modules:
        raise ForeignEntryError(f"it holds a {module}.{name}; with trust='safe' import {module} yourself first")
    found = find_class(module, name)
    if found is None:
        raise ForeignEntryError(f"it holds a {module}.{name}, which is gone")
    own = own_code(found)
    if own is not None:
        raise ForeignEntryError(f"it holds a {module}.{name}, whose {own} a store with trust='safe' does not run")
    return found


def _reduces_naturally(cls: Any) -> bool:
    return cls.__reduce_ex__ is object.__reduce_ex__ and cls.__reduce__ is object.__reduce__


def _is_namedtuple(cls: type, value: Any) -> bool:
    fields = getattr(cls, "_fields", None)
    if not (_reduces_naturally(cls) and isinstance(fields, tuple) and len(fields) == len(value)):
        return False
    _name_class(cls)
    return not getattr(value, "__dict__", None)


def _is_natural_dataclass(cls: type) -> bool:
    """Say whether instances are made of their attributes and nothing else: no pickling methods, no builtin base."""
    own = [getattr(cls, name, None) for name in ("__getstate__", "__setstate__")]
    return (
        all(method in _NATURAL_STATE or getattr(method, "__module__", "") == "dataclasses" for method in own)
        and _reduces_naturally(cls)
        and getattr(cls, "__new__") is object.__new__  # noqa: B009
        and not hasattr(cls, "__getnewargs__")
        and not hasattr(cls, "__getnewargs_ex__")
        and cls not in copyreg.dispatch_table
        and all(base is object or base.__flags__ & 1 << 9 for base in cls.__mro__)
    )


def _write_enum(packer: Packer, value: Any) -> bytes:
    cls, name = type(value), value._name_
    if name is not None and cls.__members__.get(name) is value:
        return packer.inner([*_named(packer, cls), name])
    if type(value._value_) is int:
        return packer.inner([*_named(packer, cls), value._value_])
    raise NotPlain(cls.__name__, "it is no member of its enum")


def _read_enum(unpacker: Unpacker, data: bytes) -> Any:
    module, name, which = unpacker.fields(data, str, str, (str, int))
    cls: Any = _find_class(module, name, imports=unpacker.pickles)
    if not is_enum(cls):
        raise ForeignEntryError(f"it holds a {module}.{name}, which is not an enum any more")
    if isinstance(which, int) and unpacker.pickles:
        return cls(which)
    member = member_of(cls, which)
    if member is None:
        raise ForeignEntryError(f"it holds {module}.{name}.{which}, which is gone")
    return member


def _write_namedtuple(packer: Packer, value: Any) -> bytes:
    return packer.inner([*_named(packer, type(value)), *value])


def _read_namedtuple(unpacker: Unpacker, data: bytes) -> Any:
    found = unpacker.items(data)
    if len(found) < 2:
        raise DamagedEntryError("it holds a named tuple without a name")
    module, name, *values = found
    cls = _find_class(module, name, imports=unpacker.pickles)
    fields, defaults = static_attribute(cls, "_fields"), static_attribute(cls, "_field_defaults")
    if issubclass(cls, tuple) and type(fields) is tuple and type(defaults) is dict and len(values) <= len(fields):
        gained = fields[len(values) :]
        if set(gained) <= defaults.keys():
            return tuple.__new__(cls, [*values, *(defaults[field] for field in gained)])
    raise ForeignEntryError(f"it holds a {module}.{name} of {len(values)} fields, which is another class now")


def _write_dataclass(packer: Packer, value: Any) -> bytes:
    return packer.inner([*_named(packer, type(value)), attributes_of(value)])


def _read_dataclass(unpacker: Unpacker, data: bytes) -> Any:
    module, name, state = unpacker.fields(data, str, str, dict)
    cls = _find_class(module, name, imports=unpacker.pickles)
    if static_attribute(cls, "__dataclass_fields__") is None or not set(map(type, state)) <= {str}:
        raise ForeignEntryError(f"it holds a {module}.{name}, which is not a dataclass any more")
    value: Any = object.__new__(cls)
    fill(value, state)
    return value


DECODERS: dict[int, Decoder] = {
    Code.ENUM: _read_enum,
    Code.NAMEDTUPLE: _read_namedtuple,
    Code.DATACLASS: _read_dataclass,
}
