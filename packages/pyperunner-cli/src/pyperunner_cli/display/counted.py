"""What a long look at very many things has seen so far, in one line that goes when it ends."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

__all__ = ["counted"]

_EVERY = 0.5
"""Seconds between two lines; what ends sooner says nothing."""


@contextmanager
def counted(what: str) -> Iterator[Callable[[int], None]]:
    """Give what is to be called with the number of things seen; on a terminal it is shown on stderr.

    Args:
        what: Said after the number, such as ``"entries checked"``.
    """
    shown = time.monotonic()
    is_drawn = False

    def show(count: int) -> None:
        nonlocal shown, is_drawn
        now = time.monotonic()
        if now - shown >= _EVERY and sys.stderr.isatty():
            shown, is_drawn = now, True
            print(f"\r\x1b[K{count:,} {what}", end="", file=sys.stderr, flush=True)

    try:
        yield show
    finally:
        if is_drawn:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
