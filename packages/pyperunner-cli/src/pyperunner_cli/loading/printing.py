"""Printing while code is loaded: it goes to standard error, so that standard output holds what was asked for."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator

__all__ = ["stdout_to_stderr"]


@contextlib.contextmanager
def stdout_to_stderr() -> Iterator[None]:
    """Send to standard error, or nowhere if that is closed, what this process and those that it starts print."""
    with contextlib.ExitStack() as after:
        target = sys.stderr or after.enter_context(open(os.devnull, "w", encoding="utf-8"))
        with contextlib.suppress(OSError):  # it is a stand-in without a descriptor, or standard output is closed
            kept = os.dup(1)
            after.callback(os.close, kept)
            os.dup2(target.fileno(), 1)
            after.callback(os.dup2, kept, 1)
        after.enter_context(contextlib.redirect_stdout(target))
        yield
