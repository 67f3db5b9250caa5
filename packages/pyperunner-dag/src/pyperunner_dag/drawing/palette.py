"""Palette: the colours of pictures, and the legend that explains them."""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["ARROW", "FONT", "LEGEND_HEIGHT", "LINE", "TEXT", "colours", "legend"]

FONT = 'system-ui, "Segoe UI", "Helvetica Neue", Arial, "DejaVu Sans", sans-serif'
LINE = "#6b7a8c"
TEXT = "#17202b"
ARROW = 8.0
"""Length of an arrowhead."""
LEGEND_HEIGHT = 26.0

_PLAIN = ("#eef3fa", "#5a7ba6")
_STATES = {
    "SUCCESS": ("#d9f2e0", "#2f8a55"),
    "FAILURE": ("#fbdcda", "#c2372e"),
    "CANT_RUN": ("#fdebcf", "#c07a12"),
    "RUNNING": ("#d8e8fd", "#2468c4"),
    "SKIPPED": ("#ececf0", "#8b8f9a"),
    "NOT_STARTED": ("#ffffff", "#a3a9b5"),
}


def colours(state: str | None) -> tuple[str, str]:
    """Return the colours of a box, inside and outline."""
    return _STATES.get(state or "", _PLAIN)


def legend(states: Iterable[str], width: float) -> list[tuple[str, float, int, float]]:
    """Return the states that are there, each with where its sample goes: x, row and width of the entry in pixels.

    Args:
        states: States of all tasks.
        width: Width of the picture; a row of the legend goes on until there.
    """
    found = set(states)
    entries: list[tuple[str, float, int, float]] = []
    x, row = 16.0, 0
    for state in [*(known for known in _STATES if known in found), *sorted(found - _STATES.keys())]:
        room = 34.0 + 9.0 * len(state)
        if entries and x + room > width:
            x, row = 16.0, row + 1
        entries.append((state, x, row, room))
        x += room
    return entries
