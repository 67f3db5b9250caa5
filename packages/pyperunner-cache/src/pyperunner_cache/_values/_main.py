"""Kept for stores written by 0.2.0: pickles in them name this module. See ``values.main_module``."""

from __future__ import annotations

from pyperunner_cache.values.main_module import restore

__all__ = ["restore"]
