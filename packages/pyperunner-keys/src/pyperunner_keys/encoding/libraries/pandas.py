"""Encoders of pandas frames, series, indexes, dtypes and scalars: by class, labels, dtypes in full, and content."""

from __future__ import annotations

import sys
from typing import Any

from pyperunner_keys.encoding.instances import attributes_of, own_state, write_class, write_state
from pyperunner_keys.encoding.libraries.arrow import write_rows
from pyperunner_keys.encoding.libraries.numpy import write_array
from pyperunner_keys.encoding.standard import as_tagged, zone_form
from pyperunner_keys.encoding.writer import Encoder, Writer, write_item, write_text
from pyperunner_keys.errors import UnencodableError

__all__ = ["encoder_of_frame"]


def encoder_of_frame(value: Any) -> Encoder | None:
    """Return the encoder for a value of a pandas type, or ``None``."""
    pd = sys.modules["pandas"]
    for kind, encoder in (
        (pd.DataFrame, _write_frame),
        (pd.Series, _write_series),
        (pd.Index, _write_index),
        (pd.api.extensions.ExtensionDtype, _write_dtype),
    ):
        if isinstance(value, kind):
            return encoder
    if type(value) in (pd.Timestamp, pd.Timedelta):
        return _TIMESTAMP if type(value) is pd.Timestamp else _TIMEDELTA
    return _write_column if _is_known_array(value) else None


_TIMESTAMP = as_tagged("pandas timestamp", lambda v: (v.isoformat(), v.unit, zone_form(v.tzinfo, v.utcoffset())))
_TIMEDELTA = as_tagged("pandas timedelta", lambda v: (v.isoformat(), v.unit))


def _is_known_array(value: Any) -> bool:
    """Say whether an array is one of pandas' own; what others keep, only their pickles tell."""
    return isinstance(value, sys.modules["pandas"].api.extensions.ExtensionArray) and _is_of_pandas(type(value))


def _is_of_pandas(cls: type[Any]) -> bool:
    return str(cls.__module__).partition(".")[0] == "pandas"


def _head(kind: str, value: Any, known: type[Any], out: Writer) -> None:
    """Write what a value is, what pandas hands on by its ``_metadata``, and what someone has set on this object."""
    cls = type(value)
    out.enter(value)
    out.buffer += b"p"
    if cls is known:
        write_text(kind, out)
    else:
        write_text(f"{kind} subclass", out)
        write_class(cls, out)
    handed_on = {name: getattr(value, name, None) for name in cls._metadata if name not in known._metadata}
    write_state({**_set_on(value, _FRAME_STATE), **handed_on}, value, out)


def _set_on(value: Any, kept: frozenset[str]) -> dict[str, Any]:
    """Return the attributes of an object that neither pandas nor one of its accessors keeps there.

    Args:
        value: A frame, series or index.
        kept: What pandas keeps in such.
    """
    cls = type(value)
    found = {name: own for name, own in attributes_of(value).items() if name not in kept}
    return {name: own for name, own in found.items() if not _is_accessor(cls, name, own)}


def _is_accessor(cls: type[Any], name: str, own: Any) -> bool:
    """Say whether an attribute is an accessor that was used, be it pandas' own or one that was registered."""
    if not any(name in getattr(base, "_accessors", ()) for base in cls.__mro__) and not _is_of_pandas(type(own)):
        return False
    accessor = getattr(cls, name, None)  # of the class, it is what makes them
    # What `Series.dt` makes is of one of the classes that its own is derived from.
    return isinstance(accessor, type) and (isinstance(own, accessor) or issubclass(accessor, type(own)))


_FRAME_STATE = frozenset(
    {
        *("_attrs", "_cache", "_cacher", "_flags", "_is_copy", "_item_cache", "_metadata", "_mgr", "_name", "_subtyp"),
        "_typ",
    }
)
"""What pandas itself keeps in frames and series, …"""
_INDEX_STATE = frozenset(
    {
        *("_cache", "_codes", "_comparables", "_data", "_engine", "_freq", "_id", "_levels", "_name", "_names"),
        *("_no_setting_name", "_range", "_references", "_sortorder", "_tz", "sortorder"),
    }
)
"""… and in indexes."""


def _tail(value: Any, out: Writer) -> None:
    write_item(dict(value.attrs), out)
    write_item(value.flags.allows_duplicate_labels, out)
    out.leave()


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
    _tail(value, out)


def _write_series(value: Any, out: Writer) -> None:
    _head("series", value, sys.modules["pandas"].Series, out)
    write_item(value.name, out)
    _write_index(value.index, out)
    _write_column(_values(value), out)
    _tail(value, out)


def _write_index(value: Any, out: Writer) -> None:
    """Write kind, names and labels; of several levels, each with the labels that nobody uses."""
    pd = sys.modules["pandas"]
    out.enter(value)
    out.buffer += b"I"
    write_class(type(value), out)
    write_item(list(value.names), out)
    write_state(_set_on(value, _INDEX_STATE), value, out)
    if isinstance(value, pd.RangeIndex):
        write_item((value.start, value.stop, value.step), out)
    elif isinstance(value, pd.MultiIndex):
        write_item(value.sortorder, out)
        for level, codes in zip(value.levels, value.codes, strict=True):
            _write_index(level, out)
            write_array(codes.astype("i8"), out)
    else:
        write_item(getattr(value, "freq", None), out)
        _write_column(_values(value), out)
    out.leave()


def _values(value: Any) -> Any:
    """Return a numpy array where there is one underneath, else the extension array."""
    np = sys.modules["numpy"]
    return value.to_numpy() if isinstance(value.dtype, np.dtype) else value.array


def _write_dtype(dtype: Any, out: Writer) -> None:
    """Write the class of a dtype, its name, and what it says itself that makes it another one."""
    out.enter(dtype)
    out.buffer += b"Y"
    write_class(type(dtype), out)
    if type(dtype) is sys.modules["pandas"].CategoricalDtype:
        categories = dtype.categories
        write_item(None if categories is None else categories, out)
        write_item(dtype.ordered, out)
    else:
        write_text(str(dtype), out)
        for name in dtype._metadata:
            write_item(getattr(dtype, name), out)
    if not _is_of_pandas(type(dtype)):
        write_state(own_state(dtype), dtype, out)
    out.leave()


def _write_column(value: Any, out: Writer) -> None:
    np, pd = sys.modules["numpy"], sys.modules["pandas"]
    if isinstance(value, np.ndarray) or not _is_known_array(value):
        write_item(value, out)
        return
    dtype = value.dtype
    out.enter(value)
    out.buffer += b"E%d:" % len(value)
    write_text(type(value).__qualname__, out)
    write_item(dtype, out)
    if isinstance(dtype, pd.CategoricalDtype):
        write_array(value.codes.astype("i8"), out)
    elif hasattr(value, "asi8"):
        write_item(None if isinstance(dtype, pd.PeriodDtype) else getattr(value, "freq", None), out)
        write_array(value.asi8, out)
    elif isinstance(dtype, pd.IntervalDtype):
        _write_index(value.left, out)
        _write_index(value.right, out)
    elif isinstance(dtype, pd.SparseDtype):
        write_item(value.kind, out)
        write_array(value.sp_index.indices if value.kind == "integer" else _indices(value.sp_index), out)
        write_array(np.asarray(value.sp_values), out)
    elif isinstance(getattr(dtype, "numpy_dtype", None), np.dtype) and dtype.numpy_dtype.kind in "iufb":
        write_array(np.asarray(value.isna()), out)
        write_array(value.to_numpy(dtype=dtype.numpy_dtype, na_value=0), out)
    elif isinstance(dtype, pd.ArrowDtype) or getattr(dtype, "storage", "") == "pyarrow":
        write_rows(value.__arrow_array__(), out)
    else:
        write_array(_as_objects(value), out)
    out.leave()


def _indices(index: Any) -> Any:
    return index.to_int_index().indices


def _as_objects(value: Any) -> Any:
    try:
        return value.to_numpy(dtype=object)
    except Exception as error:  # pandas and pyarrow have their own ways to say that they cannot
        reason = f"its values cannot be had as Python objects: {error}"
        raise UnencodableError("", f"pandas.{type(value).__qualname__} of {value.dtype}", reason) from error
