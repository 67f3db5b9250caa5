"""Session: whether this process is the kernel of a notebook."""

from __future__ import annotations

import sys
from typing import Any

__all__ = ["in_notebook"]


def in_notebook() -> bool:
    """Say whether what this process displays appears in a notebook."""
    find: Any = getattr(sys.modules.get("IPython"), "get_ipython", None)
    return getattr(find() if find else None, "kernel", None) is not None
