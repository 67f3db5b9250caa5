"""PNG pictures of a graph, painted with Pillow from the same layout as the SVG."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_dag.dag import DAG, Node
from pyperunner_dag.drawing.layout import label, layout
from pyperunner_dag.drawing.palette import ARROW, LEGEND_HEIGHT, LINE, TEXT, colours, legend
from pyperunner_dag.errors import MissingExtraError

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

    from pyperunner_dag.schema import Box, Layout

__all__ = ["draw_png"]

_SCALE = 2
_FINER = 2
"""Painted so many times finer and then reduced, because Pillow draws hard edges."""
_MOST_PIXELS = 40_000_000
_CURVE_STEPS = 16


def draw_png(
    graph: DAG[Node] | Layout, path: str | os.PathLike[str], statuses: Mapping[str, str] | None = None
) -> None:
    """Write a graph as a PNG file, at twice the size of the SVG picture, or smaller where that is very large.

    Args:
        graph: A graph, or what ``layout`` returned for it.
        path: Where the picture goes.
        statuses: State of each task by name, which colours its box.

    Raises:
        MissingExtraError: Pillow is not installed.
        ValueError: The graph is too large for a picture of points.
    """
    try:
        from PIL import Image, ImageDraw, ImageFont
    except ImportError as error:
        raise MissingExtraError("a PNG picture", "Pillow", "pip install 'pyperunner-dag[png]'") from error
    plan = layout(graph) if isinstance(graph, DAG) else graph
    states = statuses or {}
    entries = legend(states.values(), plan["width"])
    width = max([plan["width"], *(x + room for _, x, _, room in entries)])
    height = plan["height"] + (max((row for _, _, row, _ in entries), default=-1) + 1) * LEGEND_HEIGHT
    scale = min(_SCALE, (_MOST_PIXELS / (width * height)) ** 0.5 / _FINER)
    if scale < 0.15:
        raise ValueError(f"a graph of {len(plan['nodes'])} tasks does not fit a PNG picture; use .svg instead")
    fine = scale * _FINER
    image = Image.new("RGB", (round(width * scale) * _FINER, round(height * scale) * _FINER), "white")
    brush = _Brush(ImageDraw.Draw(image), ImageFont.load_default(13 * fine), fine)
    for edge in plan["edges"]:
        brush.edge(edge["points"])
    for node in plan["nodes"]:
        brush.box(node, states.get(node["name"]))
    for state, x, row, _ in entries:
        brush.sample(state, x, plan["height"] + row * LEGEND_HEIGHT)
    from pyperunner_dag.saved.files import write_atomically

    content = io.BytesIO()
    image.reduce(_FINER).save(content, "PNG")
    write_atomically(path, content.getvalue())


class _Brush:
    """Paints the parts of a picture in the layout's pixels.

    Args:
        draw: What draws on the image.
        font: Font at the scale of the image.
        scale: Pixels of the image per pixel of the layout.
    """

    def __init__(self, draw: ImageDraw, font: Any, scale: float) -> None:
        self.draw = draw
        self.font = font
        self.scale = scale
        self.line_width = max(round(1.4 * scale), 1)

    def edge(self, points: list[list[float]]) -> None:
        """Paint a line that leaves and enters its points vertically, and its arrowhead."""
        (x, y), (end_x, end_y) = points[0], points[-1]
        line = [(x, y)]
        for next_x, next_y in [*points[1:-1], [end_x, end_y - ARROW]]:
            for step in range(1, _CURVE_STEPS + 1):
                t = step / _CURVE_STEPS
                # The cubic Bézier curve of the SVG picture: its control points are level with the middle.
                across, down = t * t * (3 - 2 * t), 1.5 * t * (1 - t) + t * t * t
                line.append((x + (next_x - x) * across, y + (next_y - y) * down))
            x, y = next_x, next_y
        self.draw.line(self._scaled(line), fill=LINE, width=self.line_width, joint="curve")
        head = [(end_x - 4.5, end_y - ARROW), (end_x, end_y), (end_x + 4.5, end_y - ARROW)]
        self.draw.polygon(self._scaled(head), fill=LINE)

    def _scaled(self, points: list[tuple[float, float]]) -> list[tuple[float, float]]:
        return [(x * self.scale, y * self.scale) for x, y in points]

    def box(self, node: Box, state: str | None) -> None:
        """Paint a node's box and its name."""
        fill, stroke = colours(state)
        x, y, w, h = (node["x"], node["y"], node["w"], node["h"])
        x, y, w, h = (side * self.scale for side in (x, y, w, h))
        self.draw.rounded_rectangle((x, y, x + w, y + h), 8 * self.scale, fill, stroke, self.line_width)
        self.draw.text((x + w / 2, y + h / 2), label(node["name"]), fill=TEXT, font=self.font, anchor="mm")

    def sample(self, state: str, x: float, y: float) -> None:
        """Paint one entry of the legend."""
        fill, stroke = colours(state)
        side, x, y = 13 * self.scale, x * self.scale, y * self.scale
        self.draw.rounded_rectangle((x, y, x + side, y + side), 3 * self.scale, fill, stroke, 1)
        self.draw.text((x + 20 * self.scale, y + side / 2), state, fill=LINE, font=self.font, anchor="lm")
