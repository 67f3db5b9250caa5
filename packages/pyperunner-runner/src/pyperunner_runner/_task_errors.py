"""Kept for stores written by 0.2.0: pickles in them name this module.

The code is in ``pyperunner_runner.errors``.
"""

from __future__ import annotations

from pyperunner_runner.errors import *  # noqa: F403
