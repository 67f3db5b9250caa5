"""Memory of columns, by the C interface of Arrow (https://arrow.apache.org/docs/format/CStreamInterface.html).

A column hands out its buffers through it without pyarrow, and without a Python object per row.
"""

from __future__ import annotations

import ctypes
from typing import Any

__all__ = ["bits_of"]

_NAME = b"arrow_array_stream"
_capsule: Any = ctypes.PYFUNCTYPE(ctypes.c_void_p, ctypes.py_object, ctypes.c_char_p)(
    ("PyCapsule_GetPointer", ctypes.pythonapi)
)


class _Array(ctypes.Structure):
    """``struct ArrowArray``."""


_Array._fields_ = [
    *((name, ctypes.c_int64) for name in ("length", "null_count", "offset", "n_buffers", "n_children")),
    ("buffers", ctypes.POINTER(ctypes.c_void_p)),
    *((name, ctypes.c_void_p) for name in ("children", "dictionary")),
    ("release", ctypes.CFUNCTYPE(None, ctypes.POINTER(_Array))),
    ("private_data", ctypes.c_void_p),
]


class _Stream(ctypes.Structure):
    """``struct ArrowArrayStream``."""

    _fields_ = (
        ("get_schema", ctypes.c_void_p),
        ("get_next", ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.POINTER(_Array))),
        *((name, ctypes.c_void_p) for name in ("get_last_error", "release", "private_data")),
    )


def bits_of(column: Any) -> bytes | None:
    """Return the bits of a column of truth values, the first row in the lowest one, or ``None`` if it hands out none.

    Args:
        column: Has no missing rows, and lies in one piece.
    """
    ask = getattr(column, "__arrow_c_stream__", None)
    if ask is None:
        return None
    capsule = ask()
    address = _capsule(capsule, _NAME)
    array = _Array()
    if _Stream.from_address(address).get_next(address, ctypes.byref(array)) != 0 or not array.release:
        return None
    try:
        if array.length != len(column) or array.offset % 8 or array.n_buffers != 2:
            return None
        size = (array.length + 7) // 8
        data = ctypes.string_at(array.buffers[1] + array.offset // 8, size) if size else b""
    finally:
        array.release(ctypes.byref(array))
    spare = -array.length % 8  # what lies there is no row
    return data[:-1] + bytes([data[-1] & (0xFF >> spare)]) if spare else data
