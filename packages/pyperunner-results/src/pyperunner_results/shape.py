"""Shape of what is read: records may come from anywhere, so each part is used only if it has the right one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["as_mapping", "as_mappings"]


def as_mapping(value: object) -> dict[str, Any]:
    """Return ``value`` if it is a mapping, else an empty one."""
    return dict(value) if isinstance(value, Mapping) else {}


def as_mappings(value: object) -> list[dict[str, Any]]:
    """Return those items of the list ``value`` that are mappings; none if it is no list."""
    return [dict(item) for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []
