"""JSON for scripts: what ``--json`` prints, one object on one line; ``docs/command.md`` has its schema."""

from __future__ import annotations

import argparse
import dataclasses
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["SCHEMA", "add_json", "as_json", "say_json"]

SCHEMA = 1
"""Version of the objects. It grows when a field goes or means something else; fields may be added without."""


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON object, for scripts (docs/command.md)")


def say_json(command: str, **content: object) -> None:
    """Print the object of a command: its name, the version of the schema, and the content."""
    from pyperunner_results.strict_json import to_json

    print(to_json({"command": command, "schema": SCHEMA, **content}))


def as_json(value: Any) -> Any:
    """Return a value as JSON has it: mappings, lists, texts, numbers, truth and ``None``; all else as text.

    What knows how to become builtins does so: frames become lists of records, arrays nested lists, scalars numbers,
    dataclasses mappings. NaN and infinity become ``None``.
    """
    from pyperunner_results.strict_json import to_json

    return json.loads(to_json(_plain(value)))


def _plain(value: Any) -> Any:
    if value is None or isinstance(value, (bool, str, int, float)):
        return value
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return {field.name: _plain(getattr(value, field.name)) for field in dataclasses.fields(value)}
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in value]
    for method, arguments in (("to_dicts", ()), ("to_pylist", ()), ("to_list", ()), ("tolist", ())):
        if callable(convert := getattr(type(value), method, None)):  # polars, Arrow, columns, arrays
            return _plain(convert(value, *arguments))
    if callable(convert := getattr(type(value), "to_dict", None)) and hasattr(value, "columns"):
        return _plain(convert(value, orient="records"))
    return str(value)
