"""TOML, read by the standard library, or on Python 3.10 by the distribution that it came from."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["loads"]


def loads(text: str) -> dict[str, Any]:
    """Return what a TOML document says.

    Raises:
        ValueError: It is malformed.
    """
    if sys.version_info >= (3, 11):
        import tomllib
    else:
        import tomli as tomllib
    return tomllib.loads(text)
