"""Kept for stores written by 0.2.0: pickles in them name this module. The code is in ``pyperunner_cache.memoized``."""

from __future__ import annotations

from pyperunner_cache.memoized import (
    Memoized,
    MemoizedAsync,
    memoize,
)

__all__ = ["Memoized", "MemoizedAsync", "memoize"]
