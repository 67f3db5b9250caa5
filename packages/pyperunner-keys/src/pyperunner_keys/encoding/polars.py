"""Encoders of polars frames and series: by names, dtypes and content, whatever their chunks."""

from __future__ import annotations

import sys
from typing import Any

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
    write_text(value.name, out)
    write_text(str(value.dtype), out)
    if (value.dtype.is_numeric() and value.dtype != pl.Decimal) or value.dtype.is_temporal():
        plain = value.to_physical()
        write_array(plain.is_null().to_numpy(), out)
        write_array(plain.fill_null(0).to_numpy(), out)
    else:
        # Text, nested values, decimals, categories: as Python objects, which do not depend on how polars keeps them.
        write_item(value.to_list(), out)
    out.leave()
