"""The ``pyperunner`` command: ``main`` is its entry point and may be called from Python too."""

from __future__ import annotations

from pyperunner_cli._main import main

__all__ = ["__version__", "main"]

__version__ = "0.2.0"
