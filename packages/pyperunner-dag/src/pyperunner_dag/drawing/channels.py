"""Channels: the lines between two layers of boxes, drawn with characters.

A *net* joins all boxes of the upper layer that have the same children to those children. A net whose ends are not in
one column gets a track: a row for its horizontal part. Tracks are shared by nets that lie side by side (the left-edge
algorithm of channel routing: Hashimoto and Stevens, "Wire routing by optimizing channel assignment within large
apertures", 1971). Where lines cross, the vertical one is on top. No net may end in a column where another one begins.
"""

from __future__ import annotations

from collections.abc import Iterator

__all__ = ["Net", "route"]

_MOST_TRACKS = 40
"""Beyond this nobody can follow the lines; what is left shares the last track."""

_CORNERS = {
    # up, down, left, right
    (True, True, False, False): "│",
    (True, False, True, False): "┘",
    (True, False, False, True): "└",
    (True, False, True, True): "┴",
    (False, True, True, False): "┐",
    (False, True, False, True): "┌",
    (False, True, True, True): "┬",
    (True, True, True, False): "┤",
    (True, True, False, True): "├",
    (True, True, True, True): "┼",
}


class Net:
    """Columns that are joined by one line.

    Args:
        upper: Items of the upper layer.
        lower: Items of the lower layer.
    """

    def __init__(self, upper: list[int], lower: tuple[int, ...]) -> None:
        self.upper = upper
        self.lower = lower
        self.tops: set[int] = set()
        self.bottoms: set[int] = set()

    @property
    def span(self) -> tuple[int, int]:
        """Leftmost and rightmost column."""
        return min(min(self.tops), min(self.bottoms)), max(max(self.tops), max(self.bottoms))

    @property
    def straight(self) -> bool:
        """Whether it is one vertical line."""
        return self.span[0] == self.span[1]


def _tracks(nets: list[Net]) -> dict[Net, int]:
    """Return the track of each net that is not straight, counted from the top."""
    found: dict[Net, int] = {}
    ends: list[int] = []
    for net in sorted((net for net in nets if not net.straight), key=lambda net: net.span):
        left, right = net.span
        track = next((index for index, end in enumerate(ends) if end + 1 < left), len(ends))
        track = min(track, _MOST_TRACKS - 1)
        ends[track : track + 1] = [right]
        found[net] = track
    return found


def route(nets: list[Net]) -> Iterator[str]:
    """Yield the lines of text that join two layers.

    Args:
        nets: The nets, with their columns.
    """
    tracks = _tracks(nets)
    rows = max(tracks.values(), default=-1) + 2
    width = max((net.span[1] for net in nets), default=-1) + 1
    canvas = [[" "] * width for _ in range(rows)]
    for net, track in tracks.items():
        left, right = net.span
        canvas[track][left : right + 1] = "─" * (right - left + 1)
    for net in nets:
        track = tracks.get(net, 0)
        for row in range(track):
            for column in net.tops:
                canvas[row][column] = "│"
        for row in range(track, rows):
            for column in net.bottoms:
                canvas[row][column] = "│"
    for net, track in tracks.items():
        left, right = net.span
        for column in net.tops | net.bottoms:
            corner = (column in net.tops, column in net.bottoms, column > left, column < right)
            canvas[track][column] = _CORNERS[corner]
    for line in canvas:
        yield "".join(line).rstrip()
