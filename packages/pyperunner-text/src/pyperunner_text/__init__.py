"""Text that comes from strangers and goes to people: errors, visible text, file names, YAML, plug-ins.

Each module is imported by itself; this one imports none, so that who shows a name pays for no parser.
"""

from __future__ import annotations

__all__ = ["__version__"]

__version__ = "0.2.0"
