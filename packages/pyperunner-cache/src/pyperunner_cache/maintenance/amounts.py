"""Amounts: bytes and seconds as people write them, such as ``"20GB"`` and ``"7d"``."""

from __future__ import annotations

import re

from pyperunner_cache.errors import BadSizeError

__all__ = ["parse_duration", "parse_size"]

_BYTES = {"": 1, "b": 1, "kb": 10**3, "mb": 10**6, "gb": 10**9, "tb": 10**12}
_BYTES |= {"kib": 2**10, "mib": 2**20, "gib": 2**30, "tib": 2**40}
_SECONDS = {"": 1.0, "s": 1.0, "m": 60.0, "min": 60.0, "h": 3600.0, "d": 86400.0, "w": 604800.0}
_AMOUNT = re.compile(r"\s*(\d+(?:\.\d+)?)\s*([a-z]*)\s*", re.IGNORECASE)


def parse_size(text: str | int | float) -> int:
    """Return the number of bytes that ``text`` says.

    Raises:
        BadSizeError: It says none.
    """
    return int(_parse(text, _BYTES, "'20GB', '512 MiB' or a number of bytes"))


def parse_duration(text: str | int | float) -> float:
    """Return the number of seconds that ``text`` says.

    Raises:
        BadSizeError: It says none.
    """
    return _parse(text, _SECONDS, "'7d', '12h' or a number of seconds")


def _parse(text: object, units: dict[str, float] | dict[str, int], example: str) -> float:
    if isinstance(text, (int, float)) and not isinstance(text, bool) and 0 <= text < float("inf"):
        return text
    found = _AMOUNT.fullmatch(text) if isinstance(text, str) else None
    if found is None or found[2].lower() not in units:
        raise BadSizeError(text, example)
    return float(found[1]) * units[found[2].lower()]
