"""Text of unknown origin, made fit to be shown to people."""

from __future__ import annotations

__all__ = ["columns", "markup", "shorten", "visible"]


def visible(text: str) -> str:
    """Return ``text`` with every character that would not show (control, direction, surrogate) as its escape."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def columns(text: str) -> int:
    """Return how many columns of a terminal ``text`` takes (wide East Asian characters take two, marks none)."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def shorten(text: str, limit: int) -> str:
    """Return ``text``, or its beginning and end with an ellipsis between where it is longer than ``limit``."""
    if len(text) <= limit:
        return text
    head = limit * 2 // 3
    return f"{text[:head]}…{text[len(text) - (limit - head - 1) :]}"


def markup(text: str) -> str:
    """Return ``text`` for use in XML or HTML, as content or inside double quotes."""
    for char, entity in (("&", "&amp;"), ("<", "&lt;"), (">", "&gt;"), ('"', "&quot;")):
        text = text.replace(char, entity)
    return visible(text)
