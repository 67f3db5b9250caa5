"""Local-first pipelines: cached by code and configuration, one process per task."""

from __future__ import annotations

__version__ = "0.2.0"
