"""Tables as files: CSV and Parquet, of frames of pandas and polars, Arrow tables, arrays, and builtins."""

from __future__ import annotations

import csv
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from pyperunner_cli.errors import CommandError

__all__ = ["is_table", "write_csv", "write_parquet"]


def is_table(value: Any) -> bool:
    """Say whether a value is a frame or an Arrow table, which a table's file holds without loss of meaning."""
    return bool(_library(value)) and hasattr(value, "columns")


def write_csv(value: Any, path: Path) -> None:
    """Write a table as CSV.

    Raises:
        CommandError: It is no table.
    """
    library = _library(value)
    if library == "pandas" and hasattr(value, "to_csv"):
        frame = value.to_frame() if getattr(value, "ndim", 2) == 1 else value
        frame.to_csv(path, index=not _is_numbered(frame))
    elif library == "polars":
        _polars_frame(value).write_csv(path)
    elif library == "pyarrow" and hasattr(value, "columns"):
        _write_rows([value.column_names, *zip(*(column.to_pylist() for column in value.columns), strict=True)], path)
    else:
        _write_rows(_rows(value), path)


def write_parquet(value: Any, path: Path) -> None:
    """Write a table as Parquet; the types of its columns stay.

    Raises:
        CommandError: It is no table, or pyarrow is not installed.
    """
    library = _library(value)
    try:
        if library == "polars":
            _polars_frame(value).write_parquet(path)
        elif library == "pandas" and hasattr(value, "to_parquet"):
            value.to_parquet(path)
        elif library == "pandas" and hasattr(value, "to_frame"):
            frame = value.to_frame()
            frame.columns = frame.columns.astype(str)
            frame.to_parquet(path)
        else:
            _write_arrow(value if library == "pyarrow" else _columns(_rows(value)), path)
    except ImportError:
        raise CommandError("Parquet needs pyarrow. Install it with: pip install pyarrow") from None


def _write_arrow(table: Any, path: Path) -> None:
    import pyarrow
    import pyarrow.parquet

    try:
        pyarrow.parquet.write_table(pyarrow.table(table) if isinstance(table, Mapping) else table, path)
    except pyarrow.ArrowException as error:
        raise CommandError(f"it makes no Parquet: {error}") from None


def _library(value: Any) -> str:
    """Return which library of tables a value is of, also by inheritance; empty if none."""
    modules = (kind.__module__.partition(".")[0] for kind in type(value).__mro__)
    return next((module for module in modules if module in ("pandas", "polars", "pyarrow")), "")


def _polars_frame(value: Any) -> Any:
    """Return a frame for a lazy one and for a column."""
    frame = value.collect() if hasattr(value, "collect") else value
    return frame if hasattr(frame, "write_csv") else frame.to_frame()


def _is_numbered(frame: Any) -> bool:
    """Say whether the index of a frame of pandas is nothing but the numbers of the rows."""
    return type(frame.index).__name__ == "RangeIndex" and frame.index.name is None


def _rows(value: Any) -> list[list[Any]]:
    """Return a head and rows: of columns, of records, of rows, of numbers; of an array of one or two dimensions.

    Raises:
        CommandError: It is none of these.
    """
    numpy = sys.modules.get("numpy")
    if numpy is not None and isinstance(value, numpy.ndarray):
        if value.dtype.names:
            return [list(value.dtype.names), *map(list, value.tolist())]
        if value.ndim in (1, 2):
            value = value.tolist()
    if isinstance(value, Mapping):
        return _of_mapping(value)
    if isinstance(value, (list, tuple)) and value:
        if all(isinstance(row, Mapping) for row in value):
            names = list(dict.fromkeys(name for row in value for name in row))
            return [names, *([row.get(name) for name in names] for row in value)]
        if all(hasattr(type(row), "_fields") for row in value):
            return [list(value[0]._fields), *map(list, value)]
        if all(isinstance(row, (list, tuple)) and len(row) == len(value[0]) for row in value):
            return [[f"column {number}" for number in range(1, len(value[0]) + 1)], *map(list, value)]
        if not any(_is_nested(item) for item in value):
            return [["value"], *([item] for item in value)]
    raise CommandError(f"a value of type {type(value).__name__} is no table.")


def _of_mapping(value: Mapping[Any, Any]) -> list[list[Any]]:
    columns = list(value.values())
    if columns and all(isinstance(column, (list, tuple)) and len(column) == len(columns[0]) for column in columns):
        return [list(value), *map(list, zip(*columns, strict=True))]
    if any(_is_nested(column) for column in columns):
        raise CommandError("a mapping makes a table if it holds columns of one length, or a plain value each.")
    return [["name", "value"], *map(list, value.items())]


def _is_nested(value: Any) -> bool:
    return isinstance(value, (Mapping, list, tuple, set))


def _columns(rows: Sequence[Sequence[Any]]) -> dict[str, list[Any]]:
    head, *body = rows
    return {str(name): [row[place] for row in body] for place, name in enumerate(head)}


def _write_rows(rows: Iterable[Iterable[Any]], path: Path) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file, lineterminator="\n").writerows(rows)
