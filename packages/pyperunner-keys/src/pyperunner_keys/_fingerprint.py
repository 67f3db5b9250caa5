"""Kept for stores written by 0.2.0, whose pickles name it; see ``pyperunner_keys.code.fingerprint``."""

from __future__ import annotations

from pyperunner_keys._places import Place  # a fingerprint holds some
from pyperunner_keys.code.fingerprint import Fingerprint, Fingerprinter, fingerprint

__all__ = ["Fingerprint", "Fingerprinter", "Place", "fingerprint"]
