"""Kept for what 0.2.0 has pickled: it names this module. The code is in ``pyperunner_cache_fsspec.backend``."""

from __future__ import annotations

from pyperunner_cache_fsspec.backend import FsspecBackend

__all__ = ["FsspecBackend"]
