"""Runs pipelines: one supervised child process per task."""

from __future__ import annotations

__version__ = "0.2.0"
