"""Visible text: what would not show, or would be obeyed by a terminal, is spelled out."""

from __future__ import annotations

__all__ = ["visible", "visible_lines"]

TYPE_CHECKING = False  # type checkers take it for true
if TYPE_CHECKING:
    import re

# What moves the cursor, forges a line or reverses the reading order: C0 but tab and line feed, DEL, C1, line and
# paragraph separators, bidirectional controls, and lone surrogates, which no file can hold as UTF-8.
_OBEYED = "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"


def visible(text: str) -> str:
    r"""Return ``text`` as one line in which every character shows; the others are spelled out (``\n``, ``\u2028``).

    For names, values and reasons. What shows is what `str.isprintable` says: no control, format, private, unassigned or
    surrogate character, and no space but the plain one, so that two names that differ look different.
    """
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else ascii(char)[1:-1] for char in text)


def visible_lines(text: str) -> list[str]:
    """Split ``text`` at its line feeds into lines that are safe to show; a final line end adds no line.

    For what programs print. It stays as it was written, with its tabs and the spaces and joiners of its script, except
    for what a terminal would obey instead of show.
    """
    if text.isascii() and text.isprintable():
        return [text]
    text = text.replace("\r\n", "\n").removesuffix("\r")
    if not (text.isascii() and text.replace("\n", "").isprintable()):
        import re  # costs more than this whole package, and who imports FactError shows no lines

        text = re.sub(_OBEYED, _escape, text)
    lines = text.split("\n")
    if len(lines) > 1 and not lines[-1]:
        lines.pop()
    return lines


def _escape(match: re.Match[str]) -> str:
    return ascii(match[0])[1:-1]
