"""Parts back to the value."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import msgpack

from pyperunner_cache.errors import CacheError, DamagedEntryError, ForeignEntryError
from pyperunner_cache.values.classes import find_class
from pyperunner_cache.values.type_codes import Code

if TYPE_CHECKING:
    from pyperunner_cache.ports import Buffer

__all__ = ["Unpacker", "unpack"]


def unpack(parts: Sequence[Buffer], *, pickles: bool = True) -> Any:
    """Return the value that `pack` made ``parts`` of.

    Args:
        parts: Skeleton and buffers, checked against the entry's digest before: a pickle among them is executed.
        pickles: Whether pickles, and imports of modules that classes live in, are allowed.

    Raises:
        ForeignEntryError: It holds a pickle where none is allowed, or a class that is gone.
        DamagedEntryError: The parts are no value.
    """
    unpacker = Unpacker(parts, pickles)
    try:
        return unpacker.inner(parts[0])
    except CacheError:
        raise
    except Exception as error:
        reason = f"its value cannot be rebuilt: {type(error).__name__}: {error}"
        raise (ForeignEntryError if unpacker.pickled else DamagedEntryError)(reason) from error


class Unpacker:
    """Rebuilds one value."""

    def __init__(self, parts: Sequence[Buffer], pickles: bool) -> None:
        self.parts, self.pickles = parts, pickles
        self.pickled = False

    def inner(self, data: Buffer) -> Any:
        """Return the value packed as ``data``."""
        return msgpack.unpackb(data, ext_hook=self._hook, strict_map_key=False, unicode_errors="surrogatepass")

    def buffer(self, place: int | bytes) -> Buffer:
        """Return the writable buffer that `Packer.place` stood for."""
        if isinstance(place, int):
            if place < 1:
                raise DamagedEntryError("it refers to a part that is none")
            return self.parts[place]
        return bytearray(place)

    def find_class(self, module: str, name: str) -> type:
        """Return the class of that name, importing its module where that is allowed."""
        return find_class(module, name, imports=self.pickles)

    def _hook(self, code: int, data: bytes) -> Any:
        decode = _DECODERS.get(code)
        if decode is None:
            decode = _library_decoder(code)
        return decode(self, data)


def _library_decoder(code: int) -> Callable[[Unpacker, bytes], Any]:
    if code == Code.PICKLE:
        from pyperunner_cache.values.pickling import unpickle_whole

        return unpickle_whole
    from pyperunner_cache.values.arrays import DECODERS

    if code in DECODERS:
        return DECODERS[Code(code)]
    raise ForeignEntryError(f"it holds a type with code {code}, which this release does not know")


def _bytes_part(unpacker: Unpacker, data: bytes) -> bytes:
    return bytes(unpacker.buffer(msgpack.unpackb(data)))


def _str_part(unpacker: Unpacker, data: bytes) -> str:
    return str(unpacker.buffer(msgpack.unpackb(data)), "utf-8", "surrogatepass")


def _bytearray(unpacker: Unpacker, data: bytes) -> bytearray:
    buffer = unpacker.buffer(msgpack.unpackb(data))
    return buffer if isinstance(buffer, bytearray) else bytearray(buffer)


def _rows(unpacker: Unpacker, data: bytes) -> list[Any]:
    rows = msgpack.unpackb(
        data, ext_hook=unpacker._hook, strict_map_key=False, unicode_errors="surrogatepass", use_list=False
    )
    return list(rows)


def _slice(unpacker: Unpacker, data: bytes) -> slice:
    return slice(*unpacker.inner(data))


def _datetime(unpacker: Unpacker, data: bytes) -> Any:
    from datetime import datetime

    *fields, fold = unpacker.inner(data)
    return datetime(*fields, fold=fold)


def _date(unpacker: Unpacker, data: bytes) -> Any:
    from datetime import date

    return date(*unpacker.inner(data))


def _time(unpacker: Unpacker, data: bytes) -> Any:
    from datetime import time

    *fields, fold = unpacker.inner(data)
    return time(*fields, fold=fold)


def _timedelta(unpacker: Unpacker, data: bytes) -> Any:
    from datetime import timedelta

    return timedelta(*unpacker.inner(data))


def _timezone(unpacker: Unpacker, data: bytes) -> Any:
    from datetime import timedelta, timezone

    fields = unpacker.inner(data)
    return timezone.utc if fields == [timedelta(0)] else timezone(*fields)


def _zoneinfo(unpacker: Unpacker, data: bytes) -> Any:
    from zoneinfo import ZoneInfo

    return ZoneInfo(unpacker.inner(data))


def _decimal(unpacker: Unpacker, data: bytes) -> Any:
    from decimal import Decimal

    return Decimal(unpacker.inner(data))


def _fraction(unpacker: Unpacker, data: bytes) -> Any:
    from fractions import Fraction

    return Fraction(*unpacker.inner(data))


def _uuid(unpacker: Unpacker, data: bytes) -> Any:
    from uuid import UUID, SafeUUID

    packed, safe = unpacker.inner(data)
    return UUID(bytes=packed, is_safe=SafeUUID(safe))


def _path(unpacker: Unpacker, data: bytes) -> Any:
    import pathlib

    name, text = unpacker.inner(data)
    if name not in ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath"):
        raise DamagedEntryError(f"it holds a path of the unknown kind {name!r}")
    return getattr(pathlib, name)(text)


def _on_disk(unpacker: Unpacker, data: bytes) -> Any:
    from pyperunner_keys import FileState

    return FileState.of(unpacker.inner(data)).item


def _enum(unpacker: Unpacker, data: bytes) -> Any:
    from enum import Enum

    module, name, member = unpacker.inner(data)
    cls: Any = unpacker.find_class(module, name)
    if not issubclass(cls, Enum):
        raise ForeignEntryError(f"it holds a {module}.{name}, which is not an enum any more")
    if isinstance(member, int):
        return cls(member)
    if member not in cls.__members__:
        raise ForeignEntryError(f"it holds {module}.{name}.{member}, which is gone")
    return cls.__members__[member]


def _namedtuple(unpacker: Unpacker, data: bytes) -> Any:
    module, name, *values = unpacker.inner(data)
    cls: Any = unpacker.find_class(module, name)
    if not issubclass(cls, tuple) or len(getattr(cls, "_fields", ())) != len(values):
        raise ForeignEntryError(f"it holds a {module}.{name} of {len(values)} fields, which is another class now")
    return tuple.__new__(cls, values)


def _dataclass(unpacker: Unpacker, data: bytes) -> Any:
    module, name, state = unpacker.inner(data)
    cls = unpacker.find_class(module, name)
    if "__dataclass_fields__" not in dir(cls):
        raise ForeignEntryError(f"it holds a {module}.{name}, which is not a dataclass any more")
    value: Any = object.__new__(cls)
    for attribute, item in state.items():
        object.__setattr__(value, attribute, item)
    return value


_DECODERS: dict[int, Callable[[Unpacker, bytes], Any]] = {
    Code.TUPLE: lambda unpacker, data: tuple(unpacker.inner(data)),
    Code.INT: lambda unpacker, data: int.from_bytes(data, "little", signed=True),
    Code.COMPLEX: lambda unpacker, data: complex(*struct.unpack("<dd", data)),
    Code.BYTEARRAY: _bytearray,
    Code.SET: lambda unpacker, data: set(unpacker.inner(data)),
    Code.FROZENSET: lambda unpacker, data: frozenset(unpacker.inner(data)),
    Code.RANGE: lambda unpacker, data: range(*unpacker.inner(data)),
    Code.SLICE: _slice,
    Code.ELLIPSIS: lambda unpacker, data: ...,
    Code.DATETIME: _datetime,
    Code.DATE: _date,
    Code.TIME: _time,
    Code.TIMEDELTA: _timedelta,
    Code.TIMEZONE: _timezone,
    Code.ZONEINFO: _zoneinfo,
    Code.DECIMAL: _decimal,
    Code.FRACTION: _fraction,
    Code.UUID: _uuid,
    Code.PATH: _path,
    Code.FILE: _on_disk,
    Code.FOLDER: _on_disk,
    Code.ENUM: _enum,
    Code.NAMEDTUPLE: _namedtuple,
    Code.DATACLASS: _dataclass,
    Code.BYTES_PART: _bytes_part,
    Code.STR_PART: _str_part,
    Code.ROWS: _rows,
}
