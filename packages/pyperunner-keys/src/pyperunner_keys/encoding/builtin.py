"""Encoders of Python's own value types, each for exactly its type."""

from __future__ import annotations

import math
import struct
import types
from collections.abc import Iterable
from typing import Any

from pyperunner_keys.encoding.writer import Encoder, Writer, write_item, write_text
from pyperunner_keys.errors import UnencodableError

__all__ = ["BUILTIN", "write_dict", "write_float", "write_list", "write_set", "write_tuple"]

_DOUBLE = struct.Struct(">d")
_NAN = b"f" + _DOUBLE.pack(math.nan)


def _write_none(value: None, out: Writer) -> None:
    out.buffer += b"N"


def _write_bool(value: bool, out: Writer) -> None:
    out.buffer += b"T" if value else b"F"


def _write_int(value: int, out: Writer) -> None:
    # Hexadecimal, because Python refuses to write very long decimals.
    out.buffer += b"i%x;" % value


def write_float(value: float, out: Writer) -> None:
    """Write eight bytes; every NaN is the same one."""
    out.buffer += b"f" + _DOUBLE.pack(value) if value == value else _NAN


def _write_complex(value: complex, out: Writer) -> None:
    out.buffer += b"c"
    write_float(value.real, out)
    write_float(value.imag, out)


def _write_bytes(value: bytes, out: Writer) -> None:
    out.buffer += b"b%d:" % len(value)
    out.big(value)


def _write_bytearray(value: bytearray, out: Writer) -> None:
    out.buffer += b"B%d:" % len(value)
    with memoryview(value) as view:
        out.big(view)


def _write_items(value: list[Any] | tuple[Any, ...], items: Iterable[Any], out: Writer) -> None:
    index = 0
    find = out.table.get
    try:
        for index, item in enumerate(items):  # noqa: B007 - the error below needs it
            (find(type(item)) or write_item)(item, out)
    except UnencodableError as error:
        raise error.below(f"[{index}]", value) from None
    out.leave()


def write_list(value: list[Any], out: Writer) -> None:
    """Write the length and the items of a list."""
    items = [*value]
    out.enter(value)
    out.buffer += b"l%d:" % len(items)
    _write_items(value, items, out)


def write_tuple(value: tuple[Any, ...], out: Writer) -> None:
    """Write the length and the items of a tuple."""
    out.enter(value)
    out.buffer += b"t%d:" % len(value)
    _write_items(value, value, out)


def write_dict(value: dict[Any, Any], out: Writer) -> None:
    """Write the pairs of a dict in their order."""
    out.enter(value)
    pairs = [*value.items()]  # at one moment, whatever other threads do
    out.buffer += b"d%d:" % len(pairs)
    find = out.table.get
    step = ""
    key: Any = None
    try:
        for key, item in pairs:
            step = "{key}"
            (find(type(key)) or write_item)(key, out)
            step = ""
            (find(type(item)) or write_item)(item, out)
    except UnencodableError as error:
        raise error.below(step or f"[{key!r}]", value) from None
    out.leave()


def write_set(value: set[Any] | frozenset[Any], out: Writer) -> None:
    """Write the members of a set in the order of their encodings."""
    out.enter(value)
    members = [*value]
    out.buffer += (b"z%d:" if isinstance(value, frozenset) else b"S%d:") % len(members)
    try:
        out.buffer += b"".join(sorted(map(out.apart, _as_written(members))))
    except UnencodableError as error:
        raise error.below("{member}", value) from None
    out.leave()


def _as_written(members: Iterable[Any]) -> Iterable[Any]:
    """Return functions in the order in which they are written: those of one name get their labels as they come."""
    found = [*members]
    if any(isinstance(each, types.FunctionType) for each in found):
        found.sort(key=_place)
    return found


def _place(member: Any) -> tuple[str, int, bytes, str]:
    if not isinstance(member, types.FunctionType):
        return "", 0, b"", ""
    code = member.__code__
    plain = [each for each in code.co_consts if isinstance(each, (int, float, str, bytes))]
    return member.__qualname__, code.co_firstlineno, code.co_code, repr(plain)


BUILTIN: dict[type[object], Encoder] = {
    type(None): _write_none,
    bool: _write_bool,
    int: _write_int,
    float: write_float,
    complex: _write_complex,
    str: write_text,
    bytes: _write_bytes,
    bytearray: _write_bytearray,
    list: write_list,
    tuple: write_tuple,
    dict: write_dict,
    set: write_set,
    frozenset: write_set,
}
