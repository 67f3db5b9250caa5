"""Shape of what is read: records may come from anywhere, so each part is used only if it has the right one."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

__all__ = ["as_count", "as_mapping", "as_mappings", "as_number", "as_text", "as_texts", "as_texts_by_name"]

_LARGEST = 1 << 33
"""Of times, in seconds since the epoch, and of durations: the year 2242."""
_MOST = 1 << 62
"""Of what is counted, such as bytes."""


def as_mapping(value: object) -> dict[str, Any]:
    """Return ``value`` if it is a mapping, else an empty one."""
    return dict(value) if isinstance(value, Mapping) else {}


def as_mappings(value: object) -> list[dict[str, Any]]:
    """Return those items of the list ``value`` that are mappings; none if it is no list."""
    return [dict(item) for item in value if isinstance(item, Mapping)] if isinstance(value, list) else []


def as_text(value: object) -> str | None:
    """Return ``value`` if it is text."""
    return value if isinstance(value, str) else None


def as_texts(value: object) -> list[str]:
    """Return those items of the list ``value`` that are texts; none if it is no list."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []


def as_texts_by_name(value: object) -> dict[str, str]:
    """Return those items of the mapping ``value`` that are texts; none if it is no mapping."""
    return {name: item for name, item in as_mapping(value).items() if isinstance(item, str)}


def as_number(value: object) -> float | None:
    """Return ``value`` if it can be seconds: a finite number that is not negative, nor too large to be shown."""
    if type(value) is not float and (isinstance(value, bool) or not isinstance(value, (int, float))):
        return None
    return value if 0 <= value <= _LARGEST else None


def as_count(value: object) -> int | None:
    """Return ``value`` if it can be a number of bytes or things."""
    return value if type(value) is int and 0 <= value <= _MOST else None
