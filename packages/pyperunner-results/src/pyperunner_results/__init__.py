"""Records of pipeline runs: written, read, compared."""

from __future__ import annotations

__version__ = "0.2.0"
