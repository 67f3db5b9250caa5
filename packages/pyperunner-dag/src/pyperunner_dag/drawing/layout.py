"""Layout: where the boxes and lines of a picture go, in builtins that a record can keep and anyone can paint."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyperunner_dag.drawing.layers import Layers, place
from pyperunner_dag.identity.summaries import shorten
from pyperunner_text.terminal.columns import columns
from pyperunner_text.visible import visible

if TYPE_CHECKING:
    from pyperunner_dag.dag import DAG, Node
    from pyperunner_dag.schema import Layout

__all__ = ["label", "layout"]

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
    layers = Layers(dag)
    widths = [_PADDING + _CHAR * columns(label(node.name)) for node in dag]
    widths += [_BEND] * (len(layers.rank) - len(widths))
    centres = place(layers, widths, _GAP)
    left = min((centre - width / 2 for centre, width in zip(centres, widths, strict=True)), default=0.0)
    right = max((centre + width / 2 for centre, width in zip(centres, widths, strict=True)), default=0.0)
    x = [centre - left + _MARGIN for centre in centres]
    tops = _tops(layers, x)
    y = [tops[rank] for rank in layers.rank]
    names = [node.name for node in dag]

    def points(source: int, target: int, bends: list[int]) -> list[list[float]]:
        between = [[round(x[bend], 1), y[bend] + side] for bend in bends for side in (0.0, _HEIGHT)]
        return [[round(x[source], 1), y[source] + _HEIGHT], *between, [round(x[target], 1), y[target]]]

    edges = [*layers.edges, *((source, target, []) for source, target in layers.omitted)]
    return {
        "width": round(right - left + 2 * _MARGIN, 1),
        "height": round(tops[-1] + _HEIGHT + _MARGIN, 1) if tops else 2 * _MARGIN,
        "nodes": [
            {"name": name, "x": round(x[i] - widths[i] / 2, 1), "y": y[i], "w": round(widths[i], 1), "h": _HEIGHT}
            for i, name in enumerate(names)
        ],
        "edges": [
            {"source": names[source], "target": names[target], "points": points(source, target, bends)}
            for source, target, bends in edges
        ],
    }


def _tops(layers: Layers, x: list[float]) -> list[float]:
    """Return the upper edge of each layer."""
    found: list[float] = []
    y = _MARGIN
    for row in layers.rows:
        found.append(y)
        sideways = max((abs(x[item] - x[child]) for item in row for child in layers.below[item]), default=0.0)
        y += _HEIGHT + round(min(max(_SPACE[0], 36 + sideways / 8), _SPACE[1]))
    return found
