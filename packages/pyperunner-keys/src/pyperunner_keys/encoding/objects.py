"""Encoders of everything that has no encoder for its exact type: enums, dataclasses, instances, code."""

from __future__ import annotations

import enum
import functools
import sys
import types
from typing import Any

from pyperunner_keys.encoding.hints import counts_as_class, encoder_of_union
from pyperunner_keys.encoding.instances import attributes_of, left_behind, own_state, write_class, write_state
from pyperunner_keys.encoding.standard import as_tagged
from pyperunner_keys.encoding.subclasses import encoder_of_subclass
from pyperunner_keys.encoding.writer import Encoder, Writer, write_item, write_text
from pyperunner_keys.errors import UnencodableError
from pyperunner_keys.names import importable_name, type_name
from pyperunner_keys.project import is_own_class, is_own_globals

__all__ = ["encoder_of", "is_code", "state_of_member"]

CODE_TYPES: tuple[type[object], ...] = (
    type,
    types.FunctionType,
    types.BuiltinFunctionType,  # also methods of builtins, as in [].append
    types.MethodType,
    types.ModuleType,
    types.MethodDescriptorType,
    types.MethodWrapperType,
    types.WrapperDescriptorType,
    types.ClassMethodDescriptorType,
    staticmethod,
    classmethod,
    property,
    functools.partial,
    functools.partialmethod,
    functools.cached_property,
    functools.singledispatchmethod,
)
"""What is code rather than data: it counts by its fingerprint."""


def is_code(value: Any) -> bool:
    """Say whether a value counts by its fingerprint."""
    hint = counts_as_class(value)
    if hint is not None:
        return hint
    if isinstance(value, CODE_TYPES) or type(value).__name__ == "_lru_cache_wrapper":
        return True
    return type(value).__name__ == "ufunc" and any(
        getattr(sys.modules.get(name), value.__name__, None) is value for name in ("numpy", "scipy.special")
    )


def encoder_of(value: Any) -> Encoder:
    """Return the encoder for a value whose exact type has none of its own."""
    cls = type(value)
    if hasattr(cls, "__pyperunner_key__"):
        return _write_protocol
    if is_code(value):
        return _write_code
    if isinstance(value, enum.Enum):
        return _write_enum
    found = _library_encoder(cls, value) or encoder_of_union(value) or encoder_of_subclass(cls)
    return found or (_write_plain if _is_plain(cls) else _write_reduced)


def _is_plain(cls: Any) -> bool:
    """Say whether a dataclass keeps all it has in ``__dict__`` and slots, pickling left as it comes."""
    if not hasattr(cls, "__dataclass_fields__") or cls.__reduce_ex__ is not object.__reduce_ex__:
        return False
    state = getattr(cls, "__getstate__", None)
    ordinary = state is getattr(object, "__getstate__", None) or getattr(state, "__module__", "") == "dataclasses"
    return ordinary and cls.__reduce__ is object.__reduce__


def _library_encoder(cls: type[object], value: Any) -> Encoder | None:
    """Ask the encoders of libraries, but only of those that the program itself has imported."""
    for package in {base.__module__.partition(".")[0] for base in cls.__mro__ if isinstance(base.__module__, str)}:
        if package not in _LIBRARIES or package not in sys.modules:
            continue
        encoder = _LIBRARIES[package](value)
        if encoder is not None:
            return encoder
    return None


def _numpy(value: Any) -> Encoder | None:
    from pyperunner_keys.encoding.libraries.numpy import encoder_of_array

    return encoder_of_array(value)


def _pandas(value: Any) -> Encoder | None:
    from pyperunner_keys.encoding.libraries.pandas import encoder_of_frame

    return encoder_of_frame(value)


def _polars(value: Any) -> Encoder | None:
    from pyperunner_keys.encoding.libraries.polars import encoder_of_frame

    return encoder_of_frame(value)


def _pyarrow(value: Any) -> Encoder | None:
    from pyperunner_keys.encoding.libraries.arrow import encoder_of_arrow

    return encoder_of_arrow(value)


def _logging(value: Any) -> Encoder | None:
    # What a task logs, and under which name, is no part of what it computes.
    return as_tagged("logger", lambda _: ()) if isinstance(value, sys.modules["logging"].Logger) else None


_LIBRARIES = {"logging": _logging, "numpy": _numpy, "pandas": _pandas, "polars": _polars, "pyarrow": _pyarrow}


def _write_code(value: Any, out: Writer) -> None:
    out.code(value, out)


def _write_protocol(value: Any, out: Writer) -> None:
    out.enter(value)
    out.buffer += b"k"
    write_class(type(value), out)
    try:
        write_item(value.__pyperunner_key__(), out)
    except UnencodableError as error:
        raise error.below(".__pyperunner_key__()", value) from None
    out.leave()


def _write_enum(value: enum.Enum, out: Writer) -> None:
    """Write class and name: which value the name stands for, the code of the class says."""
    out.enter(value)
    out.buffer += b"e"
    write_class(type(value), out)
    # A combination of flags has no name of its own in every Python version.
    write_item(value._value_ if isinstance(value, enum.Flag) else value._name_, out)
    write_state(state_of_member(value), value, out)
    out.leave()


def state_of_member(value: enum.Enum) -> dict[str, Any]:
    """Return what a member of an enum holds beside name and value."""
    return {name: own for name, own in attributes_of(value).items() if not (name[:1] == name[-1:] == "_")}


def _write_plain(value: Any, out: Writer) -> None:
    out.enter(value)
    out.buffer += b"D"
    write_class(type(value), out)
    write_state(own_state(value), value, out)
    out.leave()


def _write_reduced(value: Any, out: Writer) -> None:
    """Write an instance by what pickling it would keep: how it is made, and its state."""
    cls = type(value)
    try:
        reduced = value.__reduce_ex__(4)
    except Exception as error:
        raise UnencodableError("", type_name(cls), _reason(error)) from error
    out.enter(value)
    out.buffer += b"o"
    write_class(cls, out)
    if isinstance(reduced, str):
        write_text(reduced, out)
        held = _state_of_named(value)
        if held:
            write_state(held, value, out)
    else:
        _write_recipe(value, reduced, out)
    out.leave()


_OF_TYPING = ("__bound__", "__constraints__", "__covariant__", "__contravariant__", "__supertype__")


def _state_of_named(value: Any) -> dict[str, Any]:
    """Return what is held by an instance that is pickled by its name alone: the name does not say what it holds."""
    if type(value).__module__ == "typing":
        held = {name: getattr(value, name, None) for name in _OF_TYPING}
        return {name: own for name, own in held.items() if own}
    return own_state(value) if is_own_class(type(value)) else {}


def _write_recipe(value: Any, reduced: tuple[Any, ...], out: Writer) -> None:
    make, args, state, items, pairs, put = (*reduced, None, None, None, None)[:6]
    cls = type(value)
    _write_name(make, cls, out)
    if put is not None:
        out.buffer += b"!"
        _write_name(put, cls, out)
    if getattr(make, "__name__", "") in ("__newobj__", "__newobj_ex__", "_reconstructor"):
        # The first argument is the class, which has just been written.
        args = args[1:]
    try:
        write_item(args, out)
    except UnencodableError as error:
        raise error.below(".__reduce__()", value) from None
    # With slots, the state is a pair: what is in __dict__, and what is in the slots.
    states = state if isinstance(state, tuple) and len(state) == 2 else (state,)
    out.buffer += b"%d;" % len(states)
    for part in states:
        write_state(part, value, out)
    forgotten = left_behind(value)
    if forgotten:
        write_state(forgotten, value, out)
    write_item(None if items is None else list(items), out)
    write_item(None if pairs is None else list(pairs), out)


def _write_name(function: Any, cls: type[object], out: Writer) -> None:
    """Write the name of what makes an object or puts its state back; code of the user's counts, and what that holds.

    Args:
        function: What is called.
        cls: The class of the object, which counts already.
        out: The encoding.
    """
    name = getattr(function, "__qualname__", type(function).__qualname__)
    write_text(f"{importable_name(getattr(function, '__module__', None) or '')}:{name}", out)
    owner: Any = getattr(function, "__self__", None)
    if isinstance(function, types.FunctionType):
        if is_own_globals(function.__globals__):
            out.code(function, out)
    elif isinstance(function, functools.partial):
        write_item((function.func, function.args, function.keywords), out)
    elif isinstance(function, type) or isinstance(owner, type):
        made: type[object] = function if isinstance(function, type) else owner
        if made is not cls and is_own_class(made):
            out.code(made, out)
    elif isinstance(function, types.MethodType):
        write_item((function.__func__, owner), out)
    elif isinstance(function, types.BuiltinFunctionType):
        if owner is not None and not isinstance(owner, types.ModuleType):
            write_item(owner, out)
    elif not hasattr(function, "__qualname__"):
        write_item(function, out)  # an object that can be called


def _reason(error: Exception) -> str:
    text = str(error).strip()
    return text[:1].lower() + text[1:] if text else type(error).__qualname__
