"""Kept for stores written by 0.2.0: pickles in them name this module.

The code is in ``pyperunner_runner.replays``.
"""

from __future__ import annotations

from pyperunner_runner.replays import replay

__all__ = ["replay"]
