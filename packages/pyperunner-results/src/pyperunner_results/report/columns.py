"""Columns of the table of tasks: a value that many tasks share is written once, rare ones beside their numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

__all__ = ["pack"]

_SHARED = 4  # a value stands for so many rows on average, or the column is written as it is


def pack(rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Return rows by their columns, as ``model.js`` unpacks them.

    A column holds ``is``, a value for each row. With ``of`` those are positions in it, and without ``is`` its one value
    is that of every row. With ``in`` only the rows of these numbers have a value.

    Args:
        rows: Mappings of builtins; ``None`` is not among their values.
    """
    names = dict.fromkeys(name for row in rows for name in row)
    return {"count": len(rows), "columns": {name: _column(rows, name) for name in names}}


def _column(rows: Sequence[Mapping[str, Any]], name: str) -> dict[str, Any]:
    values = [row.get(name) for row in rows]
    column: dict[str, Any] = {}
    there = len(values) - values.count(None)
    if there < len(values):
        column["in"] = [number for number, value in enumerate(values) if value is not None]
        values = [value for value in values if value is not None]
    known: dict[Any, int] = {}
    try:
        places = [known.setdefault((type(value), value), len(known)) for value in values]
    except TypeError:  # lists and mappings
        return {**column, "is": values}
    if _SHARED * len(known) > len(values):
        return {**column, "is": values}
    column["of"] = [value for _, value in known]
    return column if len(known) == 1 else {**column, "is": places}
