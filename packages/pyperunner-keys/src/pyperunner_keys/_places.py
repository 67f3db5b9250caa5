"""Kept for stores written by 0.2.0, whose pickles name it; see ``pyperunner_keys.code.places``."""

from __future__ import annotations

from pyperunner_keys.code.places import Place, unpack_places

__all__ = ["Place", "unpack_places"]
