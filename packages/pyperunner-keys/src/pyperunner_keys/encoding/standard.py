"""Encoders of value types from the standard library, each for exactly its type.

They are found by name, so that a type's module is only ever imported by the program that uses it.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from pyperunner_keys.encoding.builtin import write_tuple
from pyperunner_keys.encoding.writer import Encoder, Writer, write_text
from pyperunner_keys.errors import UnencodableError
from pyperunner_keys.names import type_name

__all__ = ["STANDARD", "as_tagged", "standard_encoder", "zone_form"]

Parts = Callable[[Any], tuple[Any, ...]]


def as_tagged(tag: str, parts: Parts) -> Encoder:
    """Return an encoder that writes a type's tag and a tuple that says all about the value."""

    def write(value: Any, out: Writer) -> None:
        out.buffer += b"x"
        write_text(tag, out)
        try:
            found = parts(value)
        except Exception as error:  # a time zone of the user's may raise anything
            raise UnencodableError("", type_name(type(value)), f"it does not tell what it is: {error}") from error
        write_tuple(found, out)

    return write


def zone_form(zone: Any, offset: Any) -> tuple[Any, ...] | None:
    """Return what a time zone counts by: all it holds, and its offset at that moment, which its data may say."""
    return None if zone is None else (zone, offset)


def _zone(value: Any) -> tuple[Any, ...]:
    value.__reduce__()  # it refuses where the data came from a file of one's own
    return (value.key,)


def _decimal(value: Any) -> tuple[Any, ...]:
    sign, digits, exponent = value.as_tuple()
    return (sign, "".join(map(str, digits)), exponent)


def _date(value: Any) -> tuple[Any, ...]:
    return (value.year, value.month, value.day)


def _clock(value: Any) -> tuple[Any, ...]:
    zone = zone_form(value.tzinfo, value.utcoffset())
    return (value.hour, value.minute, value.second, value.microsecond, value.fold, zone)


def _pure(value: Any) -> tuple[Any, ...]:
    return ("pure", str(value))


def _concrete(value: Any) -> tuple[Any, ...]:
    return ("", str(value))


def _uuid(value: Any) -> tuple[Any, ...]:
    made_by = value.is_safe.value  # whether it was made in a way that no other process takes; mostly nobody knows
    return (value.bytes,) if made_by is None else (value.bytes, made_by)


_SHAPES: dict[str, tuple[str, str, Parts]] = {
    "date": ("datetime", "date", _date),
    "time": ("datetime", "time", _clock),
    "datetime": ("datetime", "datetime", lambda v: (*_date(v), *_clock(v))),
    "timedelta": ("datetime", "timedelta", lambda v: (v.days, v.seconds, v.microseconds)),
    "timezone": ("datetime", "timezone", lambda v: (v.utcoffset(None), v.tzname(None))),
    "Decimal": ("decimal", "decimal", _decimal),
    "Fraction": ("fractions", "fraction", lambda v: (v.numerator, v.denominator)),
    "UUID": ("uuid", "uuid", _uuid),
    "PurePosixPath": ("pathlib", "posix path", _pure),
    "PosixPath": ("pathlib", "posix path", _concrete),
    "PureWindowsPath": ("pathlib", "windows path", _pure),
    "WindowsPath": ("pathlib", "windows path", _concrete),
    "Pattern": ("re", "pattern", lambda v: (v.pattern, v.flags)),
    "ZoneInfo": ("zoneinfo", "zone", _zone),
}
"""By qualified name: module, tag, and what says all about a value."""


def standard_encoder(cls: type[object]) -> Encoder | None:
    """Return the encoder for a type of the standard library, or ``None``.

    Args:
        cls: Any type.
    """
    module, tag, parts = _SHAPES.get(cls.__qualname__, ("", "", None))
    if parts is None or getattr(sys.modules.get(module), cls.__qualname__, None) is not cls:
        return None
    return as_tagged(tag, parts)


STANDARD: dict[type[object], Encoder] = {
    range: as_tagged("range", lambda v: (v.start, v.stop, v.step)),
    slice: as_tagged("slice", lambda v: (v.start, v.stop, v.step)),
    memoryview: as_tagged("memoryview", lambda v: (v.format, v.shape, v.tobytes())),
    MappingProxyType: as_tagged("mapping proxy", lambda v: (dict(v),)),
    type(Ellipsis): as_tagged("Ellipsis", lambda _: ()),
    type(NotImplemented): as_tagged("NotImplemented", lambda _: ()),
}
