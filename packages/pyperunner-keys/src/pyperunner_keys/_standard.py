"""Encoders of value types from the standard library, each for exactly its type."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, datetime, time, timedelta, timezone, tzinfo
from decimal import Decimal
from fractions import Fraction
from pathlib import Path, PosixPath, PurePath, PurePosixPath, PureWindowsPath, WindowsPath
from typing import Any
from uuid import UUID

from pyperunner_keys._builtin import write_tuple
from pyperunner_keys._writer import ENCODERS, Encoder, Writer, write_text

__all__ = ["as_tagged", "zone_form"]


def as_tagged(tag: str, parts: Callable[[Any], tuple[Any, ...]]) -> Encoder:
    """Return an encoder that writes a type's tag and a tuple that says all about the value."""

    def write(value: Any, out: Writer) -> None:
        out.buffer += b"x"
        write_text(tag, out)
        write_tuple(parts(value), out)

    return write


def zone_form(zone: tzinfo | None, offset: timedelta | None) -> tuple[Any, ...] | None:
    """A zone counts by its key (``Europe/Berlin``) and by its offset at that moment."""
    if zone is None:
        return None
    if type(zone) is timezone:
        return (None, zone.tzname(None), offset)
    key = getattr(zone, "key", None) or getattr(zone, "zone", None)
    return (type(zone).__qualname__, key, offset)


def _decimal(value: Decimal) -> tuple[Any, ...]:
    sign, digits, exponent = value.as_tuple()
    return (sign, "".join(map(str, digits)), exponent)


def _path_text(value: PurePath) -> tuple[Any, ...]:
    return ("pure" if not isinstance(value, Path) else "", str(value))


_SHAPES: dict[type[Any], tuple[str, Callable[[Any], tuple[Any, ...]]]] = {
    date: ("date", lambda v: (v.year, v.month, v.day)),
    time: (
        "time",
        lambda v: (v.hour, v.minute, v.second, v.microsecond, v.fold, zone_form(v.tzinfo, v.utcoffset())),
    ),
    datetime: (
        "datetime",
        lambda v: (
            *(v.year, v.month, v.day, v.hour, v.minute, v.second, v.microsecond, v.fold),
            zone_form(v.tzinfo, v.utcoffset()),
        ),
    ),
    timedelta: ("timedelta", lambda v: (v.days, v.seconds, v.microseconds)),
    timezone: ("timezone", lambda v: (v.utcoffset(None), v.tzname(None))),
    Decimal: ("decimal", _decimal),
    Fraction: ("fraction", lambda v: (v.numerator, v.denominator)),
    UUID: ("uuid", lambda v: (v.bytes,)),
    PurePosixPath: ("posix path", _path_text),
    PosixPath: ("posix path", _path_text),
    PureWindowsPath: ("windows path", _path_text),
    WindowsPath: ("windows path", _path_text),
    re.Pattern: ("pattern", lambda v: (v.pattern, v.flags)),
    range: ("range", lambda v: (v.start, v.stop, v.step)),
    slice: ("slice", lambda v: (v.start, v.stop, v.step)),
    memoryview: ("memoryview", lambda v: (v.format, v.shape, v.tobytes())),
}
ENCODERS.update({kind: as_tagged(tag, parts) for kind, (tag, parts) in _SHAPES.items()})

ENCODERS[type(Ellipsis)] = as_tagged("Ellipsis", lambda _: ())
ENCODERS[type(NotImplemented)] = as_tagged("NotImplemented", lambda _: ())
