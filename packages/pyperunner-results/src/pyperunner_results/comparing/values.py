"""Values compared: where two of them differ, in sentences short enough to read."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from itertools import islice, zip_longest
from typing import Any

from pyperunner_text.visible import visible

__all__ = ["where_differ"]

_CHARS = 60
_ABSENT = object()


def where_differ(before: Any, now: Any, limit: int = 20) -> list[str]:
    """Return what differs, one line for each place, none if the values are equal.

    Dicts, lists and tuples are followed, frames compared by rows and columns, arrays by shape, type and elements,
    anything else by ``==``.

    Args:
        before: A value.
        now: Another one.
        limit: Most lines to return; a last one then says that there are more.
    """
    found = list(islice(_differ(before, now, "", 0), limit + 1))
    return [*found[:limit], "… and more"] if len(found) > limit else found


def _differ(a: Any, b: Any, path: str, depth: int) -> Iterator[str]:
    if a is b:
        return
    at = f"{path}: " if path else ""
    if type(a) is not type(b):
        yield f"{at}{_type(a)} {_short(a)} → {_type(b)} {_short(b)}"
    elif depth > 50:
        yield f"{at}nested too deep to compare"
    elif isinstance(a, Mapping):
        for key in {**a, **b}:
            yield from _item(a.get(key, _ABSENT), b.get(key, _ABSENT), f"{path}[{_short(key)}]", depth)
    elif isinstance(a, (list, tuple)):
        if len(a) != len(b):
            yield f"{at}{len(a):,} → {len(b):,} items"
        for number, (x, y) in enumerate(zip_longest(a, b, fillvalue=_ABSENT)):
            yield from _item(x, y, f"{path}[{number}]", depth)
    else:
        by_kind = {"pandas": _pandas, "polars": _polars, "numpy": _numpy}.get(
            type(a).__module__.partition(".")[0], _plain
        )
        yield from (f"{at}{line}" for line in by_kind(a, b))


def _item(a: Any, b: Any, path: str, depth: int) -> Iterator[str]:
    if a is _ABSENT:
        yield f"{path}: added {_short(b)}"
    elif b is _ABSENT:
        yield f"{path}: removed {_short(a)}"
    else:
        yield from _differ(a, b, path, depth + 1)


def _plain(a: Any, b: Any) -> Iterator[str]:
    if isinstance(a, float) and math.isnan(a) and math.isnan(b):
        return
    try:
        equal = bool(a == b)
    except Exception as error:
        yield f"{_type(a)} cannot be compared ({type(error).__name__})"
        return
    if equal:
        return
    same_words = _short(a) == _short(b)
    yield f"{_type(a)} differs" if same_words else f"{_short(a)} → {_short(b)}"


def _numpy(a: Any, b: Any) -> Iterator[str]:
    import numpy as np

    if not isinstance(a, np.ndarray):
        yield from _plain(a, b)
        return
    if a.dtype != b.dtype:
        yield f"type {a.dtype} → {b.dtype}"
    if a.shape != b.shape:
        yield f"shape {a.shape} → {b.shape}"
        return
    unlike = a != b
    if a.dtype.kind in "fc" and b.dtype.kind in "fc":
        unlike = unlike & ~(np.isnan(a) & np.isnan(b))
    count = int(np.count_nonzero(unlike))
    if count:
        place = tuple(int(axis) for axis in np.argwhere(unlike)[0])
        where = f", first at {list(place)}" if place else ""
        yield f"{count:,} of {a.size:,} elements differ{where}: {_short(a[place])} → {_short(b[place])}"


def _pandas(a: Any, b: Any) -> Iterator[str]:
    import pandas as pd

    if isinstance(a, pd.Series):
        a, b = a.to_frame("values"), b.to_frame("values")
    if not isinstance(a, pd.DataFrame):
        yield from _plain(a, b) if not hasattr(a, "equals") else [] if a.equals(b) else [f"{_type(a)} differs"]
        return
    yield from _columns(list(a.columns), list(b.columns))
    if not a.index.equals(b.index):
        yield f"{len(a):,} → {len(b):,} rows" if len(a) != len(b) else "the index differs"
        return
    for name in (name for name in a.columns if name in b.columns):
        x, y = a[name], b[name]
        if not isinstance(x, pd.Series) or not isinstance(y, pd.Series):  # a column name given twice
            yield from [] if x.equals(y) else [f"column {_short(name)} differs"]
            continue
        if x.dtype != y.dtype:
            yield f"column {_short(name)}: type {x.dtype} → {y.dtype}"
        left, right = x.astype(object), y.astype(object)
        unlike = ((left != right) & ~(x.isna() & y.isna())).fillna(True).astype(bool)
        if unlike.any():
            first = unlike.to_numpy().argmax()
            label = _short(a.index[first])
            yield _rows(int(unlike.sum()), len(a), name, label, x.iloc[first], y.iloc[first])


def _polars(a: Any, b: Any) -> Iterator[str]:
    import polars as pl

    if isinstance(a, pl.Series):
        a, b = a.to_frame("values"), b.to_frame("values")
    if not isinstance(a, pl.DataFrame):
        yield from _plain(a, b)
        return
    yield from _columns(a.columns, b.columns)
    if a.height != b.height:
        yield f"{a.height:,} → {b.height:,} rows"
        return
    for name in (name for name in a.columns if name in b.columns):
        x, y = a[name], b[name]
        if x.dtype != y.dtype:
            yield f"column {_short(name)}: type {x.dtype} → {y.dtype}"
        elif not x.equals(y, null_equal=True):
            unlike = [
                row for row, (left, right) in enumerate(zip(x, y, strict=True)) if left is not right and left != right
            ]
            yield _rows(len(unlike), a.height, name, str(unlike[0]), x[unlike[0]], y[unlike[0]])


def _columns(before: list[Any], now: list[Any]) -> Iterator[str]:
    for name in now:
        if name not in before:
            yield f"column {_short(name)} added"
    for name in before:
        if name not in now:
            yield f"column {_short(name)} removed"
    if before != now and sorted(map(repr, before)) == sorted(map(repr, now)):
        yield "the order of the columns differs"


def _rows(count: int, total: int, name: Any, label: str, before: Any, now: Any) -> str:
    where = f"first at {label}: {_short(before)} → {_short(now)}"
    return f"column {_short(name)}: {count:,} of {total:,} rows differ, {where}"


def _type(value: Any) -> str:
    return type(value).__name__


def _short(value: Any) -> str:
    item = getattr(value, "item", None)
    if callable(item) and getattr(value, "shape", None) == ():
        value = item()
    try:
        text = visible(repr(value))
    except Exception:
        text = f"<{_type(value)}>"
    return text if len(text) <= _CHARS else f"{text[: _CHARS - 1]}…"
