"""Versions of installed packages by the names under which they are imported."""

from __future__ import annotations

import importlib.metadata
import sys
from collections.abc import Iterable
from functools import lru_cache

__all__ = ["versions_of"]


def versions_of(names: Iterable[str]) -> dict[str, str]:
    """Return the version of each package, and of Python for what belongs to it.

    Args:
        names: Top-level import names; those that belong to no distribution are Python's own.
    """
    installed = _installed()
    found = {"python": f"{sys.version_info.major}.{sys.version_info.minor}"}
    for name in names:
        for distribution in installed.get(name, ()):
            found[distribution] = importlib.metadata.version(distribution)
    return dict(sorted(found.items()))


@lru_cache(maxsize=1)
def _installed() -> dict[str, list[str]]:
    return dict(importlib.metadata.packages_distributions())
