"""Encoders of numpy arrays and scalars: by dtype, shape and content, whatever their layout in memory."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from pyperunner_keys.encoding.instances import own_state, write_class, write_state
from pyperunner_keys.encoding.writer import Encoder, Writer, write_item, write_text
from pyperunner_keys.errors import UnencodableError
from pyperunner_keys.names import type_name

__all__ = ["encoder_of_array", "write_array", "write_numbers"]

_CHUNK = 1 << 17
"""Elements looked at in one go: a chunk stays in the processor's cache between the search for NaN and the hash."""


def encoder_of_array(value: Any) -> Encoder | None:
    """Return the encoder for a value of a numpy type, or ``None``."""
    np = sys.modules["numpy"]
    if isinstance(value, np.ma.MaskedArray):
        return _write_masked
    if isinstance(value, np.ndarray):
        return write_array if type(value) in (np.ndarray, np.memmap) else _write_subclass
    if isinstance(value, np.generic):
        return _write_scalar
    if isinstance(value, np.dtype):
        return _write_dtype
    if isinstance(value, np.ufunc):
        return _refuse_ufunc
    return None


def _refuse_ufunc(value: Any, out: Writer) -> None:
    raise UnencodableError("", "numpy.ufunc", "numpy does not tell which function it calls")


def _write_dtype(value: Any, out: Writer) -> None:
    out.buffer += b"y"
    write_item(_dtype_form(value), out)


def _dtype_form(dtype: Any) -> Any:
    """Return all that a dtype means; where the fields of a structure lie counts, for code that maps bytes sees it."""
    form = _bare_form(dtype)
    return {"dtype": form, "metadata": dict(dtype.metadata)} if dtype.metadata else form


def _bare_form(dtype: Any) -> Any:
    if dtype.names is not None:
        fields = [(name, _dtype_form(dtype.fields[name][0]), *dtype.fields[name][1:]) for name in dtype.names]
        return (fields, dtype.itemsize, dtype.isalignedstruct, type_name(dtype.type))
    if dtype.subdtype is not None:
        base, shape = dtype.subdtype
        return (_dtype_form(base), shape)
    if dtype.kind == "T":
        return (dtype.str, hasattr(dtype, "na_object"), getattr(dtype, "na_object", None), dtype.coerce)
    return f"{dtype.str} {dtype.name}" if dtype.kind == "V" else dtype.str


def write_array(value: Any, out: Writer) -> None:
    """Write dtype, shape and the elements in C order."""
    out.enter(value)
    out.buffer += b"n"
    write_item(_dtype_form(value.dtype), out)
    write_item(value.shape, out)
    _write_elements(value, out)
    out.leave()


def _write_scalar(value: Any, out: Writer) -> None:
    array = sys.modules["numpy"].asarray(value)
    if type(value).__module__.partition(".")[0] == "numpy":
        out.buffer += b"g"
        write_array(array, out)
    else:
        _write_derived(b"G", value, array, out)


def _write_subclass(value: Any, out: Writer) -> None:
    np = sys.modules["numpy"]
    _write_derived(b"m", value, np.ndarray.view(value, np.ndarray), out)


def _write_derived(tag: bytes, value: Any, array: Any, out: Writer) -> None:
    """Write a value of a subclass: its class, the elements, and its own state."""
    out.enter(value)
    out.buffer += tag
    write_class(type(value), out)
    write_array(array, out)
    write_state(own_state(value), value, out)
    out.leave()


def _write_masked(value: Any, out: Writer) -> None:
    np = sys.modules["numpy"]
    out.enter(value)
    out.buffer += b"M"
    write_class(type(value), out)
    write_item(None if value.mask is np.ma.nomask else np.asarray(value.mask), out)
    # Also what lies under the mask: `data` shows it, and a mask can be taken off.
    write_item(value.data, out)
    # `numpy.ma.masked` does not let its fill value be asked for.
    write_item("masked" if value is np.ma.masked else np.asarray(value.fill_value), out)
    write_item(value.hardmask, out)
    own = {name: own for name, own in own_state(value).items() if name not in _MASKED_STATE}
    noted = value._optinfo  # what is handed on to results
    write_state({**own, "_optinfo": noted} if noted else own, value, out)
    out.leave()


_MASKED_STATE = frozenset(
    ("_baseclass", "_basedict", "_fill_value", "_hardmask", "_isfield", "_mask", "_optinfo", "_sharedmask")
)
"""What numpy itself keeps in a masked array."""


def _write_elements(value: Any, out: Writer) -> None:
    dtype = value.dtype
    if dtype.names is not None:
        for name in dtype.names:
            _write_elements(value[name], out)
    elif dtype.kind == "T":
        _write_objects(value.astype(object), out)
    elif dtype.kind == "O":
        _write_objects(value, out)
    elif dtype.kind in "fc" and dtype.itemsize > (8 if dtype.kind == "f" else 16):
        # Extended precision: the bytes hold padding that says nothing.
        for number in value.flat:
            write_text(str(number), out)
    elif dtype.itemsize:
        write_numbers(value, out)


def write_numbers(value: Any, out: Writer) -> None:
    """Write the elements of an array of fixed width in C order, every NaN as the same one."""
    for chunk in _chunks(value):
        out.big(_same_nan(chunk) if value.dtype.kind in "fc" else memoryview(chunk.view("u1")))


def _write_objects(value: Any, out: Writer) -> None:
    index = 0
    try:
        for index, item in enumerate(value.flat):  # noqa: B007 - the error below needs it
            write_item(item, out)
    except UnencodableError as error:
        place = sys.modules["numpy"].unravel_index(index, value.shape)
        raise error.below(f"[{', '.join(map(str, place))}]", value) from None


def _chunks(value: Any) -> Iterator[Any]:
    """Yield contiguous pieces of one dimension in C order; those of a contiguous array are views."""
    np = sys.modules["numpy"]
    if not value.size:
        return
    if value.flags.c_contiguous:
        flat = value.reshape(-1)
        step = _CHUNK if value.dtype.kind in "fc" else flat.size
        for start in range(0, flat.size, step):
            yield flat[start : start + step]
    else:
        flags = ["external_loop", "buffered", "zerosize_ok"]
        for piece in np.nditer(value, flags=flags, order="C", buffersize=_CHUNK):
            yield np.ascontiguousarray(piece)


def _same_nan(chunk: Any) -> memoryview:
    """Return the bytes of a chunk of floats or complex numbers in which every NaN is the same one."""
    np = sys.modules["numpy"]
    numbers = chunk.view(chunk.real.dtype)
    # A sum is NaN if any of its terms is (or if infinities cancel), and costs less than asking each element.
    with np.errstate(all="ignore"):
        suspicious = np.isnan(numbers.sum())
    if suspicious:
        unknown = np.isnan(numbers)
        if unknown.any():
            numbers = numbers.copy()
            numbers[unknown] = np.nan
    return memoryview(numbers.view("u1"))
