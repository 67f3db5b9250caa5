"""Words and figures for people: counts, lengths of time, visible text."""

from __future__ import annotations

from pyperunner_text.visible import visible

__all__ = ["count", "duration", "visible"]


def duration(seconds: float) -> str:
    """Return a length of time in the fewest words: ``0.4 s``, ``3 min 20 s``, ``2 h 5 min``."""
    if seconds < 99.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    return f"{minutes} min {rest} s" if minutes < 60 else f"{minutes // 60} h {minutes % 60} min"


def count(number: int, noun: str) -> str:
    """Return ``1 task``, ``2 tasks``."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
