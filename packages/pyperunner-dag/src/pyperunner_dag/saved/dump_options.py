"""Options in the saved form of a pipeline: those that were given to a task or pipeline itself, by name."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from pyperunner_dag.saved.values import opaque, to_plain

__all__ = ["options_to_plain"]


def options_to_plain(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return options in plain values; those that are several are lists."""
    return {
        name: [_plain(item) for item in value] if isinstance(value, tuple) else _plain(value)
        for name, value in values.items()
    }


def _plain(value: Any) -> Any:
    try:
        return to_plain(dict(value) if isinstance(value, MappingProxyType) else value)
    except TypeError:  # what a task depends on need not have a digest of its own
        return opaque(value, "")
