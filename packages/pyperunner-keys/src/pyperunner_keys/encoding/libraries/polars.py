"""Encoders of polars frames and series: by names, dtypes and content, whatever their chunks."""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from typing import Any

from pyperunner_keys.encoding.instances import attributes_of, own_state, write_class, write_state
from pyperunner_keys.encoding.libraries.arrow_memory import bits_of
from pyperunner_keys.encoding.libraries.numpy import write_array, write_numbers
from pyperunner_keys.encoding.standard import as_tagged
from pyperunner_keys.encoding.writer import Encoder, Writer, write_item, write_text
from pyperunner_keys.errors import UnencodableError

__all__ = ["encoder_of_frame"]


def encoder_of_frame(value: Any) -> Encoder | None:
    """Return the encoder for a value of a polars type, or ``None``."""
    pl = sys.modules["polars"]
    if isinstance(value, pl.DataFrame):
        return _write_frame
    if isinstance(value, pl.Series):
        return _write_series
    if isinstance(value, pl.LazyFrame):
        return _refuse_lazy
    if isinstance(value, pl.Expr):
        return _refuse_function if _PICKLE.search(value.__getstate__()) else None
    if isinstance(value, pl.DataType) or (isinstance(value, type) and issubclass(value, pl.DataType)):
        return as_tagged("polars dtype", _dtype_form)
    if type(value).__name__ == "Categories":
        return as_tagged("polars categories", lambda v: (v.name(), v.namespace(), v.physical()))
    return None


def _dtype_form(dtype: Any) -> tuple[Any, ...]:
    """Return name and state of a dtype; one without a state counts like its class."""
    if isinstance(dtype, type):
        return (dtype.__qualname__, {})
    return (type(dtype).__qualname__, dict(sorted(own_state(dtype).items())))


def _refuse_lazy(value: Any, out: Writer) -> None:
    raise UnencodableError("", "polars.LazyFrame", "it is a plan, not data; call .collect() first")


_PICKLE = re.compile(rb"\x80[\x04\x05]\x95")
"""How a pickle begins."""


def _refuse_function(value: Any, out: Writer) -> None:
    reason = "it holds a Python function as bytes, which do not say what that does"
    raise UnencodableError("", "polars.Expr", reason)


def _write_frame(value: Any, out: Writer) -> None:
    out.enter(value)
    out.buffer += b"P"
    _write_kind(value, sys.modules["polars"].DataFrame, out)
    write_item(value.shape, out)
    name = ""
    try:
        for name in value.columns:
            _write_series(value[name], out)
    except UnencodableError as error:
        raise error.below(f"[{name!r}]", value) from None
    out.leave()


def _write_series(value: Any, out: Writer) -> None:
    pl = sys.modules["polars"]
    out.enter(value)
    out.buffer += b"R%d:" % len(value)
    _write_kind(value, pl.Series, out)
    write_text(value.name, out)
    write_item(value.dtype, out)
    try:
        _write_rows(value, out)
    except UnencodableError:
        raise
    except Exception as error:  # polars has its own ways to say that it cannot
        reason = f"polars does not give its values: {error}"
        raise UnencodableError("", f"polars.Series of {value.dtype}", reason) from error
    out.leave()


_ROWS = 1 << 16
_AS_TEXT = ("Categorical", "Enum", "String")


def _write_rows(value: Any, out: Writer) -> None:
    """Write which rows are missing, and the others one behind the other: not as Python objects, which takes long."""
    pl = sys.modules["polars"]
    dtype = value.dtype
    write_item(value.null_count(), out)
    if value.null_count():
        write_array(value.is_null().to_numpy(), out)
    if isinstance(dtype, pl.Array):
        value, dtype = value.arr.to_list(), pl.List(dtype.inner)
    if isinstance(dtype, pl.Struct):
        for name in value.struct.fields:
            _write_series(value.struct.field(name), out)
    elif isinstance(dtype, pl.List):
        lengths = value.list.len().fill_null(0)
        write_array(lengths.to_numpy(), out)
        _write_series(value.filter(lengths > 0).explode(), out)
    elif dtype.is_decimal() or dtype in (pl.Int128, pl.UInt128):
        _write_wide(value.to_physical().fill_null(0), out)
    elif dtype == pl.Binary or dtype.base_type().__name__ in _AS_TEXT:
        _write_texts(value, out)
    elif dtype == pl.Boolean:
        _write_bits(value, out)
    elif dtype.is_numeric() or dtype.is_temporal():
        write_array(value.to_physical().fill_null(0).to_numpy(), out)
    else:
        write_item(value.to_list(), out)


def _write_wide(value: Any, out: Writer) -> None:
    """Write numbers of 128 bits, for which numpy has no type: those that need no more than 64 take no longer."""
    pl = sys.modules["polars"]
    wide = len(value) > 0 and not -(1 << 63) <= value.min() <= value.max() < 1 << 63
    write_item(wide, out)
    if wide:
        _write_texts(value, out)
    else:
        write_numbers(value.cast(pl.Int64).to_numpy(), out)


def _write_bits(value: Any, out: Writer) -> None:
    """Write truth values, eight to a byte; how many there are has been written."""
    value = (value.fill_null(False) if value.null_count() else value).rechunk()
    bits = bits_of(value)
    out.big(sys.modules["numpy"].packbits(value.to_numpy(), bitorder="little").tobytes() if bits is None else bits)


def _write_texts(value: Any, out: Writer) -> None:
    pl = sys.modules["polars"]
    is_binary = value.dtype == pl.Binary
    for piece in _pieces(value):
        lengths = piece.bin.size() if is_binary else piece.cast(pl.String).str.len_bytes()
        write_numbers(lengths.fill_null(0).to_numpy(), out)
    for piece in _pieces(value):
        whole = b"".join(piece.drop_nulls()) if is_binary else piece.cast(pl.String).str.join("").item().encode()
        out.big(whole)


def _pieces(value: Any) -> Iterator[Any]:
    """Yield the rows in pieces, so that copies of them stay small."""
    for start in range(0, len(value), _ROWS):
        yield value.slice(start, _ROWS)


def _write_kind(value: Any, known: type[object], out: Writer) -> None:
    """Write the class of what belongs to a subclass, and what was set on the object."""
    cls = type(value)
    held = {
        name: own for name, own in attributes_of(value).items() if name not in _STATE and not _is_name_space(cls, name)
    }
    if cls is not known or held:
        out.buffer += b"u"
        write_class(cls, out)
        write_state(held, value, out)


_STATE = frozenset(("_accessors", "_df", "_s"))
"""What polars itself keeps in a frame or series."""


def _is_name_space(cls: type[Any], name: str) -> bool:
    """Say whether an attribute is a name space that was registered, and used."""
    return any(type(vars(base).get(name)).__name__ == "NameSpace" for base in cls.__mro__)
