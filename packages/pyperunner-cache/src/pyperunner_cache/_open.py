"""Kept for stores written by 0.2.0: pickles in them name this module. The code is in ``pyperunner_cache.opening``."""

from __future__ import annotations

from pyperunner_cache.opening import open_store

__all__ = ["open_store"]
