"""Small numpy arrays and scalars as plain values."""

from __future__ import annotations

import base64
import math
import re
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pyperunner_dag.saved.values_code import Convert, Finder
    from pyperunner_dag.schema import Plain

__all__ = ["NUMPY_READERS", "numpy_to_plain"]

MAX_BYTES = 65_536
"""Larger arrays are not written into YAML."""

_READABLE = "biufcSU"
_COUNTED = "mM"
_SIMPLE = re.compile(r"[<>|=][biufcSUmM][0-9]{0,9}(\[[0-9]{0,9}[A-Za-z]{1,7}\])?").fullmatch
_SCALARS = (bool, int, float, complex, str, bytes)
_LONG = ("f12", "f16", "c24", "c32")


def _is_kept(dtype: Any) -> bool:
    """Say whether elements of this dtype are plain bytes of one meaning on every machine."""
    return dtype.kind in _READABLE + _COUNTED and dtype.str[1:] not in _LONG and dtype.itemsize <= MAX_BYTES


def numpy_to_plain(value: Any, inner: Convert) -> dict[str, Plain] | None:
    """Return a numpy scalar, or an array of plain elements, in plain values; ``None`` for all else.

    Args:
        value: The value.
        inner: Makes plain values of its parts.
    """
    numpy = sys.modules.get("numpy")
    if numpy is None or not (type(value) is numpy.ndarray or isinstance(value, numpy.generic)):
        return None
    dtype = value.dtype
    if not _is_kept(dtype):
        return None
    if not isinstance(value, numpy.ndarray):
        item = value.view("i8").item() if dtype.kind in _COUNTED else value.item()
        return {"$numpy": {"dtype": dtype.str, "value": inner(item)}}
    if value.nbytes > MAX_BYTES:
        return None
    order = "F" if value.flags.f_contiguous and not value.flags.c_contiguous else "C"
    data = base64.b64encode(value.tobytes(order)).decode()
    return {"$ndarray": {"dtype": dtype.str, "shape": list(value.shape), "order": order, "data": data}}


def _dtype(text: str) -> Any:
    """Return the dtype, if it is one that is kept: bytes read as object pointers would crash the process."""
    import numpy

    if not isinstance(text, str) or not _SIMPLE(text):  # numpy takes much else for a dtype
        raise ValueError(f"{text!r:.60} are elements that are not kept")
    dtype = numpy.dtype(text)
    if not _is_kept(dtype) or not dtype.itemsize:
        raise ValueError(f"arrays of {text} are not kept")
    return dtype


def _array(content: Plain, inner: Convert, find: Finder) -> Any:
    import numpy

    data = bytearray(base64.b64decode(content["data"], validate=True))
    dtype, shape = _dtype(content["dtype"]), tuple(content["shape"])
    if min(shape, default=0) < 0 or math.prod(shape) * dtype.itemsize != len(data):
        raise ValueError(f"{len(data)} bytes do not make an array of {dtype} with the shape {shape}")
    array = numpy.ndarray(shape, dtype, data, order=content["order"])
    return array.copy(order="K")


def _scalar(content: Plain, inner: Convert, find: Finder) -> Any:
    import numpy

    dtype = _dtype(content["dtype"])
    value = inner(content["value"])
    if type(value) not in _SCALARS:
        raise TypeError(f"it is made of a {type(value).__name__}")
    if dtype.kind == "S" and not isinstance(value, bytes):
        raise TypeError("it is made of no bytes")  # numpy makes as many as a number says
    return numpy.int64(value).view(dtype) if dtype.kind in _COUNTED else dtype.type(value)


NUMPY_READERS = {"$ndarray": _array, "$numpy": _scalar}
