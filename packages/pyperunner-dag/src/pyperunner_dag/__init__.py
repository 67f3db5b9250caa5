"""Tasks, pipelines and the graph they form."""

from __future__ import annotations

__version__ = "0.2.0"
