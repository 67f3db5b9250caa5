"""Kept for stores written by 0.2.0, whose pickles name it; see ``pyperunner_keys.errors``."""

from __future__ import annotations

from pyperunner_keys.errors import FileError, FingerprintGapError, KeysError, UnencodableError

__all__ = ["FileError", "FingerprintGapError", "KeysError", "UnencodableError"]
