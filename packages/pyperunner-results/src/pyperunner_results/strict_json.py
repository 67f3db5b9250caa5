"""Strict JSON of any value, on one line: what an event, a summary or a report is written in."""

from __future__ import annotations

import json
from collections.abc import Mapping

from pyperunner_text.visible import visible

__all__ = ["to_json"]

# Made once: json.dumps makes an encoder anew whenever it is called with options.
_STRICT = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=str).encode
_FOR_PEOPLE = json.JSONEncoder(allow_nan=False, separators=(",", ":"), default=str, ensure_ascii=False).encode
_VALUE_CHARS = 80


def to_json(value: object, *, for_people: bool = False) -> str:
    """Return ``value`` as one line of strict JSON; NaN and infinity become null, strange objects their text.

    Args:
        value: Any value.
        for_people: Whether all but ASCII stands there as it is, and is not escaped.
    """
    encode = _FOR_PEOPLE if for_people else _STRICT
    try:
        return encode(value)
    except (ValueError, TypeError):
        return encode(_plain(value, 0))


def _plain(value: object, depth: int) -> object:
    if isinstance(value, float):
        return value if value - value == 0 else None
    if depth > 50:
        return visible(repr(value)[:_VALUE_CHARS])
    if isinstance(value, Mapping):
        return {str(key): _plain(item, depth + 1) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item, depth + 1) for item in value]
    return value
