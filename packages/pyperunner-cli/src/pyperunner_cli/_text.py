"""Words and figures for people, safe to print."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

__all__ = ["aligned", "count", "did_you_mean", "duration", "listing", "visible"]

# C0 and C1 controls, and the characters that reorder or break lines: what a terminal would obey instead of show.
_OBEYED = "[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]"


def visible(text: str) -> str:
    """Return one line of ``text`` in which control characters are shown as escapes instead of obeyed."""
    if text.isascii() and text.isprintable():
        return text
    return re.sub(_OBEYED, lambda hit: hit.group().encode("unicode_escape").decode("ascii"), text)


def aligned(rows: Sequence[Sequence[str]]) -> list[str]:
    """Return one line per row with the cells of each column one below the other; all rows have as many cells."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]


def duration(seconds: float) -> str:
    """Return a length of time in the fewest words: ``0.4 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def count(number: int, noun: str) -> str:
    """Return ``1 task``, ``2 tasks``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def listing(names: Iterable[str], limit: int = 12) -> str:
    """Return names separated by commas; of many, the first and how many more there are."""
    shown = [visible(name) for name in names]
    more = len(shown) - limit
    return ", ".join(shown[:limit]) + (f" and {more} more" if more > 0 else "")


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """Return what to add to an error about an unknown ``name``: the nearest known ones, else all of them."""
    import difflib

    names = list(known)
    near = difflib.get_close_matches(name, names, n=3, cutoff=0.5)
    if near:
        return f"Did you mean {' or '.join(visible(other) for other in near)}?"
    return f"There is: {listing(names)}." if names else "There is none."
