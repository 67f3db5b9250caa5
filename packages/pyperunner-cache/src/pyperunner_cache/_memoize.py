"""Kept for stores written by 0.2.0: pickles in them name this module."""

from __future__ import annotations

from pyperunner_cache.decorator import memoize
from pyperunner_cache.memoized import Memoized, MemoizedAsync

__all__ = ["Memoized", "MemoizedAsync", "memoize"]
