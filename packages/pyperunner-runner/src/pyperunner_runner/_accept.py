"""Kept for stores written by 0.2.0: pickles in them name this module.

The code is in ``pyperunner_runner.provenance.acceptance``.
"""

from __future__ import annotations

from pyperunner_runner.provenance.acceptance import Acceptance

__all__ = ["Acceptance"]
