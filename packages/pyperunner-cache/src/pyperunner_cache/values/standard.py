"""Standard types: how those of Python and its standard library are written and read, one beside the other."""

from __future__ import annotations

import re
import struct
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

import msgpack

from pyperunner_cache.errors import DamagedEntryError
from pyperunner_cache.values.packer import NotPlain
from pyperunner_cache.values.type_codes import Code

if TYPE_CHECKING:
    from pyperunner_cache.values.packer import Encoder, Packer
    from pyperunner_cache.values.unpacker import Decoder, Unpacker

__all__ = ["DECODERS", "ENCODERS", "SHAREABLE"]

_ZONE = (tzinfo, type(None))
_ZONE_KEY = re.compile(r"[A-Za-z0-9_+-]{1,40}(/[A-Za-z0-9_+-]{1,40}){0,3}").fullmatch
"""ZoneInfo opens a file of that name among the system's, or imports one of the package tzdata."""
_PATHS = ("PosixPath", "WindowsPath", "PurePosixPath", "PureWindowsPath")


def _write_int(packer: Packer, value: int) -> bytes:
    return value.to_bytes(value.bit_length() // 8 + 1, "little", signed=True)


def _read_bytearray(unpacker: Unpacker, data: bytes) -> bytearray:
    buffer = unpacker.place(data)
    return buffer if isinstance(buffer, bytearray) else bytearray(buffer)


def _write_set(packer: Packer, value: Any) -> bytes:
    """Write a set in the order of its members' bytes, so that equal sets have equal digests in every process."""
    members = sorted(packer.inner(item) for item in value)
    header: bytes = msgpack.Packer().pack_array_header(len(members))
    return header + b"".join(members)


def _write_range(packer: Packer, value: Any) -> bytes:
    return packer.inner([value.start, value.stop, value.step])


def _write_datetime(packer: Packer, value: Any) -> bytes:
    fields = [value.year, value.month, value.day, value.hour, value.minute, value.second, value.microsecond]
    return packer.inner([*fields, value.tzinfo, value.fold])


def _read_datetime(unpacker: Unpacker, data: bytes) -> Any:
    from datetime import datetime

    *fields, fold = unpacker.fields(data, *[int] * 7, _ZONE, int)
    return datetime(*fields, fold=fold)


def _read_date(unpacker: Unpacker, data: bytes) -> Any:
    from datetime import date

    return date(*unpacker.fields(data, int, int, int))


def _write_time(packer: Packer, value: Any) -> bytes:
    fields = [value.hour, value.minute, value.second, value.microsecond]
    return packer.inner([*fields, value.tzinfo, value.fold])


def _read_time(unpacker: Unpacker, data: bytes) -> Any:
    from datetime import time

    *fields, fold = unpacker.fields(data, *[int] * 4, _ZONE, int)
    return time(*fields, fold=fold)


def _write_timedelta(packer: Packer, value: Any) -> bytes:
    return packer.inner([value.days, value.seconds, value.microseconds])


def _read_timedelta(unpacker: Unpacker, data: bytes) -> Any:
    from datetime import timedelta

    days, seconds, microseconds = unpacker.fields(data, int, int, int)
    if not -86400 < seconds < 86400 or not 0 <= microseconds < 10**6:
        raise DamagedEntryError("it holds a timedelta that is none")
    return timedelta(days, seconds, microseconds)


def _write_timezone(packer: Packer, value: Any) -> bytes:
    return packer.inner(list(value.__getinitargs__()))


def _read_timezone(unpacker: Unpacker, data: bytes) -> Any:
    from datetime import timedelta, timezone

    fields = unpacker.items(data)
    return timezone.utc if fields == [timedelta(0)] else timezone(*fields)


def _write_zoneinfo(packer: Packer, value: Any) -> bytes:
    if value.key is None:
        raise NotPlain("ZoneInfo", "it has no key")
    return packer.inner(value.key)


def _read_zoneinfo(unpacker: Unpacker, data: bytes) -> Any:
    from zoneinfo import ZoneInfo

    key = unpacker.inner(data)
    if not isinstance(key, str) or not _ZONE_KEY(key):
        raise DamagedEntryError("it holds a time zone without a name")
    return ZoneInfo(key)


def _read_decimal(unpacker: Unpacker, data: bytes) -> Any:
    from decimal import Decimal

    text = unpacker.inner(data)
    if not isinstance(text, str):
        raise DamagedEntryError("it holds a decimal that is none")
    return Decimal(text)


def _write_fraction(packer: Packer, value: Any) -> bytes:
    return packer.inner([value.numerator, value.denominator])


def _read_fraction(unpacker: Unpacker, data: bytes) -> Any:
    from fractions import Fraction

    numerator, denominator = unpacker.fields(data, int, int)
    if denominator < 1:
        raise DamagedEntryError("it holds a fraction that is none")
    value: Any = object.__new__(Fraction)
    # As unpickling would not: it looks for a common divisor, which of large numbers takes minutes.
    value._numerator, value._denominator = numerator, denominator
    return value


def _write_uuid(packer: Packer, value: Any) -> bytes:
    return packer.inner([value.bytes, value.is_safe.value])


def _read_uuid(unpacker: Unpacker, data: bytes) -> Any:
    from uuid import UUID, SafeUUID

    packed, safe = unpacker.fields(data, bytes, (int, type(None)))
    return UUID(bytes=packed, is_safe=SafeUUID(safe))


def _write_path(packer: Packer, value: Any) -> bytes:
    return packer.inner([type(value).__name__, str(value)])


def _read_path(unpacker: Unpacker, data: bytes) -> Any:
    import pathlib

    name, text = unpacker.fields(data, str, str)
    if name not in _PATHS:
        raise DamagedEntryError(f"it holds a path of the unknown kind {name!r}")
    return getattr(pathlib, name)(text)


def _write_file(packer: Packer, value: Any) -> bytes:
    from pyperunner_keys import record

    return packer.inner(record(value).record())


def _read_file(unpacker: Unpacker, data: bytes) -> Any:
    from pyperunner_keys import FileState

    record = unpacker.inner(data)
    if type(record) is not dict:
        raise DamagedEntryError("it holds a file without a place")
    return FileState.of(record).item


ENCODERS: dict[tuple[str, str], tuple[Code, Encoder]] = {
    ("builtins", "int"): (Code.INT, _write_int),
    ("builtins", "tuple"): (Code.TUPLE, lambda packer, value: packer.inner(list(value))),
    ("builtins", "complex"): (Code.COMPLEX, lambda packer, value: struct.pack("<dd", value.real, value.imag)),
    ("builtins", "set"): (Code.SET, _write_set),
    ("builtins", "frozenset"): (Code.FROZENSET, _write_set),
    ("builtins", "range"): (Code.RANGE, _write_range),
    ("builtins", "slice"): (Code.SLICE, _write_range),
    ("builtins", "ellipsis"): (Code.ELLIPSIS, lambda packer, value: b""),
    ("datetime", "datetime"): (Code.DATETIME, _write_datetime),
    ("datetime", "date"): (Code.DATE, lambda packer, value: packer.inner([value.year, value.month, value.day])),
    ("datetime", "time"): (Code.TIME, _write_time),
    ("datetime", "timedelta"): (Code.TIMEDELTA, _write_timedelta),
    ("datetime", "timezone"): (Code.TIMEZONE, _write_timezone),
    ("zoneinfo", "ZoneInfo"): (Code.ZONEINFO, _write_zoneinfo),
    ("decimal", "Decimal"): (Code.DECIMAL, lambda packer, value: packer.inner(str(value))),
    ("fractions", "Fraction"): (Code.FRACTION, _write_fraction),
    ("uuid", "UUID"): (Code.UUID, _write_uuid),
    **{(module, name): (Code.PATH, _write_path) for module in ("pathlib", "pathlib._local") for name in _PATHS},
    ("pyperunner_keys", "File"): (Code.FILE, _write_file),
    ("pyperunner_keys", "Folder"): (Code.FOLDER, _write_file),
}
"""By module and qualified name, so that a type is known without importing its module."""

SHAREABLE = frozenset(ENCODERS) - {("builtins", "set"), ("builtins", "frozenset"), ("builtins", "slice")}
"""Those of them whose objects cannot change."""

DECODERS: dict[int, Decoder] = {
    Code.TUPLE: lambda unpacker, data: tuple(unpacker.items(data)),
    Code.INT: lambda unpacker, data: int.from_bytes(data, "little", signed=True),
    Code.COMPLEX: lambda unpacker, data: complex(*struct.unpack("<dd", data)),
    Code.BYTEARRAY: _read_bytearray,
    Code.SET: lambda unpacker, data: set(unpacker.members(data)),
    Code.FROZENSET: lambda unpacker, data: frozenset(unpacker.members(data)),
    Code.RANGE: lambda unpacker, data: range(*unpacker.fields(data, int, int, int)),
    Code.SLICE: lambda unpacker, data: slice(*unpacker.fields(data, *[object] * 3)),
    Code.ELLIPSIS: lambda unpacker, data: ...,
    Code.DATETIME: _read_datetime,
    Code.DATE: _read_date,
    Code.TIME: _read_time,
    Code.TIMEDELTA: _read_timedelta,
    Code.TIMEZONE: _read_timezone,
    Code.ZONEINFO: _read_zoneinfo,
    Code.DECIMAL: _read_decimal,
    Code.FRACTION: _read_fraction,
    Code.UUID: _read_uuid,
    Code.PATH: _read_path,
    Code.FILE: _read_file,
    Code.FOLDER: _read_file,
    Code.BYTES_PART: lambda unpacker, data: bytes(unpacker.place(data)),
    Code.STR_PART: lambda unpacker, data: str(unpacker.place(data), "utf-8", "surrogatepass"),
    Code.ROWS: lambda unpacker, data: unpacker.rows(data),
}
