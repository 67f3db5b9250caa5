"""A graph as a PNG picture, painted with Pillow from the same layout as the SVG."""

from __future__ import annotations

import io
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pyperunner_dag._dag import DAG
from pyperunner_dag._errors import MissingExtraError
from pyperunner_dag._files import write_atomically
from pyperunner_dag._layout import label, layout
from pyperunner_dag._palette import LEGEND_HEIGHT, LINE, TEXT, colours, legend

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw

__all__ = ["draw_png"]

_SCALE = 2.0
_MOST_PIXELS = 40_000_000
_CURVE_STEPS = 16


def draw_png(
    graph: DAG[Any] | Mapping[str, Any], path: str | os.PathLike[str], statuses: Mapping[str, str] | None = None
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
    scale = min(_SCALE, (_MOST_PIXELS / (width * height)) ** 0.5)
    if scale < 0.2:
        raise ValueError(f"a graph of {len(plan['nodes'])} tasks does not fit a PNG picture; use .svg instead")
    image = Image.new("RGB", (round(width * scale), round(height * scale)), "white")
    brush = _Brush(ImageDraw.Draw(image), ImageFont.load_default(13 * scale), scale)
    for edge in plan["edges"]:
        brush.edge(edge["points"])
    for node in plan["nodes"]:
        brush.box(node, states.get(node["name"]))
    for state, x, row, _ in entries:
        brush.sample(state, x, plan["height"] + row * LEGEND_HEIGHT)
    content = io.BytesIO()
    image.save(content, "PNG")
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
        scale = self.scale
        line = [(points[0][0] * scale, points[0][1] * scale)]
        for (x, y), (next_x, next_y) in zip(points, points[1:], strict=False):
            for step in range(1, _CURVE_STEPS + 1):
                t = step / _CURVE_STEPS
                # The cubic Bézier curve of the SVG picture; its control points are level with the middle.
                across = t * t * (3 - 2 * t)
                down = 1.5 * t * (1 - t) + t * t * t if y != next_y else t
                line.append(((x + (next_x - x) * across) * scale, (y + (next_y - y) * down) * scale))
        self.draw.line(line, fill=LINE, width=self.line_width, joint="curve")
        x, y = points[-1][0] * scale, points[-1][1] * scale
        head = [(x - 4.5 * scale, y - 8 * scale), (x, y), (x + 4.5 * scale, y - 8 * scale)]
        self.draw.polygon(head, fill=LINE)

    def box(self, node: Mapping[str, Any], state: str | None) -> None:
        """Paint a node's box and its name."""
        fill, stroke = colours(state)
        x, y, w, h = (node[side] * self.scale for side in "xywh")
        self.draw.rounded_rectangle((x, y, x + w, y + h), 8 * self.scale, fill, stroke, self.line_width)
        self.draw.text((x + w / 2, y + h / 2), label(node["name"]), fill=TEXT, font=self.font, anchor="mm")

    def sample(self, state: str, x: float, y: float) -> None:
        """Paint one entry of the legend."""
        fill, stroke = colours(state)
        side, x, y = 13 * self.scale, x * self.scale, y * self.scale
        self.draw.rounded_rectangle((x, y, x + side, y + side), 3 * self.scale, fill, stroke, 1)
        self.draw.text((x + 20 * self.scale, y + side / 2), state, fill=LINE, font=self.font, anchor="lm")
