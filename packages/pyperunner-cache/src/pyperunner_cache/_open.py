"""Kept for stores written by 0.2.0: pickles in them name this module. The code is in ``pyperunner_cache.cache``."""

from __future__ import annotations

from pyperunner_cache.cache import open_store

__all__ = ["open_store"]
