"""Types beyond msgpack's own: which extension code each has, how it is written, what it holds."""

from __future__ import annotations

import copyreg
import struct
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import msgpack

from pyperunner_cache.values.classes import name_class
from pyperunner_cache.values.not_plain import Refusal
from pyperunner_cache.values.type_codes import Code

if TYPE_CHECKING:
    from pyperunner_cache.values.pack import Encoder, Packer

__all__ = ["children_of", "dataclass_state", "encoder_for", "is_shareable"]

_NATURAL_STATE = (None, getattr(object, "__getstate__", None))


def encoder_for(cls: type, value: Any, pickles: bool = True) -> tuple[Code, Encoder]:
    """Return the code and the writer for a value of type ``cls``.

    Raises:
        Refusal: The type has no exact plain form.
    """
    known = _ENCODERS.get((cls.__module__, cls.__qualname__))
    if known is None:
        known = _by_nature(cls, value, pickles)
    elif _is_impostor(cls):
        raise Refusal(cls.__name__, "its class only bears the name of a known one")
    return known


def is_shareable(cls: type) -> bool:
    """Say whether objects of this type cannot change, so that two equal ones are as good as the same one twice."""
    return (
        (cls.__module__, cls.__qualname__) in _SHAREABLE
        or (cls.__module__ == "numpy" and cls.__name__ not in ("ndarray", "MaskedArray", "void"))
        or _is_enum(cls)
    )


def children_of(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the values within a plain one, each with its step in the path."""
    cls = type(value)
    if cls in (set, frozenset):
        for item in value:
            yield "{…}", item
    elif cls is slice:
        yield from ((".start", value.start), (".stop", value.stop), (".step", value.step))
    elif issubclass(cls, tuple):
        for at, item in enumerate(value):
            yield f".{cls._fields[at]}", item  # type: ignore[attr-defined]
    elif hasattr(cls, "__dataclass_fields__"):
        for name, item in dataclass_state(value).items():
            yield f".{name}", item


def dataclass_state(value: Any) -> dict[str, Any]:
    """Return all attributes of a dataclass instance."""
    state = dict(getattr(value, "__dict__", ()))
    for cls in type(value).__mro__:
        slots = cls.__dict__.get("__slots__", ())
        for name in (slots,) if isinstance(slots, str) else slots:
            if name not in ("__dict__", "__weakref__") and hasattr(value, name):
                state[name] = getattr(value, name)
    return state


def _is_impostor(cls: type) -> bool:
    if cls is type(...):
        return False
    import sys

    found: Any = sys.modules.get(cls.__module__)
    for step in cls.__qualname__.split("."):
        found = getattr(found, step, None)
    return found is not cls


def _is_enum(cls: type) -> bool:
    from enum import Enum

    return issubclass(cls, Enum)


def _by_nature(cls: type, value: Any, pickles: bool) -> tuple[Code, Encoder]:
    if cls.__module__.partition(".")[0] in ("numpy", "polars", "pandas"):
        from pyperunner_cache.values.arrays import library_encoder

        return library_encoder(cls, value, pickles)
    if _is_enum(cls):
        return Code.ENUM, _enum
    if issubclass(cls, tuple) and _is_namedtuple(cls, value):
        return Code.NAMEDTUPLE, _namedtuple
    if hasattr(cls, "__dataclass_fields__") and _is_natural_dataclass(cls):
        name_class(cls)
        return Code.DATACLASS, _dataclass
    raise Refusal(cls.__name__, "its type has no plain form")


def _reduces_naturally(cls: Any) -> bool:
    return cls.__reduce_ex__ is object.__reduce_ex__ and cls.__reduce__ is object.__reduce__


def _is_namedtuple(cls: type, value: Any) -> bool:
    fields = getattr(cls, "_fields", None)
    if not (_reduces_naturally(cls) and isinstance(fields, tuple) and len(fields) == len(value)):
        return False
    name_class(cls)
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


def _int(packer: Packer, value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)


def _members(packer: Packer, value: Any) -> bytes:
    """Write a set in the order of its members' bytes, so that equal sets have equal digests in every process."""
    members = sorted(packer.inner(item) for item in value)
    header: bytes = msgpack.Packer().pack_array_header(len(members))
    return header + b"".join(members)


def _zone(packer: Packer, zone: Any) -> Any:
    if zone is None:
        return None
    encoder_for(type(zone), zone)
    return zone


def _datetime(packer: Packer, value: Any) -> bytes:
    fields = [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond]
    return packer.inner([*fields, _zone(packer, value.tzinfo), value.fold])


def _time(packer: Packer, value: Any) -> bytes:
    fields = [value.hour, value.minute, value.second, value.microsecond]
    return packer.inner([*fields, _zone(packer, value.tzinfo), value.fold])


def _timezone(packer: Packer, value: Any) -> bytes:
    return packer.inner(list(value.__getinitargs__()))


def _zoneinfo(packer: Packer, value: Any) -> bytes:
    if value.key is None:
        raise Refusal("ZoneInfo", "it has no key")
    return packer.inner(value.key)


def _enum(packer: Packer, value: Any) -> bytes:
    cls, name = type(value), value._name_
    if name is not None and cls.__members__.get(name) is value:
        return packer.inner([*name_class(cls), name])
    if type(value._value_) is int:
        return packer.inner([*name_class(cls), value._value_])
    raise Refusal(cls.__name__, "it is no member of its enum")


def _namedtuple(packer: Packer, value: Any) -> bytes:
    return packer.inner([*name_class(type(value)), *value])


def _dataclass(packer: Packer, value: Any) -> bytes:
    return packer.inner([*name_class(type(value)), dataclass_state(value)])


def _on_disk(packer: Packer, value: Any) -> bytes:
    from pyperunner_keys import record

    return packer.inner(record(value).record())


_STDLIB: dict[tuple[str, str], tuple[Code, Encoder]] = {
    ("builtins", "int"): (Code.INT, _int),
    ("builtins", "tuple"): (Code.TUPLE, lambda packer, value: packer.inner(list(value))),
    ("builtins", "complex"): (Code.COMPLEX, lambda packer, value: struct.pack("<dd", value.real, value.imag)),
    ("builtins", "set"): (Code.SET, _members),
    ("builtins", "frozenset"): (Code.FROZENSET, _members),
    ("builtins", "range"): (Code.RANGE, lambda packer, value: packer.inner([value.start, value.stop, value.step])),
    ("builtins", "slice"): (Code.SLICE, lambda packer, value: packer.inner([value.start, value.stop, value.step])),
    ("builtins", "ellipsis"): (Code.ELLIPSIS, lambda packer, value: b""),
    ("datetime", "datetime"): (Code.DATETIME, _datetime),
    ("datetime", "date"): (Code.DATE, lambda packer, value: packer.inner([value.year, value.month, value.day])),
    ("datetime", "time"): (Code.TIME, _time),
    ("datetime", "timedelta"): (
        Code.TIMEDELTA,
        lambda packer, value: packer.inner([value.days, value.seconds, value.microseconds]),
    ),
    ("datetime", "timezone"): (Code.TIMEZONE, _timezone),
    ("zoneinfo", "ZoneInfo"): (Code.ZONEINFO, _zoneinfo),
    ("decimal", "Decimal"): (Code.DECIMAL, lambda packer, value: packer.inner(str(value))),
    ("fractions", "Fraction"): (
        Code.FRACTION,
        lambda packer, value: packer.inner([value.numerator, value.denominator]),
    ),
    ("uuid", "UUID"): (Code.UUID, lambda packer, value: packer.inner([value.bytes, value.is_safe.value])),
}
_PATHS: dict[tuple[str, str], tuple[Code, Encoder]] = {
    (module, name): (Code.PATH, lambda packer, value: packer.inner([type(value).__name__, str(value)]))
    for module in ("pathlib", "pathlib._local")
    for name in ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")
}
_FILES: dict[tuple[str, str], tuple[Code, Encoder]] = {
    ("pyperunner_keys", "File"): (Code.FILE, _on_disk),
    ("pyperunner_keys", "Folder"): (Code.FOLDER, _on_disk),
}
_ENCODERS = _STDLIB | _PATHS | _FILES
_SHAREABLE = frozenset(_ENCODERS) - {("builtins", "set"), ("builtins", "frozenset"), ("builtins", "slice")}
