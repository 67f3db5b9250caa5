"""Kept for stores written by 0.2.0: pickles in them name this module.

The code is in ``pyperunner_runner.provenance.explanation``.
"""

from __future__ import annotations

from pyperunner_runner.provenance.explanation import Explanation, TaskExplanation

__all__ = ["Explanation", "TaskExplanation"]
