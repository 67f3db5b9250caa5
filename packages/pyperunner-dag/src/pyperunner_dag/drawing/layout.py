"""Layout: where the boxes and lines of a picture go, in builtins that a record can keep and anyone can paint."""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import TYPE_CHECKING

from pyperunner_dag.drawing.layers import Layers, place
from pyperunner_dag.identity.summaries import shorten
from pyperunner_text.terminal.columns import columns
from pyperunner_text.visible import visible

if TYPE_CHECKING:
    from pyperunner_dag.dag import DAG, Node
    from pyperunner_dag.schema import Box, Layout, Line

__all__ = ["PlacedGraph", "label", "layout"]

_CHAR = 7.8
_PADDING = 28.0
_HEIGHT = 34.0
_SPACE = (50.0, 150.0)
"""Least and most space between two layers; the farther lines go sideways, the more they get."""
_GAP = 22.0
_BEND = 2.0
_MARGIN = 16.0
_LONGEST = 44


def label(name: str) -> str:
    """Return what stands in a task's box: its name, without its middle where it is long."""
    return shorten(visible(name), _LONGEST)


def layout(dag: DAG[Node]) -> Layout:
    """Lay out a graph from top to bottom.

    Args:
        dag: The graph.

    Returns:
        ``width`` and ``height`` in pixels; ``nodes``, each with ``name`` and its box ``x``, ``y``, ``w``, ``h`` (left,
        top, width, height); ``edges``, each with the names ``source`` and ``target`` and ``points``, a list of
        ``[x, y]`` from the lower edge of one box to the upper edge of the other.
    """
    plan = PlacedGraph(dag)
    return {"width": plan.width, "height": plan.height, "nodes": list(plan.nodes()), "edges": list(plan.edges())}


class PlacedGraph:
    """A graph in its places: what ``layout`` returns, made item by item, because there may be very many.

    Args:
        dag: The graph.

    Attributes:
        width: Width of the picture in pixels.
        height: Its height.
    """

    def __init__(self, dag: DAG[Node]) -> None:
        layers = Layers(dag)
        widths = array("d", (_PADDING + _CHAR * columns(label(node.name)) for node in dag))
        widths.extend([_BEND] * (len(layers.rank) - len(widths)))
        centres = place(layers, widths, _GAP)
        left = min((centre - width / 2 for centre, width in zip(centres, widths, strict=True)), default=0.0)
        right = max((centre + width / 2 for centre, width in zip(centres, widths, strict=True)), default=0.0)
        self.width = round(right - left + 2 * _MARGIN, 1)
        self._x = array("d", (centre - left + _MARGIN for centre in centres))
        self._tops = _tops(layers, self._x)
        self.height = round(self._tops[-1] + _HEIGHT + _MARGIN, 1) if self._tops else 2 * _MARGIN
        self._rank, self._widths = layers.rank, widths
        self._edges, self._omitted = layers.edges, layers.omitted
        self._names = [node.name for node in dag]

    def nodes(self) -> Iterator[Box]:
        """Yield the boxes of the nodes."""
        for name, x, w, rank in zip(self._names, self._x, self._widths, self._rank, strict=False):
            yield {"name": name, "x": round(x - w / 2, 1), "y": self._tops[rank], "w": round(w, 1), "h": _HEIGHT}

    def edges(self) -> Iterator[Line]:
        """Yield the lines between them."""
        for source, target, bends in chain(self._edges, ((source, target, []) for source, target in self._omitted)):
            yield {
                "source": self._names[source],
                "target": self._names[target],
                "points": [
                    [round(self._x[source], 1), self._top(source) + _HEIGHT],
                    *([round(self._x[bend], 1), self._top(bend) + side] for bend in bends for side in (0.0, _HEIGHT)),
                    [round(self._x[target], 1), self._top(target)],
                ],
            }

    def _top(self, item: int) -> float:
        return self._tops[self._rank[item]]


def _tops(layers: Layers, x: Sequence[float]) -> list[float]:
    """Return the upper edge of each layer."""
    found: list[float] = []
    y = _MARGIN
    for row in layers.rows:
        found.append(y)
        sideways = max((abs(x[item] - x[child]) for item in row for child in layers.below[item]), default=0.0)
        y += _HEIGHT + round(min(max(_SPACE[0], 36 + sideways / 8), _SPACE[1]))
    return found
