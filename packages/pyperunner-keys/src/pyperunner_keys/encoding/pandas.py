"""Encoders of pandas frames, series, indexes and scalars: by labels, dtypes and content."""

from __future__ import annotations

import sys
from typing import Any

from pyperunner_keys.encoding.numpy import write_array
from pyperunner_keys.encoding.standard import as_tagged, zone_form
from pyperunner_keys.encoding.writer import Encoder, Writer, write_item, write_text
from pyperunner_keys.errors import UnencodableError
from pyperunner_keys.names import importable_name

__all__ = ["encoder_of_frame"]


def encoder_of_frame(value: Any) -> Encoder | None:
    """Return the encoder for a value of a pandas type, or ``None``."""
    pd = sys.modules["pandas"]
    for kind, encoder in (
        (pd.DataFrame, _write_frame),
        (pd.Series, _write_series),
        (pd.Index, _write_index),
        (pd.api.extensions.ExtensionArray, _write_column),
        (pd.Timestamp, _TIMESTAMP),
        (pd.Timedelta, _TIMEDELTA),
    ):
        # NaT passes for a Timestamp; it has a reduction of its own.
        if isinstance(value, kind) and value is not pd.NaT:
            return encoder
    if isinstance(value, pd.api.extensions.ExtensionDtype):
        return as_tagged("pandas dtype", lambda v: (str(v),))
    return None


_TIMESTAMP = as_tagged("pandas timestamp", lambda v: (v.isoformat(), v.unit, zone_form(v.tzinfo, v.utcoffset())))
_TIMEDELTA = as_tagged("pandas timedelta", lambda v: (v.isoformat(), v.unit))


def _head(kind: str, value: Any, known: type[object], out: Writer) -> None:
    """Write what a value is, with its class where that is a subclass of the known one."""
    cls = type(value)
    out.enter(value)
    out.buffer += b"p"
    write_text(kind if cls is known else f"{kind} {importable_name(cls.__module__)}.{cls.__qualname__}", out)


def _write_frame(value: Any, out: Writer) -> None:
    _head("frame", value, sys.modules["pandas"].DataFrame, out)
    _write_index(value.index, out)
    _write_index(value.columns, out)
    label = None
    try:
        for position, label in enumerate(value.columns):  # noqa: B007 - the error below needs it
            _write_column(_values(value.iloc[:, position]), out)
    except UnencodableError as error:
        raise error.below(f"[{label!r}]", value) from None
    write_item(dict(value.attrs), out)
    out.leave()


def _write_series(value: Any, out: Writer) -> None:
    _head("series", value, sys.modules["pandas"].Series, out)
    write_item(value.name, out)
    _write_index(value.index, out)
    _write_column(_values(value), out)
    write_item(dict(value.attrs), out)
    out.leave()


def _write_index(value: Any, out: Writer) -> None:
    """Write labels and names; a range of labels equals the same labels written out."""
    out.buffer += b"I"
    write_item(list(value.names), out)
    for level in range(value.nlevels):
        _write_column(_values(value.get_level_values(level)), out)


def _values(value: Any) -> Any:
    """Return a numpy array where there is one underneath, else the extension array."""
    np = sys.modules["numpy"]
    return value.to_numpy() if isinstance(value.dtype, np.dtype) else value.array


def _write_column(value: Any, out: Writer) -> None:
    np, pd = sys.modules["numpy"], sys.modules["pandas"]
    if isinstance(value, np.ndarray):
        write_array(value, out)
        return
    dtype = value.dtype
    out.enter(value)
    out.buffer += b"E%d:" % len(value)
    write_text(str(dtype) if not isinstance(dtype, pd.CategoricalDtype) else "category", out)
    if isinstance(dtype, pd.CategoricalDtype):
        _write_index(dtype.categories, out)
        write_item(bool(dtype.ordered), out)
        write_array(value.codes.astype("i8"), out)
    elif isinstance(dtype, (pd.DatetimeTZDtype, pd.PeriodDtype)):
        write_array(value.asi8, out)
    elif isinstance(dtype, pd.IntervalDtype):
        _write_index(value.left, out)
        _write_index(value.right, out)
    elif isinstance(getattr(dtype, "numpy_dtype", None), np.dtype) and dtype.numpy_dtype.kind in "iufb":
        write_array(np.asarray(value.isna()), out)
        write_array(value.to_numpy(dtype=dtype.numpy_dtype, na_value=0), out)
    else:
        write_array(value.to_numpy(dtype=object), out)
    out.leave()
