"""Values to parts and back, exactly (``docs/format-v1.md``, "Values")."""

from __future__ import annotations

from ._pack import pack
from ._unpack import unpack

__all__ = ["pack", "unpack"]
