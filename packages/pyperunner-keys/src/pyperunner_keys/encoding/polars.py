"""Encoders of polars frames and series: by names, dtypes and content, whatever their chunks."""

from __future__ import annotations

import sys
from typing import Any

from pyperunner_keys.encoding.instances import attributes_of, write_class, write_state
from pyperunner_keys.encoding.numpy import write_array
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
    if isinstance(value, pl.DataType) or (isinstance(value, type) and issubclass(value, pl.DataType)):
        return as_tagged("polars dtype", lambda v: (str(v),))
    return None


def _refuse_lazy(value: Any, out: Writer) -> None:
    raise UnencodableError("", "polars.LazyFrame", "it is a plan, not data; call .collect() first")


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
    write_text(str(value.dtype), out)
    try:
        _write_rows(value, out)
    except UnencodableError:
        raise
    except Exception as error:  # polars has its own ways to say that it cannot
        reason = f"polars does not give its values: {error}"
        raise UnencodableError("", f"polars.Series of {value.dtype}", reason) from error
    out.leave()


_AS_TEXT = ("Categorical", "Decimal", "Enum", "Int128", "String", "UInt128")
"""What is text, or has no type in numpy."""


def _write_rows(value: Any, out: Writer) -> None:
    """Write which rows are missing, and the others one behind the other: not as Python objects, which takes long."""
    np, pl = sys.modules["numpy"], sys.modules["polars"]
    dtype = value.dtype
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
    elif dtype.base_type().__name__ in _AS_TEXT:
        text = value.cast(pl.String)
        write_array(text.str.len_bytes().fill_null(0).to_numpy(), out)
        write_array(np.frombuffer(text.str.join("").item().encode(), "u1"), out)
    elif dtype == pl.Boolean:
        write_array(value.fill_null(False).to_numpy(), out)
    elif dtype.is_numeric() or dtype.is_temporal():
        write_array(value.to_physical().fill_null(0).to_numpy(), out)
    else:
        write_item(value.to_list(), out)


def _write_kind(value: Any, known: type[object], out: Writer) -> None:
    """Write the class and the own state of what belongs to a subclass."""
    if type(value) is not known:
        out.buffer += b"u"
        write_class(type(value), out)
        write_state({name: own for name, own in attributes_of(value).items() if name not in _STATE}, value, out)


_STATE = frozenset(("_accessors", "_df", "_s"))
"""What polars itself keeps in a frame or series."""
