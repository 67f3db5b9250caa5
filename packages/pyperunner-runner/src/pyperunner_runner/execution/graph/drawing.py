"""Drawing of a run's graph: laid out once for the record where it is small, and coloured by outcome in the end."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pyperunner_dag import DAG, Task
    from pyperunner_dag.schema import Layout

__all__ = ["Drawing"]

_MOST_DRAWN = 300  # beyond so many tasks a reader folds them into groups, and draws those in its own way


class Drawing:
    """How the graph of a run is drawn.

    Args:
        graph: The tasks as they were written.

    Attributes:
        layout: Its places, for readers that paint it task by task; ``None`` of a large one.
    """

    def __init__(self, graph: DAG[Task]) -> None:
        from pyperunner_dag.drawing.layout import layout

        self._graph = graph
        self.layout: Layout | None = layout(graph) if len(graph) <= _MOST_DRAWN else None

    def pieces(self, statuses: Mapping[str, str]) -> Iterator[str]:
        """Yield the picture, coloured by the status of each task, as pieces of an SVG text."""
        from pyperunner_dag.drawing.svg import svg_pieces

        return svg_pieces(self.layout or self._graph, statuses)
