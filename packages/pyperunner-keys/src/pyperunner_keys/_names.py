"""Kept for stores written by 0.2.0, whose pickles name it; see ``pyperunner_keys.names``."""

from __future__ import annotations

from pyperunner_keys.names import importable_name

__all__ = ["importable_name"]
