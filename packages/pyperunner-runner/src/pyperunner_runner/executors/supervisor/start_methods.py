"""Start methods: how processes are made, by name and by platform."""

from __future__ import annotations

import os
import sys

from pyperunner_runner.errors import UnknownStartMethod

__all__ = ["start_method"]


def start_method(name: str | None) -> str:
    """Return ``name`` if processes can be made in that way here; the default of this platform for ``None``.

    The default does not follow that of ``multiprocessing``, which changes with the version of Python: ``fork`` on
    Linux, through a supervisor that has no threads; elsewhere ``spawn``, because the system libraries of macOS do not
    survive a fork and Windows has none.

    Raises:
        UnknownStartMethod: They can't.
    """
    possible = ("fork", "forkserver", "spawn") if hasattr(os, "fork") else ("spawn",)
    if not name:
        return "fork" if sys.platform == "linux" else "spawn"
    if name not in possible:
        raise UnknownStartMethod(name, possible)
    return name
