"""Words and figures for people, safe to print."""

from __future__ import annotations

import re

__all__ = ["count", "duration", "visible"]

# C0 and C1 controls, and the characters that reorder or break lines: what a terminal would obey instead of show.
_OBEYED = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"


def visible(text: str) -> str:
    """Return one line of ``text`` in which control characters are shown as escapes instead of obeyed."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_OBEYED, lambda hit: hit.group().encode("unicode_escape").decode("ascii"), text)


def duration(seconds: float) -> str:
    """Return a length of time in the fewest words: ``0.4 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def count(number: int, noun: str) -> str:
    """Return ``1 task``, ``2 tasks``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
