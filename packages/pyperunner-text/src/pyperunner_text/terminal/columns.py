"""Columns of a terminal that a text takes."""

from __future__ import annotations

__all__ = ["columns", "cropped"]


def columns(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes (wide East Asian characters and emoji two, marks none)."""
    if text.isascii():
        return len(text)
    return sum(map(_width, text))


def cropped(text: str, most: int) -> str:
    """Return a line of at most so many columns; of a longer one the beginning and ``…``."""
    if columns(text) <= most:
        return text
    left = most - 1
    for place, char in enumerate(text):
        left -= _width(char)
        if left < 0:
            return f"{text[:place]}…"
    return text


def _width(char: str) -> int:
    from unicodedata import category, east_asian_width

    if category(char) in ("Mn", "Me", "Cf"):
        return 0
    return 2 if east_asian_width(char) in "WF" else 1
