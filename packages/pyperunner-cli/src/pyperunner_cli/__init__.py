"""The ``pyperunner`` command: ``main`` is its entry point and may be called from Python too."""

from __future__ import annotations

from pyperunner_cli._main import main
from pyperunner_text import __version__

__all__ = ["__version__", "main"]
